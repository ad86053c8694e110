"""The proof of target and forecast: what is forecast at half the labels, beside what came to pass; and how often "reached" is said and false.

When the model really became that good is read off its whole run, over all samples: its error in sixteen parts of equally many labels, as the
nearest curve that never rises (isotonic regression), crosses the target at the begin of a part. The forecast is made at the end of the first half
of the same run. Held: that moment is within its range; "not reachable", or a range without an end, is held where the run did not get there.
"""
import argparse
import csv
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys

from replays import Replays, arguments
from streams import STREAMS, replace_section, table

HEADING = "Target and forecast (`scripts/bench forecast`)"
BUDGETS = {"phishing": 0.1, "weather": 0.05, "electricity": 0.03, "campaign": 0.03}
FIGURES = ("accuracy", "recall")
PARTS, HELD, FALSE, CLOSER, LEVELS = 16, 0.8, 0.05, 0.85, (-0.05, 0, 0.01)
HEAD = ("stream", "figure", "target", "of it", "replays", "labels at half", "said", "held", "one end known", "both", "not reachable")
LAYOUT = "%-12s %-10s %-9s %7s %8s %15s %6s %7s %14s %6s %14s"
HEAD_FALSE = ("stream", "figure", "target", "true", "replays", "said", "false")
LAYOUT_FALSE = "%-12s %-10s %8s %8s %8s %7s %7s"


def errors(part, figure):
    """(errors, of how many) of a part's [samples, wrong, caught, missed, false alarms]."""
    samples, wrong, caught, missed, false = part
    return {"accuracy": (wrong, samples), "recall": (missed, missed + caught), "precision": (false, false + caught)}[figure]


def falling(parts, figure):
    """The error of each part, as the nearest curve that never rises: neighbours that would make it rise are pooled."""
    pools = []
    for part in parts:
        pools.append([*errors(part, figure), 1])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] <= pools[-1][0] * pools[-2][1]:
            wrong, of, n = pools.pop()
            pools[-1] = [pools[-1][0] + wrong, pools[-1][1] + of, pools[-1][2] + n]
    return [wrong / of if of else 0 for wrong, of, n in pools for _ in range(n)]


class Forecasts(Replays):
    def base(self, stream):
        return ("--budget", repr(BUDGETS[stream.name]), "--upfront", "0")

    def positive(self, stream):
        """The class that is looked for, as the plan says it."""
        done = subprocess.run([self.winnowd, "simulate", *self.arguments(stream), "--budget", "0"], stdout=subprocess.PIPE, text=True, check=True)
        return re.search(r"looked for: (.*)", done.stdout).group(1)

    def truth(self, stream, seed, positive):
        """(labels in all, the parts) of the run with that seed."""
        out = pathlib.Path(self.dir.name) / "predictions.csv"
        self.simulate(stream, *self.base(stream), "--seed", str(seed), "--predictions", str(out))
        with out.open(newline="") as rows:
            header, *rows = csv.reader(rows)
        classes, at = header[6:], {name: i for i, name in enumerate(header)}
        total, seen, parts = sum(r[at["asked"]] == "1" for r in rows), 0, [[0] * 5 for _ in range(PARTS)]
        for r in rows:
            part, label = parts[min(PARTS - 1, seen * PARTS // max(total, 1))], r[at["label"]]
            named = classes[max(range(len(classes)), key=lambda i: float(r[6 + i]))]
            is_, said = label == positive, named == positive
            for i, counts in enumerate((True, named != label, is_ and said, is_ and not said, said and not is_)):
                part[i] += counts
            seen += r[at["asked"]] == "1"
        return total, len(rows), parts

    def runs_to(self, stream, figure, level, *words):
        return self.simulate(stream, *self.base(stream), "--seed", "1", "--seeds", str(self.options.replays), "--target", "%s=%.6f" % (figure, level), *words)["winnowd"]


def held(forecast, more, left):
    """more: labels until it came to pass, inf: not in this run, which had so many left."""
    low, high = (math.inf if forecast[end] is None else forecast[end] for end in ("low", "high"))
    if forecast["outcome"] == "not_reachable" or more > left:
        return more > left and high > left
    return low <= more <= high


def forecast_row(bench, stream, figure, kind, error, truths):
    runs = bench.runs_to(stream, figure, 1 - error, "--limit", str(truths[0][1] // 2))
    row = {"stream": stream.name, "figure": figure, "target": kind, "level": 100 * (1 - error), "replays": len(runs), "labels": 0, "said": 0, "held": 0, "end": 0, "both": 0,
           "never": 0}
    for run, (total, _, parts) in zip(runs, truths):
        forecast, now = run["target"]["forecast"][figure], run["asked"]
        row["labels"] += now / len(runs)
        if run["target"]["times"] or forecast["outcome"] == "too_few":
            continue
        at = next((i * total / PARTS for i, e in enumerate(falling(parts, figure)) if e <= error), math.inf)
        row["said"] += 1
        row["held"] += held(forecast, max(0, at - now), total - now)
        low, high = forecast["low"] is None or forecast["low"] > 0, forecast["high"] is not None
        row["never"] += forecast["outcome"] == "not_reachable"
        row["end"] += low or high
        row["both"] += forecast["low"] is not None and high
    return row


def false_row(bench, stream, figure, level, true):
    runs = bench.runs_to(stream, figure, level)
    return {"stream": stream.name, "figure": figure, "level": 100 * level, "true": 100 * true, "replays": len(runs), "reached": sum(r["target"]["times"] > 0 for r in runs),
            "false": sum(r["target"].get("missed", False) for r in runs)}


def words(row):
    return (row["stream"], row["figure"], row["target"], "%.1f" % row["level"], str(row["replays"]), "%.0f" % row["labels"], str(row["said"]),
            "%.0f %%" % (100 * row["held"] / row["said"]) if row["said"] else "", str(row["end"]), str(row["both"]), str(row["never"]))


def words_false(row):
    return (row["stream"], row["figure"], "%.1f" % row["level"], "%.1f" % row["true"], str(row["replays"]), str(row["reached"]), str(row["false"]))


def verdict(rows, false):
    said, times = sum(r["said"] for r in rows), sum(r["replays"] for r in false)
    return sum(r["held"] for r in rows) / max(said, 1), sum(r["false"] for r in false) / max(times, 1), said, times


def section(rows, false):
    share, wrong, said, times = verdict(rows, false)
    ends, misses = sum(r["end"] for r in rows), sum(r["said"] - r["held"] for r in rows)
    prose = __doc__.split("\n\n", 1)[1].strip().replace("\n", " ")
    budgets = ", ".join("%s %g %%" % (name, 100 * budget) for name, budget in BUDGETS.items())
    lines = [prose + " Target: later, the error that the runs have at three quarters of the labels; beyond, %g of the least that they come to. Budgets: %s." % (CLOSER, budgets), "",
             table(HEAD, [words(r) for r in rows]), "",
             "%.1f %% of %d forecasts held. Must: 80 %%. A range that knows neither end holds anything (\"the answers do not tell yet\"): %d know one, and %.0f %% of these held."
             % (100 * share, said, ends, 100 * (ends - misses) / max(ends, 1)), "",
             "False: at one of the times that the target was surely reached it was not true of the samples that the figure of now is of. Targets: five points below what is true"
             " of the second half of the runs, where the bands of `watch.window: 300` begin to know it; that itself, where the temptation is greatest; and a point above.", "",
             table(HEAD_FALSE, [words_false(r) for r in false]), "",
             "%.1f %% of %d runs. Must: at most 5 %%." % (100 * wrong, times)]
    return "\n".join(lines)


def measure(bench, stream, rows, false):
    positive = bench.positive(stream)
    truths = [bench.truth(stream, seed + 1, positive) for seed in range(bench.options.replays)]
    for figure in FIGURES:
        mean = [statistics.mean(curve[i] for curve in (falling(t[2], figure) for t in truths)) for i in range(PARTS)]
        second = [[sum(p[i] for t in truths for p in t[2][PARTS // 2:]) for i in range(5)]]
        wrong, of = errors(second[0], figure)
        for kind, error in (("later", mean[PARTS * 3 // 4]), ("beyond", CLOSER * mean[-1])):
            rows.append(forecast_row(bench, stream, figure, kind, error, truths))
            print(LAYOUT % words(rows[-1]), flush=True)
        for more in LEVELS:
            false.append(false_row(bench, stream, figure, min(0.999, 1 - wrong / of + more), 1 - wrong / of))


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench forecast", description=__doc__)
    arguments(parser)
    parser.set_defaults(replays=20)
    options = parser.parse_args()
    wanted = options.streams.split(",") if options.streams else list(BUDGETS)
    bench, rows, false = Forecasts(options), [], []
    print(LAYOUT % HEAD)
    for stream in (s for s in STREAMS if s.name in wanted and s.name in BUDGETS):
        measure(bench, stream, rows, false)
    print("\n" + LAYOUT_FALSE % HEAD_FALSE)
    for row in false:
        print(LAYOUT_FALSE % words_false(row))
    share, wrong, said, times = verdict(rows, false)
    print("\n%.1f %% of %d forecasts held; false \"reached\" in %.1f %% of %d runs" % (100 * share, said, 100 * wrong, times))
    if options.write:
        replace_section(HEADING, section(rows, false))
    if options.json:
        print(json.dumps({"forecast": rows, "reached": false}))
    return 1 if share < HELD or wrong > FALSE else 0


if __name__ == "__main__":
    sys.exit(main())

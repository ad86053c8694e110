"""Do the probabilities mean something? Log loss over each stream, beside that of the running prevalence and of the same learner on labels drawn at
random, with labels at once and 500 samples late; and by how much probabilities miss the shares, in ten bins of the positive class's.
"""
import argparse
import csv
import json
import math
import pathlib
import random
import statistics
import sys

from streams import BUDGETS, Bench, Stream, add_arguments, chosen, replace_section, table

HEADING = "What probabilities mean (`scripts/bench calibration`)"
DELAYS, FEWEST, NEAR = (0, 500), 100, 1.02
HEAD = ("stream", "budget", "delay", "labels", "log loss", "prevalence's", "random's", "of random's", "calibration error", "must")
DRIFTING = Stream("drifting", "class")


class Streams(Bench):
    """Beside the public streams one whose prevalence goes up and down three times, from 2 to 22 %, and nothing else changes."""

    def file(self, stream):
        if stream is not DRIFTING:
            return super().file(stream)
        out, draw, n = pathlib.Path(self.dir.name) / "drifting.csv", random.Random(5), 45000
        if not out.exists():
            with out.open("w", newline="") as to:
                rows = csv.writer(to)
                rows.writerow([*"abcdef", "class"])
                for i in range(n):
                    yes = draw.random() < 0.117 + 0.1 * math.sin(2 * math.pi * i / n * 3)
                    rows.writerow(["%.4f" % draw.gauss(0.6 * (yes and c < 4), 1) for c in range(6)] + ["yes" if yes else "no"])
        return out


def mean(runs, figure):
    return statistics.mean(r[figure] for r in runs)


def cell(bench, stream, budget, delay, options):
    runs = bench.simulate(stream, "--budget", str(budget), "--delay", str(delay), "--seeds", str(options.seeds), "--against", "random")
    ours = runs["winnowd"]
    row = {"stream": stream.name, "budget": budget, "delay": delay, "labels": round(mean(ours, "asked")), "log_loss": mean(ours, "log_loss"),
           "prevalence": mean(ours, "prevalence_log_loss"), "random": mean(runs["random"], "log_loss"), "error": mean(ours, "calibration_error")}
    row["ratio"] = row["log_loss"] / row["random"]
    worse = [name for name, is_worse in (("prevalence", row["log_loss"] > row["prevalence"]), ("random", row["ratio"] > NEAR)) if is_worse]
    row["verdict"] = "few labels" if row["labels"] < FEWEST else "worse than " + " and ".join(worse) if worse else "yes"
    return row


def words(row):
    return (row["stream"], "%g %%" % (100 * row["budget"]), str(row["delay"]), str(row["labels"]), "%.4f" % row["log_loss"], "%.4f" % row["prevalence"],
            "%.4f" % row["random"], "%.2f" % row["ratio"], "%.4f" % row["error"], row["verdict"])


def summary(rows):
    many = [r for r in rows if r["labels"] >= FEWEST]
    return "%d cells with %d labels or more: %d no worse than the running prevalence, %d no worse than %g times random labels." % (
        len(many), FEWEST, sum(r["log_loss"] <= r["prevalence"] for r in many), sum(r["ratio"] <= NEAR for r in many), NEAR)


def section(rows, options):
    return "\n".join(["Log loss over all samples, each predicted before its label may be asked; prevalence's: of saying how often each class has occurred so far,"
                      " all labels known; random's: of the same learner on labels drawn at random. Calibration error: ten bins of the positive class's probability."
                      " Mean of %d seeds. drifting: a prevalence that goes from 2 to 22 %% and back three times." % options.seeds, "",
                      table(HEAD, [words(r) for r in rows]), "", summary(rows)])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench calibration", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    options = parser.parse_args()
    bench, rows = Streams(options), []
    layout = "%-12s %6s %5s %6s %9s %12s %9s %11s %17s  %s"
    print(layout % HEAD)
    for stream in chosen(options) + ([] if options.streams else [DRIFTING]):
        for delay in DELAYS:
            for budget in BUDGETS:
                rows.append(cell(bench, stream, budget, delay, options))
                print(layout % words(rows[-1]), flush=True)
    print(summary(rows))
    if options.write:
        replace_section(HEADING, section(rows, options))
    if options.json:
        print(json.dumps({"calibration": rows}))


sys.exit(main())

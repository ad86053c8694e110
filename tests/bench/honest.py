"""Honest loss: where is random sampling with the same learner surely better?

Six streams, budgets of 1, 5 and 10 %, labels that come back at once, after 500 and after 5,000 samples; seeds are paired. A cell is lost when
the 95 % interval (Student's t) of winnowd minus random lies wholly below -1 point.
"""
import argparse
import json
import math
import statistics
import sys

from streams import BUDGETS, Bench, add_arguments, chosen, replace_section, t_quantile, table

HEADING = "Honest loss (`scripts/bench honest`)"
NAMES, DELAYS, TOLERATED = ["electricity", "weather", "sea", "phishing", "campaign", "digits"], (0, 500, 5000), -1


def cell(bench, stream, budget, delay, seeds):
    runs = bench.simulate(stream, "--budget", str(budget), "--delay", str(delay), "--seeds", str(seeds), "--against", "random")
    difference = [100 * (a[stream.metric] - b[stream.metric]) for a, b in zip(runs["winnowd"], runs["random"])]
    mean, half = statistics.mean(difference), t_quantile(seeds - 1) * statistics.stdev(difference) / math.sqrt(seeds)
    return {"stream": stream.name, "metric": stream.metric, "budget": budget, "delay": delay, "difference": mean, "low": mean - half, "high": mean + half,
            "lost": mean + half < TOLERATED}


HEAD = ("stream", "budget", "delay", "minus random", "95 % interval", "")


def words(row):
    verdict = "lost" if row["lost"] else "better" if row["low"] > 0 else "worse" if row["high"] < 0 else ""
    return (row["stream"] + (" (AP)" if row["metric"] == "average_precision" else ""), "%g %%" % (100 * row["budget"]), str(row["delay"]), "%+.1f" % row["difference"],
            "%+.1f to %+.1f" % (row["low"], row["high"]), verdict)


def summary(rows):
    return "%d cells: better than random sampling in %d, lost in %d." % (len(rows), sum(r["low"] > 0 for r in rows), sum(r["lost"] for r in rows))


def section(rows, options):
    lines = ["winnowd minus random sampling with the same learner and the same seed: points of kappa × 100 (AP: average precision × 100), %d paired seeds. Lost: the whole"
             " 95 %% interval lies below −1 point." % options.seeds, ""]
    return "\n".join(lines + [table(HEAD, [words(r) for r in rows])] + ["", summary(rows)])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench honest", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    options = parser.parse_args()
    bench, rows = Bench(options), []
    layout = "%-15s %6s %6s  %12s  %-16s %s"
    print(layout % HEAD)
    for stream in chosen(options, NAMES):
        for budget in BUDGETS:
            for delay in DELAYS:
                rows.append(cell(bench, stream, budget, delay, options.seeds))
                print(layout % words(rows[-1]), flush=True)
    print(summary(rows))
    if options.write:
        replace_section(HEADING, section(rows, options))
    if options.json:
        print(json.dumps({"honest": rows}))
    return 1 if any(r["lost"] for r in rows) else 0


sys.exit(main())

"""The proof of the estimate: how often its 95 % interval holds the truth, and how wrong the plain share of right answers is.

Replays with a seed each; the truth is the accuracy over all samples, which only a backtest knows.
"""
import argparse
import json
import math
import statistics
import sys

from streams import Bench, add_arguments, chosen, replace_section

HEADING = "The estimate (`scripts/bench coverage`)"
NAMES, PROMISED = ["electricity", "weather", "phishing"], 0.91


def cell(bench, stream, options):
    runs = bench.simulate(stream, "--budget", str(options.budget), "--seeds", str(options.replays))["winnowd"]
    truth = [r["accuracy"] for r in runs]
    estimates = [r["estimate"] for r in runs]

    def rmse(values):
        return 100 * math.sqrt(statistics.mean((v - t) ** 2 for v, t in zip(values, truth)))

    return {"stream": stream.name, "replays": len(runs), "coverage": statistics.mean(e["low"] <= t <= e["high"] for e, t in zip(estimates, truth)),
            "width": 100 * statistics.mean(e["high"] - e["low"] for e in estimates),
            "bias": 100 * statistics.mean(e["accuracy"] - t for e, t in zip(estimates, truth)), "error": rmse([e["accuracy"] for e in estimates]),
            "naive_bias": 100 * statistics.mean(r["naive_accuracy"] - r["accuracy"] for r in runs), "naive_error": rmse([r["naive_accuracy"] for r in runs])}


HEAD = ("stream", "replays", "covered", "width", "bias", "rms error", "naive bias", "naive rms error")


def words(row):
    return (row["stream"], str(row["replays"]), "%.1f %%" % (100 * row["coverage"]), "%.1f" % row["width"], "%+.2f" % row["bias"], "%.2f" % row["error"],
            "%+.2f" % row["naive_bias"], "%.2f" % row["naive_error"])


def section(rows, options):
    lines = ["The share of replays whose 95 %% interval of the unbiased accuracy holds the true accuracy, at a budget of %g %%; width, bias and error in points of accuracy."
             " Naive: the plain share of right predictions among the asked." % (100 * options.budget), "", "| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    return "\n".join(lines + ["| " + " | ".join(words(r)) + " |" for r in rows])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench coverage", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--budget", type=float, default=0.02)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    options = parser.parse_args()
    bench, rows = Bench(options), []
    layout = "%-12s %7s %8s %6s %6s %9s %10s %15s"
    print(layout % HEAD)
    for stream in chosen(options, NAMES):
        rows.append(cell(bench, stream, options))
        print(layout % words(rows[-1]), flush=True)
    if options.write:
        replace_section(HEADING, section(rows, options))
    if options.json:
        print(json.dumps({"coverage": rows}))
    return 1 if any(r["coverage"] < PROMISED for r in rows) else 0


sys.exit(main())

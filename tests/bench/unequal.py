"""The random arm is answered less often than the other: does that bend a figure?

Six of ten requests of the random arm are answered, of the strategy arm all. Bias: what a figure says of all samples less what is true, the mean
over the replays, with its standard error, in points. Beside it the plain ratio's from the same answers.
"""
import argparse
import math
import statistics
import sys

from replays import FIGURES, PROMISED, arguments, judged, number
from streams import table

HEADING = "Arms that are answered unequally (`scripts/bench unequal`)"
UNANSWERED, MOST, NOMINAL = 0.4, 2.0, 0.91
HEAD = ("stream", "figure", "replays", "truth", "bias", "error", "covered", "plain bias")
LAYOUT = "%-14s %-22s %7s %6s %6s %6s %8s %10s"


def rows_of(stream, runs):
    for figure in FIGURES:
        known = [(number(r["estimates"][figure]["value"]), number(r["plain"][figure]["value"]), number(r["truth"][figure]), r["estimates"][figure]) for r in runs]
        known = [k for k in known if not math.isnan(k[0] + k[2])]
        bias = [100 * (value - truth) for value, _, truth, _ in known]
        yield {"stream": stream, "figure": figure, "replays": len(known), "truth": 100 * statistics.mean(k[2] for k in known), "bias": statistics.mean(bias),
               "error": statistics.stdev(bias) / math.sqrt(len(bias)), "covered": statistics.mean(e["low"] - 1e-9 <= t <= e["high"] + 1e-9 for _, _, t, e in known),
               "plain": statistics.mean(100 * (p - t) for _, p, t, _ in known if not math.isnan(p))}


def broken(row):
    """A bias that is surely more than what is allowed."""
    if row["figure"] in ("accuracy", "prevalence", "recall") and abs(row["bias"]) > MOST:
        return "bent by more than %g points" % MOST
    return "covers less than %g %%" % (100 * NOMINAL) if row["figure"] in PROMISED and row["covered"] < NOMINAL else None


def words(row):
    return (row["stream"], row["figure"], str(row["replays"]), "%.2f" % row["truth"], "%+.2f" % row["bias"], "%.2f" % row["error"], "%.1f %%" % (100 * row["covered"]),
            "%+.2f" % row["plain"])


def section(rows):
    lines = [__doc__.split("\n\n", 1)[1].strip().replace("\n", " ") + " 5 % of the labels. Must: bias of accuracy, prevalence and recall at most 2 points.", ""]
    return "\n".join(lines) + "\n" + table(HEAD, [words(r) for r in rows])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench unequal", description=__doc__)
    arguments(parser)
    options = parser.parse_args()
    options.streams = options.streams or "phishing,weather,electricity,campaign"
    options.extra += " --unanswered %g" % UNANSWERED
    return judged(options, "unequal", LAYOUT, HEAD, rows_of, broken, words, (HEADING, section))


if __name__ == "__main__":
    sys.exit(main())

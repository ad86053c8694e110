"""People are wrong, too: how often the interval of a figure holds the truth when 5, 10 and 20 % of the answers are wrong, as seen and against the truth.

As seen: `estimates`, which believe the annotators. Against the truth: `corrected`, by the agreement of two blind readers on a share of the random arm.
"""
import argparse
import json
import statistics
import sys

from replays import Replays, arguments, cells, number
from streams import replace_section, table

HEADING = "People are wrong, too (`scripts/bench people`)"
NOISE, DOUBLE, NOMINAL = (0.05, 0.1, 0.2), 0.2, 0.91
FIGURES = ("accuracy", "prevalence", "precision", "recall")
HEAD = ("stream", "wrong", "figure", "replays", "pairs", "truth", "seen", "seen covered", "corrected", "corrected covered", "width")
LAYOUT = "%-12s %6s %-11s %7s %6s %6s %6s %12s %9s %17s %6s"


def holds(said, truth):
    return number(said["low"]) - 1e-6 <= truth <= number(said["high"]) + 1e-6


def rows_of(stream, noise, runs):
    for figure in FIGURES:
        known = [(r["truth"][figure], r["estimates"][figure], r["corrected"][figure], r["readers"]["pairs"]) for r in runs
                 if figure in r["corrected"] and r["truth"][figure] is not None]
        if not known:
            continue
        yield {"stream": stream, "noise": noise, "figure": figure, "replays": len(known), "pairs": statistics.mean(k[3] for k in known),
               "truth": 100 * statistics.mean(k[0] for k in known), "seen": 100 * statistics.mean(k[1]["value"] for k in known),
               "seen_covered": statistics.mean(holds(k[1], k[0]) for k in known), "corrected": 100 * statistics.mean(k[2]["value"] for k in known),
               "covered": statistics.mean(holds(k[2], k[0]) for k in known), "width": 100 * statistics.mean(k[2]["high"] - k[2]["low"] for k in known)}


def broken(row):
    return "covers less than %g %%" % (100 * NOMINAL) if row["figure"] in ("accuracy", "recall") and row["covered"] < NOMINAL else ""


def words(row):
    return (row["stream"], "%g %%" % (100 * row["noise"]), row["figure"], str(row["replays"]), "%.0f" % row["pairs"], "%.1f" % row["truth"], "%.1f" % row["seen"],
            "%.0f %%" % (100 * row["seen_covered"]), "%.1f" % row["corrected"], "%.0f %%" % (100 * row["covered"]), "%.1f" % row["width"])


def section(rows):
    lines = [__doc__.split("\n\n", 1)[1].strip().replace("\n", " ") + " 5 %% of the labels; %g %% of the random arm's requests go to a second reader, of the same budget; every reader errs"
             " as often, and every class is as likely the wrong one. Means over the replays, in points. Must: the corrected intervals of accuracy and recall cover 91 of 100." % (100 * DOUBLE), ""]
    return "\n".join(lines) + "\n" + table(HEAD, [words(r) for r in rows])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench people", description=__doc__)
    arguments(parser)
    options = parser.parse_args()
    options.streams = options.streams or "phishing,weather,electricity,campaign"
    keep, extra, rows, faults = options.keep, options.extra, [], 0
    print(LAYOUT % HEAD)
    for noise in NOISE:
        options.extra, options.keep = "%s --noise %g --double %g" % (extra, noise, DOUBLE), keep and "%s/%g" % (keep, noise)
        bench = Replays(options)
        for stream, budget in cells(options):
            for row in rows_of(stream.name, noise, bench.runs(stream, budget)):
                rows.append(row)
                faults += bool(broken(row))
                print(LAYOUT % words(row), " " + broken(row), flush=True)
    if options.write:
        replace_section(HEADING, section(rows))
    if options.json:
        print(json.dumps({"people": rows}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

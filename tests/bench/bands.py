"""The proof of the bands: looked at after every answer, in how many replays has the truth so far ever been outside.

For comparison, in how many the interval of one look misses at its one look is in `scripts/bench coverage`.
"""
import argparse
import json
import statistics
import sys

from replays import FIGURES, Replays, arguments, cells
from streams import replace_section, table

HEADING = "The bands (`scripts/bench bands`)"
MOST = 0.05
HEAD = ("stream", "replays", "looks each") + FIGURES


def row_of(stream, runs):
    row = {"stream": stream, "replays": len(runs), "looks": statistics.mean(r["looks"] for r in runs)}
    return {**row, **{f: statistics.mean(f in r["bands_missed"] for r in runs) for f in FIGURES}}


def words(row):
    return (row["stream"], str(row["replays"]), "%.0f" % row["looks"]) + tuple("%.1f %%" % (100 * row[f]) for f in FIGURES)


def section(rows):
    lines = ["The share of replays in which the truth so far was ever outside the band, looked at after every answer. A band of 95 % may miss in 5 %. Streams and budgets as above.",
             ""]
    return "\n".join(lines + [table(HEAD, [words(r) for r in rows])])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench bands", description=__doc__)
    arguments(parser)
    options = parser.parse_args()
    bench, rows, runs = Replays(options), [], []
    layout = "%-14s %7s %10s" + " %22s" * len(FIGURES)
    print(layout % HEAD)
    for stream, budget in cells(options):
        more = bench.runs(stream, budget)
        rows.append(row_of(stream.name, more))
        runs += more
        print(layout % words(rows[-1]), flush=True)
    rows.append(row_of("all", runs))
    print(layout % words(rows[-1]))
    if options.write:
        replace_section(HEADING, section(rows))
    if options.json:
        print(json.dumps({"bands": rows}))
    return 1 if any(rows[-1][f] > MOST for f in FIGURES) else 0


if __name__ == "__main__":
    sys.exit(main())

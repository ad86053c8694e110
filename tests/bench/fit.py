"""A fit of all default members: CPU time on one core, by labels, columns and classes.

Rows around a centre a class, with codes, missing numbers and skewed columns (`tests/bench/fit.c`); each fit from nothing.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

import streams

HEADING = "Fits (`scripts/bench fit`)"
MUST = {(5000, 30, 2): 100, (5000, 384, 2): 1000, (5000, 30, 100): 1000}  # milliseconds
SHAPES = ((500, 30, 2), *MUST, (5000, 100, 2), (5000, 160, 2), (5000, 30, 10), (5000, 30, 1000))
HEAD = ("labels", "columns", "classes", "ms a fit", "least", "most", "must")


def measure(shape, rounds):
    program = pathlib.Path(os.environ["WINNOWD"]).parent / "tests" / "bench" / "bench-fit"
    words = [str(n) for n in (*shape, rounds)]
    done = subprocess.run([str(program), *words], stdout=subprocess.PIPE, check=True, text=True)
    ms = [float(line) for line in done.stdout.split()]
    return {"shape": shape, "ms": statistics.median(ms), "least": min(ms), "most": max(ms), "must": MUST.get(shape)}


def kept(row):
    return row["must"] is None or row["ms"] <= row["must"]


def words_of(row):
    must = "" if row["must"] is None else "%d" % row["must"] + ("" if kept(row) else " (above)")
    return (*map(str, row["shape"]), *("%.0f" % row[k] for k in ("ms", "least", "most")), must)


def section(rows, options):
    text = "A fit of all default members on one core, from nothing, %d rounds, median (`tests/bench/fit.c` says of what)." % options.rounds
    return "\n".join([text, "", streams.table(HEAD, [words_of(r) for r in rows])])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench fit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    options = parser.parse_args()
    rows, layout = [], "%6s %8s %8s %9s %7s %7s %14s"
    print(layout % HEAD)
    for shape in SHAPES:
        rows.append(measure(shape, options.rounds))
        print(layout % words_of(rows[-1]), flush=True)
    if options.write:
        streams.replace_section(HEADING, section(rows, options))
    if options.json:
        print(json.dumps({"fit_ms": rows}))
    return 0 if all(map(kept, rows)) else 1


sys.exit(main())

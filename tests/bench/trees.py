"""A row scored by trees: CPU time on one core, and instructions under callgrind.

The trees are full and random, so every row takes the whole way in each of them: `model_predict` of a pushed model, standardisation and softmax
included, on 4,096 different rows. --check BENCH-TREES: only whether the first takes as many instructions as is stated here; exit 77
without valgrind.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import streams

HEADING = "Trees (`scripts/bench trees`)"
SHAPES = ((200, 6, 30), (200, 6, 300), (100, 4, 30), (1000, 6, 30), (200, 10, 30))
MUST_US = 8  # of the first
CEILING, TOLERANCE = 22150, 0.10  # instructions of the first, the same whatever else the machine does
HEAD = ("trees", "depth", "columns", "µs a row", "least", "most", "instructions")


def program():
    return str(pathlib.Path(os.environ["WINNOWD"]).parent / "tests" / "bench" / "bench-trees")


def instructions(words, binary=None):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=counted", binary or program(), *words, "0"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, text=True)
    return int(done.stderr.split("Collected :")[1].split()[0]) / int(done.stdout)


def measure(shape, options):
    words = [str(n) for n in shape]
    done = subprocess.run([program(), *words, str(options.rounds)], stdout=subprocess.PIPE, check=True, text=True)
    us = [float(line) / 1000 for line in done.stdout.split()]
    return {"shape": shape, "us": statistics.median(us), "least": min(us), "most": max(us),
            "instructions": instructions(words) if options.instructions else None}


def words_of(row):
    return (*map(str, row["shape"]), *("%.2f" % row[k] for k in ("us", "least", "most")),
            "" if row["instructions"] is None else "%.0f" % row["instructions"])


def summary(rows):
    return "`trees_us`, 200 trees of depth 6, must %d µs: %.2f µs (%s)." % (
        MUST_US, rows[0]["us"], "must" if rows[0]["us"] <= MUST_US else "above")


def section(rows, options):
    text = ["A row scored by trees, CPU time on one core, %d rounds, median (`tests/bench/trees.py` says of what)." % options.rounds, ""]
    return "\n".join(text + [streams.table(HEAD, [words_of(r) for r in rows])] + ["", summary(rows)])


def check(binary):
    if not shutil.which("valgrind"):
        print("valgrind is not installed")
        return 77
    counted = instructions([str(n) for n in SHAPES[0]], binary)
    print("%.0f instructions a row; stated are %d" % (counted, CEILING))
    return 0 if abs(counted / CEILING - 1) <= TOLERANCE else 1


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench trees", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--no-instructions", dest="instructions", action="store_false", help="leave callgrind out")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    parser.add_argument("--check", metavar="BENCH-TREES", help="the ceiling in instructions")
    options = parser.parse_args()
    if options.check:
        return check(options.check)
    rows, layout = [], "%6s %6s %8s %9s %7s %7s %13s"
    print(layout % HEAD)
    for shape in SHAPES:
        rows.append(measure(shape, options))
        print(layout % words_of(rows[-1]), flush=True)
    print(summary(rows))
    if options.write:
        streams.replace_section(HEADING, section(rows, options))
    if options.json:
        print(json.dumps({"trees_us": rows[0]["us"], "trees": rows}))
    return 0 if rows[0]["us"] <= MUST_US else 1


sys.exit(main())

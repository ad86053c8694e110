"""The alarm that labels have turned (query.alarm): what it is worth where they are inverted half way, and what it costs where nothing turns.

Phishing with its labels inverted behind the first half: accuracy of the windows of 574 samples around that, with the alarm and without. Where nothing
turns: the same seeds with and without it, paired; and how many alarms came, of how many answers of the random arm.
"""
import argparse
import csv
import gzip
import json
import math
import pathlib
import statistics
import subprocess
import sys

from streams import STREAMS, Bench, add_arguments, replace_section, table

HEADING = "Labels that turn (`scripts/bench alarm`)"
WINDOW, WINDOWS, SEEDS = 574, 5, 8
LEAST = (0.16, 0.65, 0.85)  # what the first windows must be
LOSS = 0.3  # that a cell may lose
CELLS = (("electricity", (0.01, 0.05, 0.1)), ("weather", (0.01, 0.05, 0.1)), ("phishing", (0.01, 0.05, 0.1)), ("sea", (0.01, 0.05, 0.1)),
         ("outdoor", (0.01, 0.05, 0.1)))
HEAD = ("stream", "budget", "kappa without", "difference", "draws", "alarms")


def inverted(source, target):
    """The stream, and behind which row its labels are inverted."""
    with gzip.open(source, "rt", newline="") as rows, target.open("w", newline="") as out:
        reader, writer = csv.reader(rows), csv.writer(out)
        head, rows = next(reader), list(reader)
        at = head.index("target")
        other = dict(zip(sorted({r[at] for r in rows}), sorted({r[at] for r in rows}, reverse=True)))
        writer.writerow(head)
        for n, r in enumerate(rows):
            writer.writerow(r[:at] + [other[r[at]]] + r[at + 1:] if n >= len(rows) // 2 else r)
    return len(rows) // 2


def windows(bench, file, half, seed, alarm):
    """Accuracy of the window before and of those behind the inversion, and where the alarm came."""
    out = file.with_suffix(".predictions")
    done = subprocess.run([bench.winnowd, "simulate", "--data", str(file), "--label", "target", "--budget", "0.05", "--seed", str(seed), "--alarm", str(alarm),
                           "--predictions", str(out), "--json"], check=True, stdout=subprocess.PIPE, text=True)
    with out.open(newline="") as rows:
        reader = csv.reader(rows)
        classes = next(reader)[6:]
        right = [classes[max(range(len(classes)), key=lambda c, r=r: float(r[6 + c]))] == r[2] for r in reader]
    turns = json.loads(done.stdout.splitlines()[0])["turns"]
    return ([statistics.mean(right[half + WINDOW * w:half + WINDOW * (w + 1)]) for w in range(-1, WINDOWS)],
            [t["sample"] - half for t in turns])


def after_a_turn(bench, options, alarm):
    file = pathlib.Path(bench.dir.name) / "inverted.csv"
    half = inverted(options.data / "phishing.csv.gz", file)
    runs = [windows(bench, file, half, seed, alarm) for seed in range(1, options.seeds + 1)]
    return {"alarm": alarm, "windows": [statistics.mean(r[0][w] for r in runs) for w in range(WINDOWS + 1)], "alarms": [r[1] for r in runs]}


def cell(bench, stream, budget, options):
    words = ("--budget", str(budget), "--seeds", str(options.seeds))
    with_, without = bench.simulate(stream, *words)["winnowd"], bench.simulate(stream, *words, "--alarm", "0")["winnowd"]
    differences = [100 * (a["kappa"] - b["kappa"]) for a, b in zip(with_, without)]
    return {"stream": stream.name, "budget": budget, "without": 100 * statistics.mean(r["kappa"] for r in without), "difference": statistics.mean(differences),
            "error": statistics.stdev(differences) / math.sqrt(len(differences)), "draws": sum(r["asked_random"] for r in with_),
            "alarms": sum(r["alarms"] for r in with_)}


def words(row):
    return (row["stream"], "%g %%" % (100 * row["budget"]), "%.1f" % row["without"], "%+.2f ± %.2f" % (row["difference"], row["error"]), "%d" % row["draws"],
            "%d" % row["alarms"])


def turn_words(row):
    return ("without" if row["alarm"] == 0 else "with",) + tuple("%.2f" % w for w in row["windows"])


def section(turned, rows, options):
    late = sorted(n for run in turned[1]["alarms"] for n in run[:1])
    return "\n".join([
        "Phishing at 5 %%, its labels inverted half way: accuracy of windows of %d samples, mean of %d seeds. The alarm came in %d of them, %d to %d samples behind the"
        " inversion, in the median %d." % (WINDOW, options.seeds, len(late), late[0], late[-1], statistics.median(late)), "",
        table(("alarm", "before") + tuple("window %d" % (w + 1) for w in range(WINDOWS)), [turn_words(r) for r in turned]), "",
        "Where nothing turns: kappa × 100, the same seeds with the alarm less without it, mean ± standard error; answers of the random arm of all seeds, and alarms"
        " among them. The file sea.csv.gz holds no change: x + y ≤ 9 from its first row to its last.", "",
        table(HEAD, [words(r) for r in rows])])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench alarm", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="into docs/BENCHMARKS.md")
    options = parser.parse_args()
    bench, rows = Bench(options), []
    turned = [after_a_turn(bench, options, alarm) for alarm in (0, 1000000)]
    for row in turned:
        print("%-8s" % turn_words(row)[0], *turn_words(row)[1:], flush=True)
    layout = "%-12s %7s %14s %16s %7s %7s"
    print(layout % HEAD)
    wanted = options.streams.split(",") if options.streams else [name for name, _ in CELLS]
    for name, budgets in CELLS:
        stream = next(s for s in STREAMS if s.name == name)
        for budget in budgets if name in wanted else ():
            rows.append(cell(bench, stream, budget, options))
            print(layout % words(rows[-1]), flush=True)
    if options.write:
        replace_section(HEADING, section(turned, rows, options))
    if options.json:
        print(json.dumps({"turned": turned, "cells": rows}))
    good = all(a >= b for a, b in zip(turned[1]["windows"][1:], LEAST)) and all(r["difference"] >= -LOSS for r in rows)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

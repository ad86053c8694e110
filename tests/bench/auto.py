"""Certificates over streams of which all is known: a model that is surer than it should be, 600 lives, each looked at after every answer. In how many was a
threshold ever granted whose true error is above what it promises; how much the model answers by itself after 3,000 answers of the random arm, beside what
the best threshold could have; and after how many answers a planted drift ends it.

Drift: behind the 3,000th answer every sample is wrong with at least the probability that stands there.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import os

from streams import replace_section, table

HEADING = "Certificates (`scripts/bench auto`)"
RUNS, ANSWERS, CONFIDENCE, REVOKED, COVERAGE = 600, 3000, 0.05, 200, 0.3
# Name, error, deviation of the log-odds, probability of being wrong in the drift, whether propensities are unequal.
WORLDS = (("5 %", 0.05, 2.514, 0.5, 0), ("5 %, unequal propensities", 0.05, 2.514, 0.5, 1),
          ("2 %", 0.02, 4, 0.5, 0), ("2 %, unequal propensities", 0.02, 4, 0.5, 1))
HEAD = ("error promised", "lives", "ever broken", "of itself after 1,000", "2,000", "3,000", "best", "first grant, median", "ended without cause",
        "drift ends it, median", "95 %", "within %d" % REVOKED)


def row_of(binary, runs, name, error, spread, drift, unequal):
    words = [binary, runs, ANSWERS, error, CONFIDENCE, spread, drift, unequal]
    told = subprocess.run([str(w) for w in words], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    lives = [[float(n) for n in line.split()] for line in told[1:]]
    behind = sorted(life[7] for life in lives if life[6])
    granted = [life[4] for life in lives if life[4]]
    return {"name": name, "runs": len(lives), "error": error, "broken": statistics.mean(life[3] > error for life in lives),
            "coverage": [statistics.mean(life[i] for life in lives) for i in range(3)], "best": float(told[0].split()[0]),
            "first": statistics.median(granted), "ended": sum(life[5] for life in lives), "drift": statistics.median(behind),
            "drift_late": behind[int(0.95 * len(behind))], "within": statistics.mean(d <= REVOKED for d in behind)}


def words(row):
    return ((row["name"], str(row["runs"]), "%.1f %%" % (100 * row["broken"])) + tuple("%.2f" % c for c in row["coverage"])
            + ("%.2f" % row["best"], "%.0f" % row["first"], "%d" % row["ended"], "%.0f" % row["drift"], "%.0f" % row["drift_late"], "%.1f %%" % (100 * row["within"])))


def section(rows):
    lines = ["A class whose log-odds are normal, and a model that says twice the log-odds: %d lives of %d answers of the random arm, the certificate looked at after each. Broken: the"
             % (rows[0]["runs"], ANSWERS),
             "true error at a threshold that was ever granted is above what was promised; %g %% may be. Of itself: the share of the samples that the model answers. Best: what the" % (100 * CONFIDENCE),
             "best threshold could have, had all been known. Drift: behind the last answer half of all samples are wrong; answers, of the whole class, until the certificate ends. Unequal",
             "propensities halve where the model says that it is sure, so fewer answers speak of what is certified.", ""]
    return "\n".join(lines + [table(HEAD, [words(r) for r in rows])])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench auto", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="lives (%(default)s)")
    parser.add_argument("--write", action="store_true", help="into docs/BENCHMARKS.md")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    options = parser.parse_args()
    binary = pathlib.Path(os.environ["WINNOWD"]).parent / "tests" / "bench" / "bench-certificate"
    layout, rows = "%-26s %6s %12s %22s %6s %6s %6s %20s %20s %22s %6s %11s", []
    print(layout % HEAD)
    for world in WORLDS:
        rows.append(row_of(binary, options.runs, *world))
        print(layout % words(rows[-1]), flush=True)
    if options.write:
        replace_section(HEADING, section(rows))
    if options.json:
        print(json.dumps({"auto": rows}))
    good = all(r["broken"] <= CONFIDENCE for r in rows) and rows[0]["coverage"][2] >= COVERAGE and all(r["within"] >= 0.9 for r in rows)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

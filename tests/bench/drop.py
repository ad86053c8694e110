"""A drop planted in the middle: is it seen in *now* after 300 answers of the random arm?

From the middle on the label of a sample is another one so often that a model of the accuracy so far loses 10 points. 300 draws later, which is
what `watch.window` holds, the interval of *now* should lie wholly below the accuracy that was true until the middle. Beside it the band,
which may be looked at after every answer.
"""
import argparse
import csv
import gzip
import json
import pathlib
import random
import statistics
import sys

from replays import Replays, arguments, number
from streams import STREAMS, Stream, replace_section, table

HEADING = "A planted drop (`scripts/bench drop`)"
STREAMS_OF_IT, DRAWS, SHARE, POINTS, SEEN = ("phishing", "weather", "electricity", "campaign"), 300, 0.2, 0.10, 0.9
HEAD = ("stream", "replays", "samples a draw", "true before", "true after", "now says", "interval sees it", "band sees it", "interval holds the truth")


class Turned(Stream):
    """Labels of the second half turned with that probability, each into another class."""

    def __init__(self, whole, middle, turn):
        super().__init__(whole.name, whole.label, drop=whole.drop)
        self.middle, self.turn = middle, turn


class Drops(Replays):
    def file(self, stream):
        if not isinstance(stream, Turned):
            return super().file(stream)
        out, draw = pathlib.Path(self.dir.name) / ("turned-%s.csv" % stream.name), random.Random(5)
        with gzip.open(self.options.data / (stream.name + ".csv.gz"), "rt", newline="") as rows:
            header, *rows = csv.reader(rows)
        at = header.index(stream.label)
        classes = sorted({r[at] for r in rows})
        for row in rows[stream.middle:]:
            if draw.random() < stream.turn:
                row[at] = draw.choice([c for c in classes if c != row[at]])
        with out.open("w", newline="") as to:
            csv.writer(to).writerows([header, *rows])
        return out

    def rows(self, stream):
        with gzip.open(self.options.data / (stream.name + ".csv.gz"), "rt", newline="") as rows:
            return sum(1 for _ in csv.reader(rows)) - 1

    def replays(self, stream, block, limit):
        return self.simulate(stream, "--limit", str(limit), "--budget", repr(1 / (SHARE * block)), "--upfront", "0", "--seed", "1", "--seeds",
                             str(self.options.replays))["winnowd"]


def plan(stream, n):
    """The largest block of the random arm, its middle, and where 300 draws behind it end: a sample that the strategy arm asked too is no draw."""
    for block in range(n // 2 // DRAWS, int(1 / SHARE), -1):
        middle, by_strategy = n // 2 // block * block, (1 - SHARE) / (SHARE * block)
        end = middle + int(DRAWS * block / (1 - by_strategy))
        if end <= n:
            return block, middle, end
    sys.exit("bench: %s is too short for %d draws behind its middle" % (stream.name, DRAWS))


def row_of(bench, stream):
    block, middle, end = plan(stream, bench.rows(stream))
    before = bench.replays(stream, block, middle)
    was = [r["truth"]["accuracy"] for r in before]
    turn = POINTS / (2 * statistics.mean(was) - 1)
    after = bench.replays(Turned(stream, middle, turn), block, end)
    is_ = [(r["truth"]["accuracy"] * end - w * middle) / (end - middle) for r, w in zip(after, was)]
    now = [r["now"]["accuracy"] for r in after]
    return {"stream": stream.name, "replays": len(after), "block": block, "was": 100 * statistics.mean(was), "is": 100 * statistics.mean(is_),
            "now": 100 * statistics.mean(number(e["value"]) for e in now), "seen": statistics.mean(e["high"] < w for e, w in zip(now, was)),
            "band": statistics.mean(e["always_high"] < w for e, w in zip(now, was)),
            "covered": statistics.mean(e["low"] <= t <= e["high"] for e, t in zip(now, is_))}


def words(row):
    return (row["stream"], str(row["replays"]), str(row["block"]), "%.1f" % row["was"], "%.1f" % row["is"], "%.1f" % row["now"]) + tuple(
        "%.1f %%" % (100 * row[key]) for key in ("seen", "band", "covered"))


def section(rows):
    lines = [__doc__.split("\n\n", 1)[1].strip().replace("\n", " ") + " Accuracies in points. Must: the interval sees it in 90 % of the replays of each stream.", ""]
    return "\n".join(lines + [table(HEAD, [words(r) for r in rows])])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench drop", description=__doc__)
    arguments(parser)
    options = parser.parse_args()
    wanted = options.streams.split(",") if options.streams else STREAMS_OF_IT
    bench, rows = Drops(options), []
    layout = "%-12s %7s %14s %11s %10s %8s %16s %12s %24s"
    print(layout % HEAD)
    for stream in (s for s in STREAMS if s.name in wanted):
        rows.append(row_of(bench, stream))
        print(layout % words(rows[-1]), flush=True)
    if options.write:
        replace_section(HEADING, section(rows))
    if options.json:
        print(json.dumps({"drop": rows}))
    return 1 if any(r["seen"] < SEEN for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

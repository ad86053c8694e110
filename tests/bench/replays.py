"""Replays for `scripts/bench coverage`, `bands`, `unequal` and `drop`: the same streams and budgets, a seed each; with --keep a run goes on where the last one ended."""
import csv
import gzip
import json
import math
import pathlib
import random
import sys

from streams import STREAMS, Bench, Stream, add_arguments, replace_section

FIGURES = ("accuracy", "prevalence", "precision", "recall", "precision_at_capacity", "recall_at_capacity")
PROMISED = ("accuracy", "prevalence", "recall", "precision_at_capacity")
PART = 20  # seeds of one call of simulate


class Rare(Stream):
    """Campaign with so many of its positives taken out that 0.5 % are left."""

    def __init__(self, whole, share):
        super().__init__("campaign_rare", whole.label)
        self.whole, self.share = whole, share

    def prepare(self, data, out):
        with gzip.open(data / (self.whole.name + ".csv.gz"), "rt", newline="") as rows:
            header, *rows = csv.reader(rows)
        at = header.index(self.label)
        names = sorted({r[at] for r in rows}, key=lambda name: sum(r[at] == name for r in rows))
        others = sum(r[at] != names[0] for r in rows)
        keep, draw = self.share * others / (1 - self.share) / (len(rows) - others), random.Random(5)
        with out.open("w", newline="") as to:
            writer = csv.writer(to)
            writer.writerow(header)
            writer.writerows(r for r in rows if r[at] != names[0] or draw.random() < keep)


class Replays(Bench):
    def file(self, stream):
        if not isinstance(stream, Rare):
            return super().file(stream)
        out = pathlib.Path(self.dir.name) / (stream.name + ".csv")
        if not out.exists():
            stream.prepare(self.options.data, out)
        return out

    def runs(self, stream, budget):
        """What --replays seeds gave: truth, estimates, plain, bands_missed."""
        kept = pathlib.Path(self.options.keep) / (stream.name + ".jsonl") if self.options.keep else None
        runs = [json.loads(line) for line in kept.read_text().splitlines()] if kept and kept.exists() else []
        while len(runs) < self.options.replays:
            part = self.simulate(stream, "--budget", str(budget), "--seed", str(len(runs) + 1), "--seeds", str(min(PART, self.options.replays - len(runs))))
            new = [{key: run[key] for key in ("seed", "truth", "estimates", "plain", "looks", "bands_missed", "corrected", "readers")} for run in part["winnowd"]]
            runs += new
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                with kept.open("a") as out:
                    out.writelines(json.dumps(run) + "\n" for run in new)
        return runs[:self.options.replays]


def cells(options):
    """(stream, budget) of what is to be measured and is there."""
    by_name = {s.name: s for s in STREAMS}
    all_cells = [(by_name[n], 0.05) for n in ("phishing", "weather", "electricity", "campaign")]
    all_cells += [(Rare(by_name["campaign"], 0.005), 0.05), (by_name["fraud"], 0.02)]
    wanted = options.streams.split(",") if options.streams else [s.name for s, _ in all_cells]
    found = [(s, b) for s, b in all_cells if s.name in wanted]
    if len(found) < len(wanted):
        sys.exit("bench: the streams are %s" % ", ".join(s.name for s, _ in all_cells))
    return [(s, b) for s, b in found if (options.data / (getattr(s, "whole", s).name + ".csv.gz")).exists()]


def judged(options, key, layout, head, rows_of, broken, words, section):
    """Measures each cell, says its rows as they come and which of them break what is promised; the exit code. section: (heading, the text of rows)."""
    bench, rows, faults = Replays(options), [], 0
    print(layout % head)
    for stream, budget in cells(options):
        for row in rows_of(stream.name, bench.runs(stream, budget)):
            fault = broken(row)
            rows.append(row)
            faults += bool(fault)
            print(layout % words(row), "  " + fault if fault else "", flush=True)
    if options.write:
        replace_section(section[0], section[1](rows))
    if options.json:
        print(json.dumps({key: rows}))
    return 1 if faults else 0


def arguments(parser):
    add_arguments(parser)
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--keep", metavar="DIR", help="keep the runs there, and do not run again what is there")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")


def number(value):
    return math.nan if value is None else value

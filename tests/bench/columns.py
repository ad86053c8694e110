"""Columns as companies have them: what do codes and heavy tails cost?

Each stream as it is, and harmed: in 0.2 % of its rows every number column holds a code (9999, -1 or 1e30; other rows for each column), or one column is multiplied by
a log-normal of sigma 3 (the column goes by the seed), which takes with it most of what the column said: beside it stands the stream without that column. Seeds are
paired with those of the clean stream.
"""
import argparse
import csv
import gzip
import itertools
import json
import pathlib
import random
import statistics
import sys

from streams import STREAMS, Bench, Stream, add_arguments, chosen, replace_section, table

HEADING = "Codes and heavy tails (`scripts/bench columns`)"
CODES = {"9999": "9999", "-1": "-1", "1e30": "1e30"}
TAIL, WITHOUT, SIGMA, SHARE = "tail", "without", 3, 0.002
MEASURES = ("log_odds_margin", "risk", "gradient_length", "mutual_information")
MEAN_LEAST, SEED_LEAST = -2, -8  # points
STREAMS.append(Stream("celeba", "class", metric="average_precision"))


def is_number(text):
    try:
        float(text)
    except ValueError:
        return text == ""
    return True


class Harmed(Bench):
    """Streams whose columns are harmed, as files that are kept until it is closed."""

    def __init__(self, options):
        super().__init__(options)
        self.harm, self.column, self.plain = None, None, {}

    def name(self, stream):
        """Of the column that the seed harms."""
        head, _, number = self.rows(stream)
        return head[number[self.column % len(number)]]

    def arguments(self, stream):
        words = super().arguments(stream)
        if self.harm != WITHOUT:
            return words
        dropped = ",".join(filter(None, [stream.drop, self.name(stream)]))
        return [*words, "--drop", dropped] if not stream.drop else [dropped if w == stream.drop else w for w in words]

    def rows(self, stream):
        if stream.name not in self.plain:
            source = super().file(stream)
            with (gzip.open(source, "rt", newline="") if source.suffix == ".gz" else source.open(newline="")) as lines:
                reader = csv.reader(lines)
                head = next(reader)
                body = list(itertools.islice(reader, stream.limit))
            unused = set((stream.drop or "").split(",")) | {stream.label}
            number = [i for i, name in enumerate(head) if name not in unused and all(is_number(r[i]) for r in body)]
            self.plain = {stream.name: (head, body, number)}  # one at a time: they are large
        return self.plain[stream.name]

    def file(self, stream):
        if self.harm in (None, WITHOUT):
            return super().file(stream)
        head, body, number = self.rows(stream)
        path = pathlib.Path(self.dir.name) / ("%s-%s-%s.csv" % (stream.name, self.harm, self.column))
        if not path.exists():
            changed = {}
            for c in number if self.harm != TAIL else [head.index(self.name(stream))]:
                draw = random.Random("%s %s %s" % (stream.name, self.harm, head[c]))
                for i in range(len(body)):
                    if self.harm == TAIL:
                        changed[i, c] = repr(float(body[i][c]) * draw.lognormvariate(0, SIGMA)) if body[i][c] else ""
                    elif draw.random() < SHARE:
                        changed[i, c] = CODES[self.harm]
            rows = {}
            for (i, c), text in changed.items():
                rows.setdefault(i, {})[c] = text
            with path.open("w", newline="") as out:
                writer = csv.writer(out)
                writer.writerow(head)
                writer.writerows([rows[i].get(c, v) for c, v in enumerate(r)] if i in rows else r for i, r in enumerate(body))
        return path

    def figures(self, stream, harm, words):
        """One figure a seed."""
        self.harm, seeds = harm, self.options.seeds
        if harm not in (TAIL, WITHOUT):
            runs = self.simulate(stream, *words, "--seeds", str(seeds))["winnowd"]
        else:
            runs = []
            for seed in range(1, seeds + 1):
                self.column = seed - 1
                runs += self.simulate(stream, *words, "--seed", str(seed), "--seeds", "1")["winnowd"]
            self.column = None
        return [100 * r[stream.metric] for r in runs]

    def forget(self):
        for path in pathlib.Path(self.dir.name).glob("*-*.csv"):
            path.unlink()


def words_of(stream, measure, options, bench):
    words = ["--budget", str(options.budget), "--measure", measure]
    if measure == "risk":
        words += ["--positive", positive_of(bench, stream)]
    return words


def positive_of(bench, stream):
    """The rarest class."""
    head, body, _ = bench.rows(stream)
    counts = {}
    for row in body:
        counts[row[head.index(stream.label)]] = counts.get(row[head.index(stream.label)], 0) + 1
    return min(counts, key=counts.get)


def cells(bench, stream, options):
    for measure in options.measures.split(","):
        words = words_of(stream, measure, options, bench)
        clean = bench.figures(stream, None, words)
        for harm in options.harms.split(","):
            difference = [a - b for a, b in zip(bench.figures(stream, harm, words), clean)]
            mean, worst = statistics.mean(difference), min(difference)
            without = statistics.mean(bench.figures(stream, WITHOUT, words)) if harm == TAIL else None
            yield {"stream": stream.name, "metric": stream.metric, "measure": measure, "harm": harm, "clean": statistics.mean(clean), "difference": mean, "worst": worst,
                   "without": without, "seeds": difference, "clean_seeds": clean, "failed": mean < MEAN_LEAST or worst < SEED_LEAST}


HEAD = ("stream", "measure", "harm", "clean", "minus clean", "worst seed", "without it", "")


def words(row):
    return (row["stream"] + (" (AP)" if row["metric"] == "average_precision" else ""), row["measure"], row["harm"], "%.1f" % row["clean"], "%+.1f" % row["difference"],
            "%+.1f" % row["worst"], "" if row["without"] is None else "%+.1f" % (row["without"] - row["clean"]), "beyond" if row["failed"] else "")


def summary(rows):
    return "%d cells, %d beyond the bounds." % (len(rows), sum(r["failed"] for r in rows))


def section(rows, options):
    lines = ["Each stream as it is and harmed: every number column holds a code in 0.2 %% of its rows, or one column, which goes by the seed, is multiplied by a log-normal of σ"
             " 3. %g %% of the labels, %d paired seeds, kappa × 100 (AP: average precision × 100). Beyond: the mean is more than 2 points below the clean stream, or a seed more"
             " than 8. Without it: the same difference for the stream without that column." % (100 * options.budget, options.seeds),
             ""]
    return "\n".join(lines + [table(HEAD, [words(r) for r in rows])] + ["", summary(rows)])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench columns", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--budget", type=float, default=0.02)
    parser.add_argument("--measures", default=",".join(MEASURES))
    parser.add_argument("--harms", default=",".join([*CODES, TAIL]))
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    options = parser.parse_args()
    bench, rows = Harmed(options), []
    layout = "%-15s %-20s %-6s %6s %12s %11s %11s  %s"
    print(layout % HEAD)
    for stream in chosen(options):
        for row in cells(bench, stream, options):
            rows.append(row)
            print(layout % words(row), flush=True)
        bench.forget()
    print(summary(rows))
    if options.write:
        replace_section(HEADING, section(rows, options))
    if options.json:
        print(json.dumps({"columns": rows}))
    return 1 if any(r["failed"] for r in rows) else 0


sys.exit(main())

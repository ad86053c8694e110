"""The public labelled streams of the label benchmarks, and `winnowd simulate` over them.

A stream is a CSV.gz with a header. Peers: the best of many configurations of scikit-activeml 1.0.1, river 0.26.1, MOA 2024.07.0 and
VW 9.11.9, picked in hindsight for each cell (file order, label at once, causal standardisation over all rows, categories one-hot,
classes declared, spend <= 1.05 of the budget); random sampling with logistic regression refitted on the last 5,000 labels (random LR)
is among them. Cohen's kappa x 100; campaign and fraud: average precision x 100.
"""
import csv
import gzip
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUDGETS = (0.01, 0.05, 0.1)


class Stream:
    def __init__(self, name, label, metric="kappa", drop=None, limit=None, one_class=None, must=None, aim=None, peers=None):
        self.name, self.label, self.metric, self.drop, self.limit, self.one_class = name, label, metric, drop, limit, one_class
        self.must, self.aim, self.peers = must, aim, peers


STREAMS = [
    Stream("electricity", "class", must=(53, 62, 66), aim=(58, 67, 72),
           peers=((50.5, "river entropy LR"), (59.5, "MOA SelSampling SGD"), (63.3, "MOA Fixed SGD"))),
    Stream("weather", "target", must=(38, 43, 45), aim=(43, 45.5, 47),
           peers=((34.4, "random LR"), (39.9, "random LR"), (43.0, "random LR"))),
    Stream("sea", "class", must=(73, 76.5, 77.3), aim=(75, 77.5, 78),
           peers=((72.9, "river entropy LR"), (76.4, "river entropy LR"), (77.3, "river entropy LR"))),
    Stream("phishing", "target", must=(81, 86.2, 87.5), aim=(84, 88, 89),
           peers=((81.8, "river entropy LR"), (86.2, "river entropy LR"), (87.3, "river entropy LR"))),
    Stream("campaign", "class", metric="average_precision", must=(40, 50, 54), aim=(45, 54, 56),
           peers=((40.0, "MOA Variable SGD"), (50.1, "random LR"), (53.6, "random LR"))),
    Stream("fraud", "TX_FRAUD", metric="average_precision", limit=200000, must=(14, 23, 25), aim=(25, 30, 32),
           drop="TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_TIME_SECONDS,TX_TIME_DAYS,TX_FRAUD_SCENARIO",
           peers=((11.9, "random LR"), (22.4, "MOA Variable HT"), (19.1, "MOA Variable SGD"))),
    Stream("intrusion", "attack", drop="difficulty", one_class="normal", must=(91.5, 94, 94.5), aim=(94, 96, 96.5),
           peers=((90.7, "MOA Variable SGD"), (93.7, "MOA Fixed SGD"), (94.1, "MOA Fixed SGD"))),
    Stream("outdoor", "target", must=(16, 37, 50), aim=(20, 50, 62),
           peers=((16.1, "random LR"), (37.1, "MOA Variable SGD"), (54.3, "MOA RandomVariable HT"))),
    Stream("digits", "digit", must=(40, 75, 82), aim=(55, 83, 90),
           peers=((40.7, "MOA SelSampling SGD"), (81.7, "river entropy LR"), (77.9, "scikit-activeml Fixed SGD"))),
]


def add_arguments(parser):
    parser.add_argument("--data", type=pathlib.Path, default=ROOT.parent / "shared" / "data", help="where the streams are (../shared/data)")
    parser.add_argument("--streams", help="only these, e.g. sea,digits")
    parser.add_argument("--with", dest="extra", default="", help="more flags for simulate, e.g. '--upfront 0.2'")


def chosen(options, names=None):
    """The streams of that directory which were asked for."""
    wanted = options.streams.split(",") if options.streams else names or [s.name for s in STREAMS]
    unknown = set(wanted) - {s.name for s in STREAMS}
    if unknown:
        sys.exit("bench: there is no stream %s" % ", ".join(sorted(unknown)))
    found = [s for s in STREAMS if s.name in wanted and (options.data / (s.name + ".csv.gz")).exists()]
    missing = set(wanted) - {s.name for s in found}
    if missing:
        print("bench: not in %s: %s" % (options.data, ", ".join(sorted(missing))), file=sys.stderr)
    if not found:
        sys.exit("bench: no stream to measure")
    return found


class Bench:
    """Runs simulate; files that must be prepared are kept until it is closed."""

    def __init__(self, options):
        self.options, self.dir = options, tempfile.TemporaryDirectory(prefix="winnowd-bench-")
        self.winnowd = os.environ["WINNOWD"]

    def file(self, stream):
        """The stream as a file with the two or more classes that are meant."""
        source = self.options.data / (stream.name + ".csv.gz")
        if not stream.one_class:
            return source
        prepared = pathlib.Path(self.dir.name) / (stream.name + ".csv")
        if not prepared.exists():
            with gzip.open(source, "rt", newline="") as rows, prepared.open("w", newline="") as out:
                reader = csv.DictReader(rows)
                writer = csv.DictWriter(out, reader.fieldnames)
                writer.writeheader()
                for row in reader:
                    row[stream.label] = stream.one_class if row[stream.label] == stream.one_class else "other"
                    writer.writerow(row)
        return prepared

    def arguments(self, stream):
        words = ["--data", str(self.file(stream)), "--label", stream.label]
        words += ["--drop", stream.drop] if stream.drop else []
        return words + (["--limit", str(stream.limit)] if stream.limit else [])

    def simulate(self, stream, *words):
        """The runs of each strategy: {"winnowd": [run, ...], "random": [...]}."""
        command = [self.winnowd, "simulate", *self.arguments(stream), "--json", *words, *shlex.split(self.options.extra)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit("bench: %s\nended with %d" % (shlex.join(command), done.returncode))
        runs = {}
        for line in done.stdout.splitlines():
            run = json.loads(line)
            if "seed" in run:
                runs.setdefault(run["strategy"], []).append(run)
        return runs


def t_quantile(freedom, p=0.975):
    """Student's t by the expansion of Cornish and Fisher; to three digits from 8 degrees of freedom on."""
    z = statistics.NormalDist().inv_cdf(p)
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def wrapped(text):
    """Prose at 100 columns; tables as they are."""
    return "\n".join(line if line.startswith("|") else textwrap.fill(line, 100, break_long_words=False, break_on_hyphens=False)
                     for line in text.split("\n"))


def table(head, rows):
    """A table of a document, from words."""
    return "\n".join("| " + " | ".join(row) + " |" if row else "|" + "---|" * len(head) for row in (head, (), *rows))


def replace_section(heading, text):
    """Puts a section into docs/BENCHMARKS.md, in place of the one with that heading, or at the end."""
    text = wrapped(text)
    page = ROOT / "docs" / "BENCHMARKS.md"
    sections = page.read_text().split("\n## ")
    new = heading + "\n\n" + text.strip() + "\n"
    at = [n for n, s in enumerate(sections) if n and s.split("\n")[0] == heading]
    if at:
        sections[at[0]] = new
    else:
        sections[-1] = sections[-1].rstrip("\n") + "\n"
        sections.append(new)
    page.write_text("\n## ".join(sections))

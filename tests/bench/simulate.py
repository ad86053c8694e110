"""Speed of one experiment: a stream read once, each sample predicted, maybe asked, and learned at once. Interleaved rounds, one core each.

winnowd: `winnowd simulate`; the run by its own clock (rows in memory: deciding, learning, scoring), and the whole process besides (start,
the file read twice, for types and for samples). VW: its own driver (`vw --active --simulation`) as a whole process, on the
file in its text format, written before the clock starts. river: EntropySampler over logistic regression, standardised by all rows so far.
scikit-activeml: VariableUncertainty with the stock wrapper of scikit-learn's SGDClassifier; it is slow, so it gets the first --slow samples
only. Both find their rows in memory, and are compared with the run; VW with the whole process. Rates are samples a second.
"""
import argparse
import csv
import gzip
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy
from river import active, compose, linear_model, preprocessing
from skactiveml.classifier import SklearnClassifier
from skactiveml.stream import VariableUncertainty
from sklearn.linear_model import SGDClassifier

import streams

ROWS = 45312
FIRST = 5  # labels that a sampler gets which never asks while it knows nothing


def generated(path):
    """The shape of electricity, when there is no file: eight numbers, two classes, a boundary that turns."""
    rng = random.Random(1)
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["x%d" % c for c in range(8)] + ["class"])
        for n in range(ROWS):
            row = [rng.gauss(0, 1) for _ in range(8)]
            score = row[0] * (1 - n / ROWS) + row[1] * n / ROWS + 0.5 * row[2] + rng.gauss(0, 0.5)
            writer.writerow(["%.6f" % v for v in row] + ["UP" if score > 0.2 else "DOWN"])


class Experiment:
    def __init__(self, options):
        self.dir = tempfile.TemporaryDirectory(prefix="winnowd-bench-")
        self.budget, self.slow = options.budget, options.slow
        self.csv, source = pathlib.Path(self.dir.name) / "stream.csv", options.data / "electricity.csv.gz"
        if source.exists():
            self.csv.write_bytes(gzip.decompress(source.read_bytes()))
        else:
            generated(self.csv)
        with self.csv.open(newline="") as rows:
            reader = csv.reader(rows)
            self.names = next(reader)[:-1]
            records = list(reader)
        self.rows = numpy.array([r[:-1] for r in records], dtype=float)
        self.labels = numpy.array([int(r[-1] == "UP") for r in records])
        self.vw_file = pathlib.Path(self.dir.name) / "stream.vw"
        with self.vw_file.open("w") as out:
            for row, label in zip(self.rows, self.labels):
                out.write("%d | %s\n" % (1 if label else -1, " ".join("%s:%.6f" % f for f in zip(self.names, row))))

    def winnowd(self):
        """The run, and the process."""
        command = [os.environ["WINNOWD"], "simulate", "--data", str(self.csv), "--label", "class", "--budget", str(self.budget), "--json"]
        started = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        seconds, run = time.perf_counter() - started, json.loads(done.stdout.splitlines()[0])
        return {"winnowd run": (run["samples_per_second"], run["asked"] / run["samples"]), "winnowd process": (len(self.rows) / seconds, run["asked"] / run["samples"])}

    def vw(self):
        command = [sys.executable, "-m", "vowpalwabbit", "--active", "--simulation", "--mellowness", "0.1", "--loss_function", "logistic", "-d", str(self.vw_file)]
        started = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True, text=True)
        seconds = time.perf_counter() - started
        asked = [line.split()[-1] for line in done.stderr.splitlines() if "total queries" in line]
        return {"vw": (len(self.rows) / seconds, int(asked[0]) / len(self.rows))}

    def river(self):
        rows = [dict(zip(self.names, map(float, row))) for row in self.rows]
        labels = self.labels.tolist()
        model = active.EntropySampler(preprocessing.StandardScaler() | linear_model.LogisticRegression(), discount_factor=800, seed=1)
        asked, started = 0, time.perf_counter()
        with compose.learn_during_predict():
            for n, (x, y) in enumerate(zip(rows, labels)):
                _, ask = model.predict_one(x)
                if ask or n < FIRST:
                    model.learn_one(x, y)
                    asked += 1
        return {"river": (len(rows) / (time.perf_counter() - started), asked / len(rows))}

    def scikit_activeml(self):
        model = SklearnClassifier(SGDClassifier(loss="log_loss", learning_rate="constant", eta0=0.05, random_state=1), classes=[0, 1], random_state=1)
        model.partial_fit(self.rows[:FIRST], self.labels[:FIRST])
        strategy = VariableUncertainty(budget=self.budget, random_state=1)
        asked, started = FIRST, time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for n in range(self.slow):
                row = self.rows[n:n + 1]
                model.predict(row)
                chosen, utilities = strategy.query(candidates=row, clf=model, return_utilities=True)
                strategy.update(candidates=row, queried_indices=chosen, budget_manager_param_dict={"utilities": utilities})
                if len(chosen):
                    model.partial_fit(row, self.labels[n:n + 1])
                    asked += 1
        return {"scikit-activeml": (self.slow / (time.perf_counter() - started), asked / self.slow)}


# Which of ours is compared, and how many times faster it must be.
WANTED = {"scikit-activeml": ("winnowd run", 200), "river": ("winnowd run", 10), "vw": ("winnowd process", 1)}


def compared(rates, asked):
    medians = {name: statistics.median(r) for name, r in rates.items()}
    rows = {}
    for name, r in rates.items():
        ours, wanted = WANTED.get(name, (name, 1))
        rows[name] = {"median": medians[name], "least": min(r), "most": max(r), "asked": asked[name], "ratio": medians[ours] / medians[name], "wanted": wanted}
    return rows


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench simulate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=streams.ROOT.parent / "shared" / "data", help="where electricity.csv.gz is; else a stream like it is made")
    parser.add_argument("--budget", type=float, default=0.01)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow", type=int, default=3000, help="samples that scikit-activeml gets (3000)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    options = parser.parse_args()
    experiment = Experiment(options)
    rates, asked = {}, {}
    for n in range(options.rounds):
        for contender in (experiment.winnowd, experiment.vw, experiment.river, experiment.scikit_activeml):
            for name, (rate, share) in contender().items():
                rates.setdefault(name, []).append(rate)
                asked[name] = share
                print("round %d  %-16s %10.0f samples/s, %.1f %% asked" % (n + 1, name, rate, 100 * share), file=sys.stderr, flush=True)
    table = compared(rates, asked)
    head = ("contender", "samples/s", "least", "most", "asked", "winnowd is", "wanted")
    lines = [(name, "%.0f" % r["median"], "%.0f" % r["least"], "%.0f" % r["most"], "%.1f %%" % (100 * r["asked"]), *(("%.1f ×" % r["ratio"], "≥ %g ×" % r["wanted"]) if name in WANTED else ("", "")))
             for name, r in table.items()]
    for line in (head, *lines):
        print("%-16s %10s %10s %10s %8s %12s %8s" % line)
    if options.write:
        text = ["%d samples of 8 numbers, a budget of %g %%, learning included, one core, %d rounds in turn, median (`tests/bench/simulate.py` says what each does)."
                % (len(experiment.rows), 100 * options.budget, options.rounds), "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        streams.replace_section("Speed of the backtest (`scripts/bench simulate`)", "\n".join(text + ["| " + " | ".join(line) + " |" for line in lines]))
    if options.json:
        print(json.dumps({"simulate": table}))
    return 0 if all(r["ratio"] >= r["wanted"] for r in table.values()) else 1


sys.exit(main())

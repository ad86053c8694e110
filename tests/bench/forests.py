"""Random forest and gradient boosting of scikit-learn on labels drawn at random: the peer of those who retrain a model of trees now and then.

One of every 1/budget samples, drawn within them, is asked; its label is back `delay` samples later. The model is fitted anew, on the newest 5,000
labels, at each 30 % more labels. Each sample is predicted before its own label is known, as winnowd's are. Both with scikit-learn's defaults,
numbers as they are, categories one-hot.
"""
import concurrent.futures
import csv
import gzip
import math
import os

try:
    import numpy as np
    import sklearn
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.metrics import average_precision_score, cohen_kappa_score
except ImportError:
    sklearn = None

KINDS = ("forest", "boosting")
MEMORY, GROWTH = 5000, 1.3


def available():
    return sklearn is not None


def version():
    return sklearn.__version__


def of_kind(kind, seed):
    return RandomForestClassifier(random_state=seed) if kind == "forest" else GradientBoostingClassifier(random_state=seed)


def read(path, stream):
    """The stream's columns as numbers (n, d) and its labels as indices, with the class names in order."""
    with (gzip.open if path.name.endswith(".gz") else open)(path, "rt", newline="") as rows:
        reader = csv.reader(rows)
        names = next(reader)
        cells = list(zip(*(row for n, row in enumerate(reader) if not stream.limit or n < stream.limit)))
    left_out, columns = {stream.label, *(stream.drop or "").split(",")}, []
    for name, values in zip(names, cells):
        if name in left_out:
            continue
        try:
            columns.append([float(v or "nan") for v in values])
        except ValueError:
            columns += [[v == category for v in values] for category in sorted(set(values))]
    classes, labels = np.unique(cells[names.index(stream.label)], return_inverse=True)
    return np.nan_to_num(np.array(columns, dtype=np.float32).T), labels, classes


def drawn(n, budget, draw):
    """One row of each block of 1/budget, drawn; a block that the file cuts short may have none."""
    ends = [round(b / budget) for b in range(math.ceil(n * budget) + 1)]
    rows = [draw.integers(start, end) for start, end in zip(ends, ends[1:])]
    return [int(row) for row in rows if row < n]


def refits(labels):
    """At how many labels a model is fitted: at the first one, then at each 30 % more."""
    at, n = [], 1
    while n <= labels:
        at.append(n)
        n = max(n + 1, math.ceil(GROWTH * n))
    return at


def predictions(make, rows, labels, k, asked, delay=0):
    """(n, k): what was said of each row before its label was known. asked: rows in ascending order, whose labels are back `delay` rows later."""
    n = len(rows)
    said, starts = np.full((n, k), 1 / k), [(asked[m - 1] + 1 + delay, m) for m in refits(len(asked))]
    for (start, m), (end, _) in zip(starts, starts[1:] + [(n, 0)]):
        known = asked[max(0, m - MEMORY):m]
        classes = np.unique(labels[known])
        if start >= min(end, n):
            continue
        said[start:end] = 0
        if len(classes) == 1:  # no program fits that
            said[start:end, classes[0]] = 1
        else:
            said[start:end, classes] = make().fit(rows[known], labels[known]).predict_proba(rows[start:end])
    return said


def figure(metric, labels, said):
    """As winnowd's: kappa of the likeliest class, or the average precision of the rarest."""
    if metric == "kappa":
        return cohen_kappa_score(labels, said.argmax(1))
    rarest = np.bincount(labels).argmin()
    return average_precision_score(labels == rarest, said[:, rarest])


def run(job):
    """One stream, kind and seed: its figure at each budget."""
    path, stream, kind, seed, budgets, delay = job
    (rows, labels, classes), out = read(path, stream), []
    for budget in budgets:
        asked = drawn(len(rows), budget, np.random.default_rng(seed))
        said = predictions(lambda: of_kind(kind, seed), rows, labels, len(classes), asked, delay)
        out.append(figure(stream.metric, labels, said))
    return out


def measured(path, stream, kind, budgets, first, seeds, delay):
    """Of each seed from `first` on, its figure at each budget; a processor a seed."""
    jobs = [(path, stream, kind, seed, budgets, delay) for seed in range(first, first + seeds)]
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(run, jobs))

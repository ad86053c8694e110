#!/usr/bin/python3
"""The plain reference: winnowd's rules once more, short and slow, in numpy, to compare the daemon with.

Two uses:

  reference.py --fixtures > tests/unit/train/golden.h   numbers that tests/unit/train/fit.c compares with
  reference.py FILE --label COL [--drop A,B]            what a budget buys on a .csv or .csv.gz in stream order

The second one plays the whole loop: two arms with one token bucket, a quantile window, labels that come late, refits by growth,
members of different memory and their mixture. Every rule stands here as it does in daemon/query and daemon/train, written
anew; only random numbers are drawn otherwise, and utilities are not rounded to 16 bits.
"""
import argparse
import csv
import gzip
import json
import math

import numpy as np
from scipy.optimize import minimize, minimize_scalar

CLIP = 4.0                 # include/infer/model.h
CONSTANT = 1e-20           # daemon/train/fit.c
MIX_RATE = 0.3
SOON = 10  # labels: open tasks are late beside them
EXPLORE_LATE = 0.8  # of the strategy arm's requests, at most
MEMORIES = (50, 200, 1000, 5000)  # defaults of include/config/options.def
L2 = 10.0
SHRINKAGE, BIAS_SHARE = 1.0, 0.1
SGD_RATE = 0.05
MIX_MEMORY = 100
WINDOW = 128               # include/query/state.h
BURST = 10
EXPLORE = 0.2
COLD_LABELS = 1
FIRST, GROWTH, LABELS = 3, 0.05, 50


# --- the learner (daemon/train/fit*.c) ---------------------------------------------------------------------------

def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def standardise(rows):
    """Mean and 1/sd of each column; a constant column gets scale 0."""
    mean = rows.mean(axis=0)
    var = ((rows - mean) ** 2).mean(axis=0)
    constant = var <= CONSTANT * mean * mean
    return mean, np.where(constant, 0.0, 1 / np.sqrt(np.where(constant, 1.0, var)))


def encode(rows, mean, scale):
    return np.clip(np.where(scale > 0, (rows - mean) * scale, 0.0), -CLIP, CLIP)


def unpack(theta, width):
    layers, at = [], 0
    for a, b in zip(width, width[1:]):
        layers.append((theta[at:at + a * b].reshape(b, a), theta[at + a * b:at + a * b + b]))
        at += a * b + b
    return layers


def forward(layers, x):
    """Activations of every layer; the last one are the logits."""
    out = [x]
    for i, (w, b) in enumerate(layers):
        z = out[-1] @ w.T + b
        out.append(np.maximum(z, 0) if i + 1 < len(layers) else z)
    return out


def loss_gradient(theta, width, x, y, l2, prior=None, bias=0):
    """prior: parameters that the penalty pulls towards, the biases by `bias` times as much; none: zero, and free biases."""
    layers = unpack(theta, width)
    acts = forward(layers, x)
    p = softmax(acts[-1])
    rows = np.arange(len(y))
    loss = -np.log(p[rows, y]).sum()
    delta = p.copy()
    delta[rows, y] -= 1
    origin = unpack(np.zeros_like(theta) if prior is None else prior, width)
    grads = []
    for i in range(len(layers) - 1, -1, -1):
        w, b = layers[i]
        dw, db = w - origin[i][0], b - origin[i][1]
        loss += l2 / 2 * ((dw ** 2).sum() + bias * (db ** 2).sum())
        grads[:0] = [(delta.T @ acts[i] + l2 * dw).ravel(), delta.sum(0) + l2 * bias * db]
        if i:
            delta = (delta @ w) * (acts[i] > 0)
    return loss, np.concatenate(grads)


def fit_ridge(x, y, k, l2, prior=None):
    """Parameters of softmax regression with a ridge penalty on the weights, or on what they and the biases depart from a prior."""
    width = (x.shape[1], k)
    start = np.zeros(x.shape[1] * k + k) if prior is None else prior
    best = minimize(loss_gradient, start, (width, x, y, l2, prior, BIAS_SHARE if prior is not None else 0), "L-BFGS-B", jac=True,
                    options={"maxiter": 200, "ftol": 1e-14, "gtol": 1e-6})
    return best.x


def fit_memories(x, y, k, memories, l2, shrinkage):
    """The longest memory is a ridge fit; each shorter one shrinks towards the next longer one."""
    fits = []
    for m in sorted(memories, reverse=True):
        fits[:0] = [fit_ridge(x[-m:], y[-m:], k, shrinkage if fits else l2, fits[0] if fits else None)]
    return [unpack(f, (x.shape[1], k))[0] for f in fits]


def fit_sgd(x, y, k, rate):
    """One pass in label order at a constant rate."""
    w, b = np.zeros((k, x.shape[1])), np.zeros(k)
    for row, label in zip(x, y):
        g = softmax(w @ row + b)
        g[label] -= 1
        w -= rate * np.outer(g, row)
        b -= rate * g
    return w, b


def lapse(given, weight, k):
    """Share of samples of which the mixture is best taken to know nothing, as if 0.2 of 100 earlier answers had been such; given: what each label got."""
    weight = weight * weight.sum() / (weight ** 2).sum()
    low, high = 0.0, 0.5
    for _ in range(60):
        e = (low + high) / 2
        slope = 0.2 / e - 99.8 / (1 - e) + (weight * (1 / k - given) / ((1 - e) * given + e / k)).sum()
        low, high = (e, high) if slope > 0 else (low, e)
    return low


def temperature(given, label, weight, lapse):
    """By which logarithms of what the mixture gives each class, with its lapse, are best divided: 50 answers hold it near 1."""
    weight = weight * weight.sum() / (weight ** 2).sum()
    log = np.log((1 - lapse) * given + lapse / given.shape[1])
    cost = lambda s: 25 * (s - 1) ** 2 - weight @ np.log(softmax(s * log)[np.arange(len(label)), label])
    return 1 / minimize_scalar(cost, bounds=(1 / 3, 3), method="bounded", options={"xatol": 1e-10}).x


def mixture(recorded, y, memory, members, late=0.0):
    """Shares by the discounted Brier loss of what each member said before the label was learned, at a rate that falls to a third where labels are late;
    and what the mixture of then gave each class, of the answers with a record."""
    score, given = np.zeros(members), []
    for said, label in zip(recorded, y):
        if said is not None:
            given.append(softmax(score) @ said)
            score *= 1 - 1 / memory
            score -= MIX_RATE * max(1 - late, 1 / 3) * ((said - np.eye(said.shape[1])[label]) ** 2).sum(axis=1)
    return softmax(score), np.array(given)


def quantiles(utility, weight):
    """Weighted quantiles at (i + 1/2) / WINDOW."""
    order = np.argsort(utility, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    at = np.searchsorted(share, (np.arange(WINDOW) + 0.5) / WINDOW)
    return utility[order][np.minimum(at, len(order) - 1)]


class Model:
    """rows, y, recorded: labelled, oldest first. tasks, weight: what was asked, labelled or not, and 1/propensity."""

    def __init__(self, rows, y, recorded, tasks, weight, k, memories=MEMORIES, l2=L2, shrinkage=SHRINKAGE, sgd_rate=SGD_RATE, mix_memory=MIX_MEMORY, late=0.0):
        self.mean, self.scale = standardise(tasks)
        x = encode(rows, self.mean, self.scale)
        self.layers = fit_memories(x, y, k, memories, l2, shrinkage) + [fit_sgd(x, y, k, sgd_rate)]
        self.mix, given = mixture(recorded, y, mix_memory, len(self.layers), late)
        known, one = np.array([label for label, said in zip(y, recorded) if said is not None], dtype=int), np.ones(len(given))
        self.lapse = lapse(given[np.arange(len(given)), known], one, k) if len(given) else 0.0
        self.temperature = temperature(given, known, one, self.lapse) if len(given) else 1.0
        self.quantiles = quantiles(utilities(self.predict(tasks)[1]), weight)

    def predict(self, rows):
        """(n, m, k) of the members and (n, k) of the mixture."""
        x = encode(rows, self.mean, self.scale)
        member = np.stack([softmax(x @ w.T + b) for w, b in self.layers], axis=1)
        return member, np.einsum("m,nmk->nk", self.mix, member)


# --- the query strategy (daemon/query) ---------------------------------------------------------------------------

def utilities(prob):
    """Log-odds margin: larger is more doubtful."""
    top = np.sort(prob, axis=-1)[..., -2:]
    return np.log(np.maximum(top[..., 0], 1e-45)) - np.log(np.maximum(top[..., 1], 1e-45))


class Strategy:
    """One token bucket earns the budget. It pays for a block of m samples when the block begins; in each block the random arm asks one. The
    strategy arm takes a token where that leaves one for the next block; its rate is steered so that it keeps about two in hand."""

    def __init__(self, budget, explore, rng):
        self.rng, self.rate, self.m = rng, budget, math.ceil(1 / (explore * budget) * (1 - 1e-12))
        self.tokens, self.start, self.block, self.both, self.t = 1.0, 0, 0, False, 0
        self.window = np.empty(0)

    def earn(self):
        if self.block and self.t - self.start >= self.block:
            self.tokens += self.both
            self.both, self.block = False, 0
        self.tokens = min(self.tokens + self.rate, BURST + self.rate)
        if not self.block and self.tokens >= 1:
            self.tokens -= 1
            self.start, self.block, self.place = self.t, self.m, self.t + self.rng.integers(self.m)

    def steered(self):
        over = (self.t - self.start) / self.block if self.block else 0
        own = self.rate - (1 / self.block if self.block else 0)
        return min(max(own * min(max(1 + 0.15 * (self.tokens - over - 2), 0.2), 3), 0), 1)

    def probability(self, utility, rate):
        """A smoothed rank: of exchangeable utilities it asks exactly the rate."""
        below, equal = (self.window < utility).sum(), (self.window == utility).sum()
        return min(max(1 - ((1 - rate) * (len(self.window) + 1) - below) / (equal + 1), 0), 1)

    def decide(self, utility, scored, cold, explore=0.0):
        """Propensity when asked, else None."""
        self.earn()
        left = self.block - (self.t - self.start)
        reserve = max(0.0, 1 - left * self.rate) if self.block else 1.0
        rate = self.steered()
        p = rate if cold or not scored else (1 - explore) * self.probability(utility, rate) + explore * rate
        by_strategy = self.tokens - 1 >= reserve and self.rng.random() < p
        by_random = self.block > 0 and self.t == self.place
        self.tokens -= by_strategy
        self.both |= by_strategy and by_random
        self.t += 1
        if scored:
            self.window = np.append(self.window[-WINDOW + 1:], utility)
        return 1.0 if by_strategy else 1 / self.m if by_random else None


# --- the loop (daemon/simulate/backtest.c) ------------------------------------------------------------------------------

def due(labels, fitted, since, interval):
    grown = labels - fitted
    return labels >= FIRST and grown >= 1 and (fitted == 0 or grown >= GROWTH * fitted or grown >= LABELS or since >= interval)


def late(waiting):
    return waiting / (waiting + SOON)


def simulate(rows, y, k, o, seed):
    """Shares of right answers and labels over a stream; the model of sample t knows labels asked more than o.delay before."""
    rng = np.random.default_rng(seed)
    strategy = Strategy(o.budget, 1.0 if o.random else EXPLORE, rng)
    n, most = len(y), max(MEMORIES)
    prob = np.full((n, k), 1 / k)
    member = [None] * n
    asked, propensity = [], []  # rows asked so far, oldest first; the first `labelled` of them have their label
    labelled, fitted, fitted_at, scored, model = 0, 0, 0, 0, None
    seen, explore = np.zeros(k, int), 0.0
    for t in range(n):
        while labelled < len(asked) and asked[labelled] + o.delay < t:
            seen[y[asked[labelled]]] += 1
            labelled += 1
            explore = EXPLORE_LATE * late(len(asked) - labelled)
        if due(labelled, fitted, t - fitted_at, o.interval):
            fitted, fitted_at, scored = labelled, t, t
            have, tasks = asked[:labelled][-most:], asked[-most:]
            model = Model(rows[have], y[have], [member[i] for i in have], rows[tasks], 1 / np.array(propensity[-most:]), k, late=late(len(asked) - labelled))
            strategy.window = rng.permutation(model.quantiles)
        if model and t >= scored:
            scored = min(t + 64, n)
            said, prob[t:scored] = model.predict(rows[t:scored])
            member[t:scored] = list(said)
        cold = seen.min() < COLD_LABELS and t * o.budget < 20
        p = strategy.decide(utilities(prob[t]) if model else 0.0, model is not None, cold, explore)
        if p:
            asked.append(t)
            propensity.append(p)
    return dict(measure(prob, y, k), asked=len(asked) / n)


def measure(prob, y, k):
    said = prob.argmax(axis=1)
    table = np.bincount(y * k + said, minlength=k * k).reshape(k, k) / len(y)
    right, chance = np.trace(table), table.sum(0) @ table.sum(1)
    out = {"kappa": (right - chance) / (1 - chance), "accuracy": right}
    if k == 2:
        positive = int(np.bincount(y, minlength=2).argmin())
        order = np.argsort(-prob[:, positive], kind="stable")
        hit, score = (y[order] == positive), prob[order, positive]
        last = np.append(score[1:] != score[:-1], True)  # equal scores are one step of the curve
        found, n = np.cumsum(hit)[last], np.arange(1, len(y) + 1)[last]
        out["average_precision"] = float(np.sum(found / n * np.diff(np.append(0, found))) / hit.sum())
    return out


# --- data ----------------------------------------------------------------------------------------------------------

def is_number(values):
    try:
        return all(math.isfinite(float(v or 0)) for v in values)
    except ValueError:
        return False


def read(path, label, drop):
    """Raw rows: a column of numbers as it stands, any other one-hot; class index of each row."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", newline="") as f:
        names, *records = csv.reader(f)
    columns = dict(zip(names, zip(*records)))
    truth = columns.pop(label)
    classes = sorted(set(truth))
    parts = []
    for name, values in columns.items():
        if name in drop:
            continue
        if is_number(values):
            parts.append(np.array([float(v or 0) for v in values])[:, None])
        else:
            parts.append((np.array(values)[:, None] == sorted(set(values))).astype(float))
    index = {c: i for i, c in enumerate(classes)}
    return np.hstack(parts), np.array([index[v] for v in truth]), len(classes)


# --- fixtures ------------------------------------------------------------------------------------------------------

MASK = (1 << 64) - 1


def mix64(x):
    """rng_mix of include/base/rng.h."""
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def units(n, seed):
    """n numbers of rng_next_unit from a struct rng with that seed."""
    return np.array([(mix64(seed ^ mix64(i)) >> 11) * 2.0 ** -53 for i in range(n)])


def fixture_input():
    """The labelled set of tests/unit/train/fit.c: 90 rows, 120 tasks, 5 columns (the last one constant), 3 classes."""
    n, tasks, d, k, m = 90, 120, 5, 3, 4
    u = units(tasks * d + n + tasks + n * m * k, 42)
    rows = u[:tasks * d].reshape(tasks, d) * [1, 10, 100, 1000, 0] + [0, -3, 1e4, 0, 7]
    noise = u[tasks * d:tasks * d + n]
    score = rows[:n, 0] + rows[:n, 1] / 10 + noise - 0.8
    y = np.where(score < 0, 0, np.where(score < 0.6, 1, 2))
    weight = np.where(u[tasks * d + n:tasks * d + n + tasks] < 0.25, 20.0, 1.0)
    said = u[tasks * d + n + tasks:].reshape(n, m, k) + 0.05
    said = (said / said.sum(axis=2, keepdims=True)).astype(np.float32)
    recorded = [None if i < 15 or i % 7 == 0 else said[i].astype(float) for i in range(n)]
    return rows, y, recorded, weight, k


def c_array(name, values):
    words = [f"{v:.12g}" for v in np.asarray(values).ravel()]
    lines = [", ".join(words[i:i + 8]) for i in range(0, len(words), 8)]
    print(f"static const double {name}[{len(words)}] = {{\n    " + ",\n    ".join(lines) + "};\n")


def fixtures():
    rows, y, recorded, weight, k = fixture_input()
    model = Model(rows[:len(y)], y, recorded, rows, weight, k, memories=(30, 60, 200), l2=3)
    print("/* Made by tests/vectors/reference.py --fixtures; what each means is said there. */\n#pragma once\n")
    c_array("golden_label", y)
    c_array("golden_mean", model.mean)
    c_array("golden_scale", model.scale)
    c_array("golden_mix", model.mix)
    c_array("golden_lapse", [model.lapse])
    c_array("golden_temperature", [model.temperature])
    c_array("golden_weight", [w for w, _ in model.layers])
    c_array("golden_bias", [b for _, b in model.layers])
    c_array("golden_quantile", model.quantiles)
    c_array("golden_member", model.predict(rows[-2:])[0])
    c_array("golden_prob", model.predict(rows[-2:])[1])
    width = (5, 4, 3)
    x = encode(rows[:len(y)], model.mean, model.scale)
    theta = units(5 * 4 + 4 + 4 * 3 + 3, 7) - 0.5
    c_array("golden_loss", [loss_gradient(theta, width, x, y, 0.5)[0]])
    c_array("golden_gradient", loss_gradient(theta, width, x, y, 0.5)[1])
    loss, gradient = loss_gradient(theta, width, x, y, 0.5, units(len(theta), 8), 0.1)
    c_array("golden_pulled_loss", [loss])
    c_array("golden_pulled_gradient", gradient)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("file", nargs="?")
    a.add_argument("--fixtures", action="store_true", help="print the numbers of tests/unit/train/golden.h")
    a.add_argument("--label", help="column of the class")
    a.add_argument("--drop", default="", help="columns to leave out, comma-separated")
    a.add_argument("--budget", type=float, default=0.05)
    a.add_argument("--delay", type=int, default=500, help="samples until a label comes back")
    a.add_argument("--interval", type=int, default=60000, help="samples after which any new label is enough for a refit")
    a.add_argument("--seeds", type=int, default=5)
    a.add_argument("--random", action="store_true", help="the same learner on random samples")
    a.add_argument("--json", action="store_true")
    o = a.parse_args()
    if o.fixtures:
        return fixtures()
    if not o.file or not o.label:
        a.error("FILE and --label are needed")
    rows, y, k = read(o.file, o.label, set(o.drop.split(",")))
    runs = [simulate(rows, y, k, o, seed) for seed in range(o.seeds)]
    mean = {key: float(np.mean([r[key] for r in runs])) for key in runs[0]}
    mean["kappa_sd"] = float(np.std([r["kappa"] for r in runs]))
    print(json.dumps(mean) if o.json else "  ".join(f"{key} {value:.4f}" for key, value in mean.items()))


if __name__ == "__main__":
    main()

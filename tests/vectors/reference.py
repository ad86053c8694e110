#!/usr/bin/python3
"""The plain reference: winnowd's rules once more, short and slow, in numpy, to compare the daemon with.

Two uses:

  reference.py --fixtures                    numbers that tests/unit/train/fit.c holds as constants
  reference.py FILE --label COL [--drop A,B] label efficiency on a .csv or .csv.gz in stream order

The second one plays the whole loop: two arms, a quantile window, a token bucket, labels that come late, the members of
different memory and their mixture. Every rule stands here as it does in daemon/query and daemon/train, written anew.
"""
import argparse
import csv
import gzip
import json
import math

import numpy as np
from scipy.optimize import minimize

CLIP = 8.0
MEMORIES = (300, 1000, 5000)
L2 = 1.0
SGD_RATE = 0.05
MIX_MEMORY = 100
MIX_LOSS_MOST = 7.0
MIX_WEIGHT_MOST = 1.0
WINDOW = 128
BURST = 10
EXPLORE = 0.2


# --- the learner (daemon/train/fit*.c) ---------------------------------------------------------------------------

def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def standardise(rows, weight):
    """Weighted mean and 1/sd of each column; a constant column gets scale 0."""
    w = weight / weight.sum()
    mean = w @ rows
    var = w @ (rows - mean) ** 2
    constant = var <= 1e-12 * (1e-12 + mean * mean)
    return mean, np.where(constant, 0.0, 1 / np.sqrt(np.where(constant, 1.0, var)))


def encode(rows, mean, scale):
    return np.clip((rows - mean) * scale, -CLIP, CLIP)


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


def loss_gradient(theta, width, x, y, l2):
    layers = unpack(theta, width)
    acts = forward(layers, x)
    p = softmax(acts[-1])
    loss = -np.log(p[np.arange(len(y)), y]).sum()
    delta = p.copy()
    delta[np.arange(len(y)), y] -= 1
    grads = []
    for i in range(len(layers) - 1, -1, -1):
        w, _ = layers[i]
        loss += l2 / 2 * (w ** 2).sum()
        grads[:0] = [(delta.T @ acts[i] + l2 * w).ravel(), delta.sum(0)]
        if i:
            delta = (delta @ w) * (acts[i] > 0)
    return loss, np.concatenate(grads)


def fit_ridge(x, y, k, l2):
    width = (x.shape[1], k)
    start = np.zeros(x.shape[1] * k + k)
    best = minimize(loss_gradient, start, (width, x, y, l2), "L-BFGS-B", jac=True,
                    options={"maxiter": 200, "ftol": 1e-12, "gtol": 1e-5})
    return unpack(best.x, width)[0]


def fit_sgd(x, y, k, rate):
    w, b = np.zeros((k, x.shape[1])), np.zeros(k)
    for row, label in zip(x, y):
        g = softmax(w @ row + b)
        g[label] -= 1
        w -= rate * np.outer(g, row)
        b -= rate * g
    return w, b


def mixture(recorded, y, propensity, members):
    """Discounted log loss of what each member said before the label was learned (see fit_mix.c)."""
    gamma, score = 1 - 1 / MIX_MEMORY, np.zeros(members)
    for said, label, p in zip(recorded, y, propensity):
        if said is None:
            continue
        loss = np.minimum(-np.log(np.maximum(said[:, label], 1e-300)), MIX_LOSS_MOST)
        score = gamma * score - min(1 / p, MIX_WEIGHT_MOST) * loss
    return softmax(score)


class Model:
    def __init__(self, rows, y, propensity, recorded, tasks, weight, k):
        self.mean, self.scale = standardise(tasks, weight)
        x = encode(rows, self.mean, self.scale)
        fits = {}
        for memory in MEMORIES:
            n = min(memory, len(y))
            if n not in fits:
                fits[n] = fit_ridge(x[-n:], y[-n:], k, L2)
        self.layers = [fits[min(m, len(y))] for m in MEMORIES] + [fit_sgd(x[-max(MEMORIES):], y[-max(MEMORIES):], k, SGD_RATE)]
        self.mix = mixture(recorded, y, propensity, len(self.layers))
        utility = np.array(utilities(self.predict(tasks)[1]))
        order = np.argsort(utility, kind="stable")
        share = np.cumsum(weight[order]) / weight.sum()
        at = np.searchsorted(share, (np.arange(WINDOW) + 0.5) / WINDOW)
        self.quantiles = utility[order][np.minimum(at, len(order) - 1)]

    def predict(self, rows):
        """(n, m, k) of the members and (n, k) of the mixture."""
        x = encode(rows, self.mean, self.scale)
        member = np.stack([softmax(x @ w.T + b) for w, b in self.layers], axis=1)
        return member, np.einsum("m,nmk->nk", self.mix, member)


# --- the query strategy (daemon/query) ---------------------------------------------------------------------------

def utilities(prob):
    top = np.sort(prob, axis=1)[:, -2:]
    return -(np.log(np.maximum(top[:, 1], 1e-300)) - np.log(np.maximum(top[:, 0], 1e-300)))


class Strategy:
    def __init__(self, budget, explore, rng):
        self.rng, self.m = rng, math.ceil(1 / (explore * budget))
        self.rate = max(0.0, budget - 1 / self.m)
        self.tokens, self.window, self.t = 1.0, [], 0

    def wants(self, utility, cold):
        if cold:
            return self.rng.random() < self.rate
        window = self.window[-WINDOW:]
        above, same = sum(w > utility for w in window), sum(w == utility for w in window)
        self.window = window + [utility]
        return above + self.rng.random() * (same + 1) < self.rate * (len(window) + 1)

    def decide(self, utility, cold):
        """Propensity when asked, else None."""
        if self.t % self.m == 0:
            self.place = self.t + self.rng.integers(self.m)
        by_random = self.t == self.place
        self.t += 1
        self.tokens = min(self.tokens + self.rate, BURST)
        by_strategy = self.wants(utility, cold) and self.tokens >= 1
        self.tokens -= by_strategy
        if cold and (by_random or by_strategy):
            return 1 - (1 - self.rate) * (1 - 1 / self.m)
        return 1.0 if by_strategy else 1 / self.m if by_random else None


# --- the loop ------------------------------------------------------------------------------------------------------

def due(labels, fitted):
    return labels >= 10 and (not fitted or labels >= fitted * 1.05 or labels >= fitted + 50)


def simulate(rows, y, k, budget, delay, seed, random=False):
    rng = np.random.default_rng(seed)
    strategy = Strategy(budget, 1.0 if random else EXPLORE, rng)
    n, most = len(y), max(MEMORIES)
    prob = np.full((n, k), 1 / k)
    member = [None] * n
    asked, propensity = [], []  # rows asked so far, oldest first; the first `labelled` of them have their label
    labelled, fitted, scored, cold, model = 0, 0, 0, True, None
    seen = np.zeros(k, int)
    for t in range(n):
        while labelled < len(asked) and asked[labelled] + delay <= t:
            seen[y[asked[labelled]]] += 1
            labelled += 1
        cold = cold and seen.min() < 5 and t < 20 / budget
        if due(labelled, fitted):
            fitted, scored = labelled, t
            have, tasks = asked[:labelled][-most:], asked[-most:]
            p = np.array(propensity)
            model = Model(rows[have], y[have], p[:labelled][-most:], [member[i] for i in have], rows[tasks], 1 / p[-most:], k)
            strategy.window = list(rng.permutation(model.quantiles))
        if model and t >= scored:
            scored = min(t + 64, n)
            said, prob[t:scored] = model.predict(rows[t:scored])
            member[t:scored] = list(said)
        p = strategy.decide(utilities(prob[t:t + 1])[0] if model else 0.0, cold or not model)
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

def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("file", nargs="?")
    a.add_argument("--fixtures", action="store_true", help="print the constants of tests/unit/train/fit.c")
    a.add_argument("--label", help="column of the class")
    a.add_argument("--drop", default="", help="columns to leave out, comma-separated")
    a.add_argument("--budget", type=float, default=0.05)
    a.add_argument("--delay", type=int, default=500, help="samples until a label comes back")
    a.add_argument("--seeds", type=int, default=5)
    a.add_argument("--random", action="store_true", help="the same learner on random samples")
    a.add_argument("--json", action="store_true")
    o = a.parse_args()
    rows, y, k = read(o.file, o.label, set(o.drop.split(",")))
    runs = [simulate(rows, y, k, o.budget, o.delay, seed, o.random) for seed in range(o.seeds)]
    mean = {key: float(np.mean([r[key] for r in runs])) for key in runs[0]}
    mean["kappa_sd"] = float(np.std([r["kappa"] for r in runs]))
    print(json.dumps(mean) if o.json else "  ".join(f"{key} {value:.4f}" for key, value in mean.items()))


if __name__ == "__main__":
    main()

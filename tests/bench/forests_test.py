"""The peer of `scripts/bench labels` sees a label only when it is back, is refitted when it says, and spends what it may."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[0:0] = [str(HERE), str(HERE.parent / "system")]

from broker import check, equal  # noqa: E402 (the path is set first)

try:
    import numpy as np
except ImportError:
    print("skipped: python3-numpy is not installed")
    sys.exit(77)
from forests import MEMORY, drawn, predictions, refits  # noqa: E402

equal(refits(10), [1, 2, 3, 4, 6, 8], "each at 30 % more labels")

for seed in range(20):
    asked = drawn(1005, 0.01, np.random.default_rng(seed))
    check(len(asked) in (10, 11) and all(100 * n <= a < 100 * (n + 1) for n, a in enumerate(asked)) and asked[-1] < 1005, "one of each hundred: %s", asked)
check(drawn(1000, 0.3, np.random.default_rng(1)) != drawn(1000, 0.3, np.random.default_rng(2)), "drawn by the seed")


class Model:
    """Says of each row how many labels it was fitted on, and which were the first and the last."""

    fits = []

    def fit(self, rows, labels):
        self.n = len(rows)
        self.fits.append((int(rows[0, 0]), int(rows[-1, 0]), self.n))
        return self

    def predict_proba(self, rows):
        return np.full((len(rows), 2), [1 / (1 + self.n), self.n / (1 + self.n)])


n = 40
rows, labels, asked = np.arange(n, dtype=float)[:, None], np.array([2 * (i % 8 == 4) for i in range(n)]), [3, 4, 7, 9, 12, 20]
for delay in (0, 5):
    Model.fits = []
    said = predictions(Model, rows, labels, 3, asked, delay)
    starts = [a + 1 + delay for a in asked]
    check((said[:starts[0]] == 1 / 3).all(), "nothing is known before the first label is back")
    check((said[starts[0]:starts[1]] == [1, 0, 0]).all(), "one class alone is said, and no fit asked for")
    equal(Model.fits, [(3, 4, 2), (3, 7, 3), (3, 9, 4), (3, 20, 6)], "fits, at a delay of %d" % delay)
    for start, end, m in zip(starts[1:], (*starts[2:4], starts[5]), (2, 3, 4)):
        check(np.allclose(said[start:end], [1 / (1 + m), 0, m / (1 + m)]), "%d labels from %d to %d", m, start, end)
    check(np.allclose(said[starts[5]:], [1 / 7, 0, 6 / 7]), "the last fit holds to the end")
    check((said.argmax(1)[starts[1]:] == 2).all() and np.allclose(said.sum(1), 1), "probabilities, in the classes' places")

many = MEMORY + 3000
Model.fits = []
predictions(Model, np.arange(many, dtype=float)[:, None], np.arange(many) % 2, 2, list(range(many)))
check(all(last - first + 1 == size == min(last + 1, MEMORY) for first, last, size in Model.fits) and Model.fits[-1][2] == MEMORY, "the newest %d: %s", MEMORY, Model.fits)
print("forests: ok")

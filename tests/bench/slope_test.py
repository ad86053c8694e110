"""What the table of growth says of a series is what the series does."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[0:0] = [str(HERE), str(HERE.parent / "system")]

from broker import check, equal  # noqa: E402 (the path is set first)
from slope import figure, grows, line, says  # noqa: E402

X = [1e3, 1e4, 1e5, 1e6]

a, b = line(X, [5 + 0.002 * x for x in X])
check(abs(a - 5) < 1e-6 and abs(b - 0.002) < 1e-9, "an exact line: %g %g", a, b)
equal(line(X, [x / 2 for x in X])[0] < 1e-6, True, "a line through the origin")
for kind, ys in (("flat", [90, 100, 95, 110]), ("linear", [101, 110, 200, 1100]), ("linear", [101 * 1.1, 110, 200 * 0.9, 1100]),
                 ("slower", [x ** 0.5 for x in X]), ("faster", [x ** 1.5 for x in X]), ("faster", [1, 1, 1.1, 40])):
    equal(grows(X, ys)[0], kind, "%s" % ys)
equal(grows(X, [1, 1, 3, 3])[0], "slower", "a step that is no line")
equal(says([30, 300, 3000], [1.3, 4, 31], "µs", "a feature"), "linear with slope 0.0100 µs a feature, from 1.00", "in words")
equal(says(X, [40, 20, 10, 5], "µs", "a task"), "does not grow", "what falls")
equal(says(X, [0, 1, 2, 3], "MiB", "a task"), "too small to tell", "nothing was measured")
equal([figure(v) for v in (0, 0.01234, 1.5, 12.34, 123.4, 12345)], ["0", "0.0123", "1.50", "12.3", "123", "12,300"], "figures")
print("slope: ok")

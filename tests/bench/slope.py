"""How a measured cost grows: flat, a line, or something steeper. Computed from the figures, so that a table says what they say.

The line a + b x is fitted, each figure weighted by its inverse, so that a large one does not drown the others. Where it is within NOISE of every
figure the series is linear, or flat when the line rises by less than NOISE of its beginning. Where it is not, and the last figure is not above
the first, it does not grow. Else it is told by its exponent,
log(y2 / y1) / log(x2 / x1) of the last two figures, which is below 1 where it grows more slowly than a line.
"""
import math

NOISE = 0.3  # processor time of one thing on a shared machine differs by so much from run to run
STEEP = 1.15  # an exponent above this is faster than linear


def line(xs, ys):
    """(a, b) of a + b x with the least sum of squared relative errors; a and b are not negative."""
    w = [1 / y for y in ys]
    # least squares of w a + w x b = 1
    p, q, r = sum(u * u for u in w), sum(u * u * x for u, x in zip(w, xs)), sum(u * u * x * x for u, x in zip(w, xs))
    s, t = sum(w), sum(u * x for u, x in zip(w, xs))
    det = p * r - q * q
    a, b = (s * r - t * q) / det, (p * t - q * s) / det
    if a < 0:
        return 0.0, t / r
    return (s / p, 0.0) if b < 0 else (a, b)


def grows(xs, ys):
    """("flat" | "linear" | "falls" | "slower" | "faster", (a, b) of the line or the exponent)."""
    a, b = line(xs, ys)
    if all(abs(a + b * x - y) <= NOISE * y for x, y in zip(xs, ys)):
        return "linear" if b * (xs[-1] - xs[0]) > NOISE * a else "flat", (a, b)
    if ys[-1] <= ys[0] * (1 + NOISE):
        return "falls", None
    exponent = math.log(ys[-1] / ys[-2]) / math.log(xs[-1] / xs[-2])
    return ("faster" if exponent > STEEP else "slower"), exponent


def says(xs, ys, unit, of):
    """The same in words; of: what x counts ("a partition")."""
    if min(ys) <= 0:
        return "too small to tell"
    kind, what = grows(xs, ys)
    if kind == "flat":
        return "flat"
    if kind == "linear":
        return "linear with slope %s %s %s, from %s" % (figure(what[1]), unit, of, figure(what[0]))
    return "does not grow" if kind == "falls" else "%s than linear: x^%.2f" % (kind, what)


def figure(value):
    """Three digits, without an exponent for what people read as a number."""
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    return "%.*f" % (min(digits, 9), value) if digits > 0 else format(round(value, digits), ",.0f")

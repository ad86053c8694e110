"""The table of the rounds: only clean ones count, also of a part that broke off, and each that failed is named."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[0:0] = [str(HERE), str(HERE.parent / "system")]

import report  # noqa: E402 (the path is set first)
from broker import check, equal  # noqa: E402 (the path is set first)

WHOLE = """seed 7: 2 rounds of a, b; logs in /nowhere
    4 s  round 1/2  workers-killed     decided after  1.3 s, learned after  1.7 s: 696 samples, 29 tasks, 18 dead letters, 31 labels
   47 s  round 2/2  leader-killed      decided after 27.5 s, learned after 30.8 s: 304 samples, 13 tasks, 11 dead letters, 13 labels; all read again

{"seed": 7, "rounds": 2, "failed": null, "nearest_to_budget": 5.95, "load": 40, "cores": 2}
"""
BROKEN = """seed 8: 9 rounds of a, b; logs in /nowhere
    4 s  round 1/9  workers-killed     decided after  0.3 s, learned after  5.0 s: 1000 samples, 1 tasks, 2 dead letters, 3 labels
    9 s  round 2/9  workers-killed     decided after 150.0 s, learned after 150.0 s: 50 samples, 1 tasks, 0 dead letters, 0 labels
        doubled: task x is there twice
Traceback (most recent call last):
"""


def main():
    parts = [report.Part(text) for text in (WHOLE, BROKEN)]
    equal(dict(report.rows(parts)), {"workers-killed": [2, 0, 1.3, 5.0], "leader-killed": [1, 1, 27.5, 30.8]}, "rows")
    equal(report.failures(parts), ["- seed 8, round 2, workers-killed: doubled: task x is there twice"], "failures")
    text = report.section(parts)
    for words in ("| all | 3 | 1 | 27.5 s | 30.8 s |", "7 (2), 8 (1)", "2,000 samples", "5.95", "up to 40, on 2 cores", "seed 8, round 2"):
        check(words in text, "%r is not in:\n%s", words, text)


main()

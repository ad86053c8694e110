"""A round is at rest only when those that stand by have read what was learned: the next one may delete it."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[0:0] = [str(HERE), str(HERE.parent / "system")]

from broker import equal  # noqa: E402 (the path is set first)
from fleet import Fleet  # noqa: E402
from rounds import World  # noqa: E402

ROWS = 9


class Quiet:
    """A part of the world that has nothing left to do: whatever is asked, the answer is empty."""

    def __getattr__(self, name):
        return lambda *arguments: ()


class Learned(Quiet):
    """An account of which all is learned."""
    tasks = ()

    def learned(self):
        return ""

    def labelled(self):
        return ROWS, 0


class Standing:
    """A member with so many rows at each look, the last for ever."""

    def __init__(self, name, *looks):
        self.name, self.looks, self.seen = name, list(looks), 0

    def runs(self):
        return True

    def rows(self):
        at = min(self.seen, len(self.looks) - 1)
        self.seen += 1
        return self.looks[at]


def fleet(elects, *members):
    out = Fleet.__new__(Fleet)
    out.elects, out.members = elects, list(members)
    return out


def world(members):
    out = World.__new__(World)
    out.cluster, out.feeder, out.annotator, out.reader, out.ledger = Quiet(), Quiet(), Quiet(), Quiet(), Learned()
    out.annotator.answered = set()
    out.fleet = members
    out.committed, out.ends = dict, dict
    return out


def main():
    late = Standing("m2", -1, ROWS - 7, ROWS)
    world(fleet(True, Standing("m0", ROWS), Standing("m1", ROWS), late)).settle()
    equal(late.seen >= len(late.looks), True, "a member that stands by is waited for; looks at it were %d" % late.seen)
    equal(fleet(True, Standing("m0", ROWS), Standing("m1", ROWS - 1)).apart(ROWS), {"m1": ROWS - 1}, "who lacks a row")
    equal(fleet(False, Standing("m0", ROWS), Standing("m1", 0)).apart(ROWS), {}, "who never learns keeps no rows")


main()

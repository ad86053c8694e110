"""Rounds of chaos: a nemesis strikes while the stream flows, it heals, all comes to rest, and the account is made. The cluster is kept
between rounds. A round is named by the seed and its number."""
import collections
import contextlib
import os
import random
import time

from account import Ledger, Topics
from broker import Failure, wait
from cluster import Cluster
from fleet import BURST, RATE, Fleet
from flow import Annotator, Feeder
from nemeses import NEMESES, REPEATING
from network import Network
from protocol import committed
from report import LATE
from winnowd import CLASSES

SETTLE = 300  # seconds; not at rest by then is a fault
PARTITIONS = 3


class World:
    """Everything that a round plays on."""

    def __init__(self, directory, seed, rate, members):
        self.seed, self.random = seed, random.Random(seed)
        self.name = "chaos"
        self.topics = {role: "chaos.%s" % role for role in ("samples", "tasks", "labels", "models", "dead_letters", "predictions")}
        self.cluster = Cluster(directory / "kafka")
        self.cluster.create({t: (1 if role == "models" else PARTITIONS, {"cleanup.policy": "compact"} if role == "models" else {})
                             for role, t in self.topics.items()})
        self.network = Network(self.cluster.brokers)
        self.fleet = Fleet(directory, self.name, self.network.brokers, self.topics, members, seed)
        self.feeder = Feeder(self.cluster.brokers, self.topics["samples"], rate, seed)
        self.annotator = Annotator(self.cluster.brokers, self.topics["tasks"], self.topics["labels"], seed)
        self.ledger, self.reader = Ledger(CLASSES, RATE, BURST), Topics(self.cluster.brokers, self.topics)

    def start(self):
        self.fleet.start()
        self.feeder.start()
        self.annotator.start()

    def close(self):
        """Ends everything, whatever state it is in; an error in one part keeps no other from ending."""
        with contextlib.ExitStack() as stack:
            for end in (self.cluster.stop, self.network.close, self.fleet.close, self.feeder.end, self.annotator.end):
                stack.callback(end)

    # ---- what nemeses use ----

    def flow(self, seconds):
        """The stream flows for so long."""
        time.sleep(seconds)

    def read(self):
        """Takes into the account what is on the topics now."""
        self.ledger.take(self.reader.read())

    def committed(self):
        """{partition: (offset, state)} of the group."""
        partitions = self.cluster.partitions(self.topics["samples"])
        return wait("the group's coordinator answers",
                    lambda: committed(self.cluster.addresses, self.name, self.topics["samples"], partitions), every=0.1)

    def annotator_looks_again(self):
        self.annotator.rest()
        self.annotator.look_again()
        self.annotator.go_on()

    # ---- coming to rest ----

    def ends(self):
        """{partition: offset behind the last sample}, of those that are known to the account."""
        return {p: self.reader.bounds(t, p)[1] for t, p in self.reader.reached if t == self.topics["samples"]}

    def _behind(self):
        """A position beyond the end is of a topic that is no more."""
        now, first = self.committed(), {p: self.reader.bounds(self.topics["samples"], p)[0] for p in self.ends()}
        at = {p: now.get(p, (-1, ""))[0] for p in first}
        return {p: (at[p], end) for p, end in self.ends().items() if at[p] != end and end > first[p]}

    def _left(self):
        """What is not decided, answered or learned yet; "" when all is."""
        self.read()
        if set(self.ledger.tasks) - self.annotator.answered:
            self.annotator.rest()
            return "tasks wait for an answer"
        return self.ledger.learned()

    def settle(self):
        """Waits until every sample is decided, every task answered, every label learned, and read by those that stand by; (seconds until
        decided, until learned). The next round may delete what was learned, and anybody may learn after it: a member that stands by
        looks for new partitions once a minute, and what goes from one before that look it never has."""
        healed = time.monotonic()
        self.cluster.await_well(SETTLE)
        self.feeder.rest()
        self.read()
        wait("every member runs", lambda: not self.fleet.lost(), SETTLE, 0.1)
        wait(lambda: "every sample is decided; behind: %s" % self._behind(), lambda: not self._behind(), SETTLE, 0.1)
        decided = time.monotonic() - healed
        self.annotator.rest()
        left = ["?"]

        def rests():
            left[0] = self._left()
            return not left[0]
        wait(lambda: "all is learned: %s" % left[0], rests, SETTLE, 0.1)
        learned = time.monotonic() - healed
        rows, _ = self.ledger.labelled()
        wait(lambda: "every member has %d rows; others: %s" % (rows, self.fleet.apart(rows)), lambda: not self.fleet.apart(rows), SETTLE, 0.1)
        return decided, learned

    def account(self, whole):
        """Faults since the last account; whole: everything is read again too."""
        faults = self.ledger.check(self.committed())
        if whole:
            faults += self.ledger.again(self.cluster.brokers, self.topics)
        return faults + [("wrong", defect) for defect in self.fleet.defects]

    def go_on(self):
        self.annotator.go_on()
        self.feeder.go_on()


class Tally:
    """What came of the rounds, by nemesis."""

    def __init__(self):
        self.rows = collections.defaultdict(lambda: {"rounds": 0, "lost": 0, "doubled": 0, "wrong": 0, "late": 0, "decided": 0.0, "learned": 0.0})

    def add(self, nemesis, decided, learned, faults):
        row = self.rows[nemesis]
        row["rounds"] += 1
        for kind, _ in faults:
            row[kind] += 1
        if not faults:
            row["late"] += decided > LATE
            row["decided"], row["learned"] = max(row["decided"], decided), max(row["learned"], learned)


def play(world, number, names):
    """One round; (nemesis, seconds until decided, until learned)."""
    world.random = random.Random("%s/%s" % (world.seed, number))
    nemesis = world.random.choice(names)
    world.annotator.by_sample = nemesis not in REPEATING
    world.go_on()
    world.flow(world.random.uniform(0.1, 0.6))
    NEMESES[nemesis](world)
    return (nemesis, *world.settle())


class Run:
    """Rounds on one world, until their number or the time is over, or one fails."""

    def __init__(self, world, names, rounds, seconds, whole_every, say):
        self.world, self.names, self.rounds, self.seconds = world, names, rounds, seconds
        self.whole_every, self.say, self.tally, self.done, self.failure = whole_every, say, Tally(), 0, None
        self.load = 0.0  # of the machine, the most of all rounds

    def _one(self, number):
        totals = collections.Counter(self.world.ledger.totals)
        nemesis = "?"
        try:
            nemesis, decided, learned = play(self.world, number, self.names)
            whole = number % self.whole_every == 0 or number == self.rounds
            faults = self.world.account(whole)
        except Failure as failure:
            nemesis = random.Random("%s/%s" % (self.world.seed, number)).choice(self.names)
            decided, learned, faults, whole = SETTLE, SETTLE, [("lost", str(failure))], False
        self.tally.add(nemesis, decided, learned, faults)
        self.done, self.load = number, max(self.load, os.getloadavg()[0])
        self.say(number, nemesis, decided, learned, self.world.ledger.totals - totals, whole, faults)
        if faults:
            self.failure = {"seed": self.world.seed, "round": number, "nemesis": nemesis, "faults": ["%s: %s" % f for f in faults[:20]]}

    def stop(self):
        """The round under way is the last. Any thread."""
        self.seconds = 0

    def play(self):
        """All of them; whether none failed."""
        began, number = time.monotonic(), 0
        while self.failure is None and number < self.rounds and time.monotonic() < began + self.seconds:
            number += 1
            self._one(number)
        return self.failure is None

"""A worker with a backlog before it commits seldom (route.interval_max), and asks nobody twice for it (I2). Counted, not timed: of two runs over equally
many samples in tiny batches, the one whose pause may not grow commits far more often."""
from accounts import accounts, within_budget
from broker import check, equal
from stream import feed
from winnowd import main

SAMPLES, RATE = 6000, 0.05


def cycles(stage, longest, seed):
    """Committed cycles that a backlog takes."""
    feed(stage, SAMPLES, seed=seed)
    daemon = stage.start({"admit": {"batch": 16}, "service": {"learner": False}, "route": {"interval": "1ms", "interval_max": longest}}, "%s.yaml" % longest).ready()
    stage.caught_up()
    made = daemon.metric("cycles_total", outcome="committed")
    equal(daemon.metric("samples_admitted_total"), SAMPLES, "samples of this backlog")
    daemon.stop()
    return made


def test(stage):
    stage.create(partitions=2)
    often, seldom = cycles(stage, "1ms", 1), cycles(stage, "2s", 2)
    print("%d cycles where the pause may not grow, %d where it may" % (often, seldom))
    check(seldom * 3 < often, "who is behind commits as often as ever: %d cycles, %d where it must", seldom, often)
    within_budget(accounts(stage), RATE)


main(test)

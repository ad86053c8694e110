"""SIGTERM ends the daemon in the midst of its work: with all that it decided committed; and, while the broker hangs or is dead, too, at once and
saying so. Nothing is lost by any of it: started again, every sample has one outcome and nobody is asked twice (I1, I2)."""
import time

import broker
from accounts import accounts, within_budget
from broker import check, equal, wait
from stream import feed
from winnowd import main

SAMPLES = 30000
COMMITTED = "all that was decided is committed"


def at_work(stage, seed):
    """A daemon that has so many samples before it that its client asks the broker for more without a pause."""
    feed(stage, SAMPLES, seed=seed)
    daemon = stage.start({"service": {"workers": 2}}).ready()
    wait("it decides", lambda: daemon.metric("samples_total") > 2000, every=0.005)
    return daemon


def honest(stage, daemon, fed):
    """The last word claims to have committed all that was decided only where that is all there was."""
    said = daemon.find("stopped") + daemon.find("stop_cut")
    check(len(said) == 1, "the last word: %s", said)
    check(said[0]["msg"] != COMMITTED or sum(offset for offset, _ in stage.state(4).values()) == fed, "it claims to have committed what the broker never heard of: %s", said)
    return said[0]


def test(stage):
    stage.create(partitions=4)
    equal(at_work(stage, 1).stop().find("stopped")[0]["msg"], COMMITTED, "the last word")
    for n, (hurt, mend, silence) in enumerate((("pause", "continue", 0), ("kill", "resume", 3)), 2):
        daemon = at_work(stage, n)
        broker.script(hurt, broker.DIR)
        try:
            time.sleep(silence)  # long enough for the client to notice
            daemon.stop()
        finally:
            broker.script(mend, broker.DIR)
        print("%s for %d s: %s" % (hurt, silence, honest(stage, daemon, n * SAMPLES)))
    daemon = stage.start({"service": {"workers": 2}}).ready()
    stage.caught_up()
    daemon.stop()
    within_budget(accounts(stage), 0.05)


main(test)

"""What fences a worker: its own past, after pauses in the middle of a transaction that the broker has then ended by age, is no other
process, however often it comes; another process with its identity is, and one of the two ends (69) and says so. Nothing is asked twice in
either case."""
import signal
import time

from accounts import accounts
from broker import check, equal, wait
from kafka_proxy import Proxy
from stream import Feeder
from winnowd import main

PAUSES = 12  # at most: now and then a pause ends a batch by its own time-out instead
FENCES = 3  # would be another process within a minute, were they not our own past
SESSION = "6s"  # a transaction may be half as old


def fences(daemon):
    """How often it was fenced, as worker or as learner."""
    return int(daemon.metric("producer_deaths_total", reason="fenced")) + len(daemon.find("rejoining"))


def pause(daemon, proxy, n):
    """Stops the process while its transaction is open, until the broker has ended that by age. Its records have arrived by then: those that
    are under way time out while the process stands, and a batch that waits in vain is no fence."""
    committed = daemon.metric("cycles_total", outcome="committed")
    held = proxy.hold("TxnOffsetCommit")
    held.wait()
    time.sleep(0.2)  # whatever waits for more to go with it
    wait("its records have arrived", lambda: proxy.answered("Produce"), 60)
    daemon.signal(signal.SIGSTOP)
    held.end()
    time.sleep(13.5)  # the broker looks for old transactions every 10 s
    daemon.signal(signal.SIGCONT)
    wait("it commits again after pause %d" % n, lambda: daemon.metric("cycles_total", outcome="committed") > committed + 3, 120)


def test(stage):
    stage.create()
    with Proxy(stage.brokers) as proxy:
        daemon = stage.start({"kafka": {"brokers": proxy.brokers, "session_timeout": SESSION}}).ready()
        feeder = Feeder(stage, rate=100)
        feeder.start()
        wait("it decides", lambda: daemon.metric("samples_admitted_total") > 100)
        for n in range(PAUSES):
            if fences(daemon) < FENCES:
                pause(daemon, proxy, n)
        check(fences(daemon) >= FENCES, "fenced %d times in %d pauses", fences(daemon), PAUSES)
        equal(daemon.metric("fenced"), 0, "metric fenced")
        both(stage, daemon, feeder)


def both(stage, daemon, feeder):
    """The same identity twice: one of the two ends, and the other goes on."""
    double = stage.start({"service": {"state_dir": str(stage.dir / "double"), "learner": False}}, "double.yaml")
    ended = wait("one of the two ends", lambda: [d for d in (daemon, double) if d.process.poll() is not None], 90)[0]
    ended.ended(69)
    check(ended.find("worker_ended", error="FENCED"), "no word of why: %s", ended.text[-2000:])
    left = double if ended is daemon else daemon
    feeder.end()
    stage.caught_up(60)
    accounts(stage)
    left.stop()


main(test)

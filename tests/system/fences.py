"""What fences a worker: its own past, after pauses longer than the broker waits, is no other process, however often it comes; another
process with its identity is, and one of the two ends (69) and says so. Nothing is asked twice in either case."""
import signal
import time

from accounts import accounts
from broker import check, equal, wait
from stream import Feeder
from winnowd import main

PAUSES = 5
PAUSE_S = 7  # longer than kafka.session_timeout of the stage, 6 s: transaction and membership have ended by age
WITHIN_S = 60  # so many fences within it are another process


def test(stage):
    stage.create()
    daemon = stage.start().ready()
    feeder = Feeder(stage, rate=400)
    feeder.start()
    wait("it decides", lambda: daemon.metric("samples_admitted_total") > 400)
    started = time.monotonic()
    for n in range(PAUSES):
        since = len(daemon.events)
        before = daemon.metric("cycles_total", outcome="committed")
        daemon.signal(signal.SIGSTOP)
        time.sleep(PAUSE_S)
        daemon.signal(signal.SIGCONT)
        wait("it commits again after pause %d" % n, lambda: daemon.metric("cycles_total", outcome="committed") > before + 3, 30)
        print("pause %d: %s" % (n, sorted({e["event"] for e in daemon.events[since:] if e["level"] in ("warning", "error")})))
    fences = daemon.metric("producer_deaths_total", reason="fenced") + len(daemon.find("rejoining"))
    print("%d pauses in %.0f s, %d fences" % (PAUSES, time.monotonic() - started, fences))
    check(fences >= 3 and time.monotonic() - started < WITHIN_S, "too few fences in the time for a double: %d", fences)
    equal(daemon.metric("fenced"), 0, "metric fenced")

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

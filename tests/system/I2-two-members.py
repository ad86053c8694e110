"""I2: two processes share the work; one hangs (SIGSTOP) past the session timeout, the other takes over, and the one that wakes is fenced
or emptied: it rejoins or ends cleanly, and nothing is decided twice. Both ways round, under load."""
import signal
import time

from accounts import accounts, within_budget
from broker import PATIENCE, check, equal, wait
from stream import Feeder
from winnowd import main


SHORT = {"session_timeout": "6s"}  # it is waited for


def owned(daemon):
    return daemon.metric("partitions_assigned")


def test(stage):
    stage.create(partitions=4)
    first = stage.start({"kafka": SHORT}, "first.yaml").ready()
    second_changes = {"kafka": SHORT, "service": {"instance": "two", "state_dir": str(stage.dir / "two"), "learner": False}}
    second = stage.start(second_changes, "second.yaml").ready()
    feeder = Feeder(stage, rate=1000, bad_every=101)
    feeder.start()
    wait("they share four partitions", lambda: owned(first) == 2 and owned(second) == 2)
    for sleeper, other in ((second, first), (first, second)):
        since = len(sleeper.events)
        sleeper.signal(signal.SIGSTOP)
        wait("the other takes over", lambda: owned(other) == 4)
        time.sleep(2)
        sleeper.signal(signal.SIGCONT)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and sleeper.process.poll() is None:
            if sleeper.find("assigned", since) and owned(sleeper) == 2 and owned(other) == 2:
                break
            time.sleep(0.1)
        if sleeper.process.poll() is not None:
            check(sleeper.process.returncode in (69,), "the sleeper ended with %s", sleeper.process.returncode)
            print("the sleeper ended; the service manager starts it again")
            again = stage.start_with(sleeper.config).ready()
            first, second = (again if d is sleeper else d for d in (first, second))
        wait("they share again", lambda: owned(first) == 2 and owned(second) == 2)
        time.sleep(2)
    feeder.end()
    stage.caught_up()
    tasks = accounts(stage)
    print("%d records, %d tasks, %.1f above the rate at most" % (feeder.n, len(tasks), within_budget(tasks, 0.05)))
    check(len(tasks) > 100, "only %d tasks", len(tasks))
    equal(first.get("/livez")[0], 200, "/livez")
    first.stop()
    second.stop()


main(test)

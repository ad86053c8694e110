"""I2, I11: a quota of the broker holds the labelling topic's producer to a fraction of what it has to write. The worker keeps its place in the group (the
poll interval, set short here, is never missed), keeps what it cannot send within its bounds, splits its cycles until they go through, and when the
quota goes, every sample has been asked once and none is missing."""
import pathlib
import time

import broker
from accounts import accounts, within_budget
from broker import check, equal, wait
from stalls import Stalls
from stream import Feeder
from winnowd import main

POLL_MS = 30000
RATE, QUOTA = 0.5, 20000  # bytes a second; the tasks of 1,000 samples a second are about 30 times that


def quota(stage, bytes_a_second):
    broker.script("tool", "kafka.admin.ConfigCommand", "--bootstrap-server", stage.brokers, "--alter", "--add-config", "producer_byte_rate=%d" % bytes_a_second,
                  "--entity-type", "clients", "--entity-name", stage.name + "-one")


def committed(stage):
    """Samples that the group is done with."""
    return sum(max(0, offset) for offset, _ in stage.state(4).values())


def resident_mib(daemon):
    return int(pathlib.Path("/proc/%d/status" % daemon.process.pid).read_text().split("VmRSS:")[1].split()[0]) / 1024


def test(stage):
    with Stalls() as stalls:
        play(stage, stalls)


def play(stage, stalls):
    stage.create(partitions=4)
    changes = {"budget": {"rate": RATE, "burst": 100}, "service": {"learner": False}, "route": {"cycle_bytes": "256KiB"},
               "kafka": {"session_timeout": "10s", "consumer": {"max.poll.interval.ms": POLL_MS, "queued.max.messages.kbytes": 1024}}}
    daemon = stage.start(changes).ready()
    feeder = Feeder(stage, rate=1000, bad_every=89)
    feeder.start()
    wait("it decides", lambda: daemon.metric("samples_admitted_total") > 1000)
    quota(stage, QUOTA)
    started = time.monotonic()
    time.sleep(8)  # until what was under way has failed
    before = committed(stage)
    wait("under the quota it goes on: %d samples" % before, lambda: committed(stage) > before + 20, every=1)
    check(daemon.find("cycle_split"), "no cycle was split")
    time.sleep(max(0, POLL_MS / 1000 + 10 - (time.monotonic() - started)))  # longer than the poll interval
    resident, retried, lag = resident_mib(daemon), daemon.metric("cycles_total", outcome="retried"), daemon.metric("lag_samples")
    check(lag > 1000, "the quota did not hold it: %g behind, %d cycles again", lag, retried)
    feeder.end()
    quota(stage, 1000 * QUOTA)
    stage.caught_up()
    if stalls.still(started, time.monotonic()) < 2:  # who was not allowed to run may come too late
        equal(daemon.find("poll_too_late"), [], "polls that came too late")
        equal(daemon.metric("rebalances_total", kind="lost"), 0, "assignments lost")
    tasks = accounts(stage)
    print("%d records, %d tasks, %d cycles again, %.0f MiB, %.1f above the rate at most" % (
        feeder.n, len(tasks), retried, resident, within_budget(tasks, RATE, burst=100)))
    check(resident < 400, "%.0f MiB resident", resident)
    equal(daemon.get("/livez")[0], 200, "/livez")
    daemon.stop()


main(test)

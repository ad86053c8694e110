"""I1, I11: many partitions: all states are committed at the start, a restart finds every one, what is then committed is what moved, memory is bounded.
WINNOWD_PARTITIONS=1000 makes the first commit one of several requests (700 KB); unit.route.cycle tests how it is cut."""
import os
import pathlib

from confluent_kafka.admin import AdminClient
from broker import PATIENCE, check, equal, wait
from stream import feed
from winnowd import main

PARTITIONS = int(os.environ.get("WINNOWD_PARTITIONS", "200"))


def resident_kib(daemon):
    status = pathlib.Path("/proc/%d/status" % daemon.process.pid).read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def test(stage):
    stage.create(partitions=1, without=("samples",))
    stage.create(partitions=PARTITIONS, without=("tasks", "labels", "models", "dead_letters", "predictions"))
    daemon = stage.start({"service": {"learner": False}}).ready()
    wait(lambda: "committed: %d" % sum(o >= 0 for o, _ in stage.state(PARTITIONS).values()),
         lambda: all(o >= 0 and m for o, m in stage.state(PARTITIONS).values()), every=0.5)
    resident = resident_kib(daemon)
    daemon.stop()
    again = stage.start_with(daemon.config).ready()
    wait("every state is found", lambda: again.metric("selection_states_total", outcome="restored") == PARTITIONS, every=0.5)
    equal(again.metric("selection_states_total", outcome="wiped"), 0, "states lost")
    before = stage.state(PARTITIONS)
    feed(stage, 200)
    stage.caught_up()
    moved = sum(before[p] != s for p, s in stage.state(PARTITIONS).items())
    print("%d states, %d KiB resident, %d partitions moved" % (PARTITIONS, resident, moved))
    check(0 < moved <= 200, "%d partitions moved", moved)
    check(resident < 400000, "%d KiB resident", resident)
    again.stop()
    admin = AdminClient({"bootstrap.servers": stage.brokers})
    admin.delete_topics([stage.topic("samples")])[stage.topic("samples")].result(PATIENCE)


main(test)

"""How long nothing comes after a crash. The same instance restarted after kill -9: the next task is readable in < 5 s. An instance that
never returns: its partitions' next task in < session timeout + 20 s (docs/OPERATIONS.md states both)."""
import json
import time

from broker import Reader, check, wait
from stream import Feeder
from winnowd import main

CHANGES = {"budget": {"rate": 0.2}, "service": {"learner": False}}
SESSION = 6


def next_task(reader, since, partitions, seconds):
    """Seconds until a task shows up whose sample was produced after `since`, of one of the source partitions."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        for record in reader.poll(0.02):
            meta = json.loads(record.value)["meta"]
            if meta["source"]["partition"] in partitions and meta["time_ms"] >= since:
                return time.monotonic() - started
    return float("inf")


def test(stage):
    stage.create(partitions=4)
    feeder = Feeder(stage, rate=1000)
    feeder.start()
    reader = Reader(stage.brokers, stage.topic("tasks"))
    daemon = stage.start(CHANGES).ready()
    daemon.await_event("policy_in_force", 10) if daemon.find("policy_in_force") else time.sleep(3)
    times = []
    for _ in range(3):
        time.sleep(stage.random.uniform(1, 2))
        daemon.kill()
        reader.to_end()
        since = time.time() * 1000
        daemon = stage.start(CHANGES)
        times.append(next_task(reader, since, {0, 1, 2, 3}, 30))
    print("restarted after kill -9, next task readable after %s s" % ", ".join("%.2f" % t for t in times))
    check(max(times) < 5, "the next task took %.1f s", max(times))

    other = {**CHANGES, "service": {"learner": False, "instance": "two", "state_dir": str(stage.dir / "two")}}
    second = stage.start(other, "two.yaml").ready()
    wait("they share", lambda: daemon.metric("partitions_assigned") == 2 and second.metric("partitions_assigned") == 2, 40)
    mine = {int(e["partition"]) for e in second.find("partition_owned")}
    time.sleep(2)
    second.kill()
    reader.to_end()
    took = next_task(reader, time.time() * 1000, mine, SESSION + 40)
    print("an instance that never returned: next task of its partitions after %.1f s (session timeout %d s)" % (took, SESSION))
    check(took < SESSION + 20, "took %.1f s", took)
    feeder.end()
    daemon.stop()


main(test)

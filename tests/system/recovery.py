"""How long nothing comes after a crash. The same instance restarted after kill -9: the next task is readable in < 5 s. An instance that
never returns: its partitions' next task in < session timeout + 20 s (docs/OPERATIONS.md states both)."""
import json
import time

from broker import Reader, check, wait
from stalls import Stalls
from stream import Feeder
from winnowd import main

SESSION = 20
CHANGES = {"budget": {"rate": 0.2}, "service": {"learner": False}, "kafka": {"session_timeout": "%ds" % SESSION}}


def next_task(reader, since, partitions, stalls, session=0):
    """Seconds until a task shows up whose sample was produced after `since`, of one of the source partitions; and those behind the session as they
    would have been without others on the machine."""
    started = time.monotonic()

    def shown():
        metas = (json.loads(record.value)["meta"] for record in reader.poll(0.02))
        return any(meta["source"]["partition"] in partitions and meta["time_ms"] >= since for meta in metas)
    wait("the next task", shown, every=0)
    ended = time.monotonic()
    return ended - started, stalls.own(started + session, ended)


def test(stage):
    with Stalls() as stalls:
        play(stage, stalls)


def play(stage, stalls):
    stage.create(partitions=4)
    feeder = Feeder(stage, rate=1000)
    feeder.start()
    reader = Reader(stage.brokers, stage.topic("tasks"))
    daemon = stage.start(CHANGES).ready()
    wait("the first tasks", lambda: reader.poll(0.05))
    times = []
    for _ in range(3):
        time.sleep(stage.random.uniform(1, 2))
        daemon.kill()
        reader.to_end()
        since = time.time() * 1000
        daemon = stage.start(CHANGES)
        times.append(next_task(reader, since, {0, 1, 2, 3}, stalls))
    print("restarted after kill -9, next task readable after %s s" % ", ".join("%.2f (its own: %.2f)" % t for t in times))
    check(max(own for _, own in times) < 5, "the next task took %s", times)

    other = {**CHANGES, "service": {"learner": False, "instance": "two", "state_dir": str(stage.dir / "two")}}
    second = stage.start(other, "two.yaml").ready()
    wait("they share", lambda: daemon.metric("partitions_assigned") == 2 and second.metric("partitions_assigned") == 2)
    mine = {int(e["partition"]) for e in second.find("partition_owned")}
    time.sleep(2)
    second.kill()
    reader.to_end()
    took, own = next_task(reader, time.time() * 1000, mine, stalls, SESSION)
    print("an instance that never returned: next task of its partitions after %.1f s (session timeout %d s)" % (took, SESSION))
    check(own < 20, "took %.1f s", took)
    feeder.end()
    daemon.stop()


main(test)

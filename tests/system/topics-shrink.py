"""A topic is deleted and made anew with fewer partitions, while we run and while we are down: the partitions that are no more hold nothing up, what the
new topic brings is read, and what was learned stays. A static member that comes back is given its old partitions by the group, without a rebalance."""
import broker
from broker import check, equal, wait
from stream import Oracle, feed
from winnowd import main

CHANGES = {"kafka": {"lost_position": "earliest"}, "budget": {"rate": 0.2}, "topics": {"partitions": 6}}
MANY, FEW, SLOW = 6, 2, 90


def shrink(stage, role, partitions):
    broker.delete_topics(stage.brokers, [stage.topic(role)])
    broker.create_topics(stage.brokers, {stage.topic(role): None}, partitions)


def decides(stage, daemon, n, seed):
    """n more samples are decided, those of all partitions there are; and lag is told of none that is gone."""
    before = daemon.metric("samples_total")
    feed(stage, n, seed=seed)
    wait(lambda: "%d samples are decided: %s" % (n, daemon.metric("samples_total") - before), lambda: daemon.metric("samples_total") - before >= n, SLOW)
    equal(daemon.metric("samples_total") - before, n, "samples decided")
    stage.caught_up(SLOW)
    wait("no lag", lambda: daemon.metric("lag_samples") == 0, SLOW)
    wait("ready", lambda: daemon.get("/readyz") == (200, "ok\n"), SLOW)


def learns(stage, daemon, before):
    """All tasks of the topic are answered and learned, beside `before` rows; the number of rows now."""
    oracle, tasks = Oracle(stage), len(stage.tasks())
    oracle.start()
    check(tasks > 20, "tasks: %d", tasks)
    wait(lambda: "%d and %d rows: %s" % (before, tasks, daemon.metric("labelled_rows")), lambda: daemon.metric("labelled_rows") == before + tasks, SLOW)
    oracle.end()
    return before + tasks


def test(stage):
    stage.create(MANY)
    daemon = stage.start(CHANGES).ready()
    decides(stage, daemon, 1000, 1)
    rows = learns(stage, daemon, 0)

    shrink(stage, "samples", FEW)
    decides(stage, daemon, 400, 2)
    daemon.stop()
    shrink(stage, "samples", 1)
    daemon = stage.start(CHANGES).ready()
    decides(stage, daemon, 300, 3)
    equal(daemon.find("partitions_gone")[0]["there"], "1", "partitions that are left")
    rows = learns(stage, daemon, 0)  # those of before are answered again, alike

    shrink(stage, "tasks", FEW)
    decides(stage, daemon, 400, 4)
    rows = learns(stage, daemon, rows)
    shrink(stage, "labels", FEW)
    shrink(stage, "predictions", FEW)
    shrink(stage, "tasks", 1)
    decides(stage, daemon, 400, 5)
    rows = learns(stage, daemon, rows)
    check(len(stage.read("predictions")) >= 400, "predictions")

    daemon.stop()
    for role in ("tasks", "labels", "predictions"):
        shrink(stage, role, 1)
    daemon = stage.start(CHANGES).ready()
    decides(stage, daemon, 400, 6)
    learns(stage, daemon, rows)
    equal(len(stage.read("predictions")), 400, "predictions")
    daemon.stop()


main(test)

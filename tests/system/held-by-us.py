"""What waits for us is not taken for what a transaction holds up: a worker whose cycle cannot be written fetches nothing, and what comes meanwhile behind the
end of another partition is no open transaction of somebody."""
import json
import time

import broker
from broker import Writer, check, create_topics, wait
from stream import BAD, feed
from winnowd import main

LOOKED_S, MOST_S = 20, 10  # how long it is looked at, and what may be counted until it is known that nothing is fetched


def test(stage):
    stage.create(partitions=2)
    daemon = stage.start({"budget": {"rate": 1, "burst": 1000}}).ready()
    feed(stage, 40)
    stage.caught_up()
    broker.delete_topics(stage.brokers, [stage.topic("dead_letters")])
    writer = Writer(stage.brokers)
    writer.send(stage.topic("samples"), BAD["not_json"], partition=0)
    writer.flush()
    daemon.await_event("topic_unavailable")
    for n in range(30):
        writer.send(stage.topic("samples"), json.dumps({"id": "n%d" % n, "x": 1, "y": 2, "kind": "a"}), partition=1)
    writer.flush()
    wait("it is known that they are there", lambda: daemon.metric("lag_samples") >= 30)
    for _ in range(LOOKED_S):
        held = daemon.metric("held_up_seconds", topic="samples")
        check(held < MOST_S, "held up for %g s", held)
        time.sleep(1)
    create_topics(stage.brokers, {stage.topic("dead_letters"): None}, 1)
    wait("all is decided", lambda: daemon.metric("samples_admitted_total") == 70)
    daemon.stop()


main(test)

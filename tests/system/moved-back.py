"""I1: a position that was moved back (`kafka.lost_position: earliest`), and a commit right behind that whose outcome is unknown. The group's
old position is beyond the new one; that does not mean that the cycle went through."""
import collections
import json

from broker import check, equal, wait
from confluent_kafka import Consumer, KafkaException, TopicPartition
from kafka_proxy import Proxy
from stream import feed
from winnowd import main

SAMPLES, AHEAD = 100, 1000


def commit_from_outside(stage):
    """Sets the group's positions beyond the ends, as a tool might; whose members are gone."""
    outside = Consumer({"bootstrap.servers": stage.brokers, "group.id": stage.name, "log_level": 2})

    def done():
        try:
            return outside.commit(offsets=[TopicPartition(stage.topic("samples"), p, AHEAD) for p in range(2)], asynchronous=False)
        except KafkaException:
            return None
    wait("the positions are set", done)
    outside.close()


def predictions(stage):
    """{place: how often it was decided}"""
    values = [json.loads(r.value) for r in stage.read("predictions")]
    return collections.Counter((v["partition"], v["offset"]) for v in values)


def test(stage):
    stage.create()
    daemon = stage.start().ready()
    feed(stage, SAMPLES, seed=1)
    stage.caught_up()
    decided = predictions(stage)
    daemon.leave()
    commit_from_outside(stage)
    with Proxy(stage.brokers) as proxy:
        decides = proxy.delay("Produce", 0, topic=stage.topic("predictions"))  # that is not before the positions were moved
        lost = proxy.lose("EndTxn", times=None, transactional_id="%s-one-0" % stage.name, after=decides)
        daemon = stage.start({"kafka": {"brokers": proxy.brokers, "lost_position": "earliest"}}).ready()
        daemon.await_event("position_moved", state="ahead")
        lost.wait()
        daemon.await_event("producer_dead", reason="unknown")
        lost.end()
        wait("every sample is decided again", lambda: set(predictions(stage)) == set(decided) and min(predictions(stage).values()) == 2)
        equal(max(predictions(stage).values()), 2, "times that a sample was decided")
        check(len(decided) > SAMPLES // 2, "only %d samples were good", len(decided))
        daemon.stop()


main(test)

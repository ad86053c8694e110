"""I2: partitions are added while a member is to give its partitions back and cannot commit. The library then joins the group anew without
waiting for it, so the member is of the new generation, and Kafka would take its commit of partitions that are another's by now. What it
had decided is dropped, and the new owners decide those samples: once."""
from accounts import accounts
from broker import PATIENCE, wait
from confluent_kafka.admin import AdminClient, NewPartitions
from kafka_proxy import Proxy
from stream import feed
from winnowd import main

COMMON = {"topic.metadata.refresh.interval.ms": "500"}


def owned(daemon):
    return daemon.metric("partitions_assigned")


def test(stage):
    stage.create(partitions=4)
    with Proxy(stage.brokers) as proxy:
        first = stage.start({"kafka": {"brokers": proxy.brokers, "session_timeout": "30s", "common": COMMON}}, "first.yaml").ready()
        wait("it has all partitions", lambda: owned(first) == 4)
        feed(stage, 500, seed=1)
        stage.caught_up()

        writes = proxy.lose("AddPartitionsToTxn", times=None, transactional_id="%s-one-0" % stage.name)
        feed(stage, 500, seed=2)
        writes.wait()
        second = stage.start({"service": {"instance": "two", "state_dir": str(stage.dir / "two"), "learner": False},
                              "kafka": {"session_timeout": "30s", "common": COMMON}}, "second.yaml").ready()
        since = proxy.mark()
        proxy.wait("the first hears that another has joined", lambda: proxy.count("Heartbeat", since) >= 3)
        since = proxy.mark()
        admin = AdminClient({"bootstrap.servers": stage.brokers})
        admin.create_partitions([NewPartitions(stage.topic("samples"), 6)])[stage.topic("samples")].result(PATIENCE)
        proxy.wait_for("SyncGroup", since)
        wait("the second has its share", lambda: owned(second) == 3)
        writes.end()

        wait("the first has its own", lambda: owned(first) == 3)
        first.await_event("cycle_dropped")
        feed(stage, 500, seed=3)
        stage.caught_up()
        accounts(stage)
        first.stop()
        second.stop()


main(test)

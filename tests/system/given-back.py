"""I2: partitions that are wanted back while their cycle cannot be committed, until the group has gone on without the member. The library
does not say so before they are given back, so the cycle is dropped, the member joins anew, and the new owner decides its samples: once."""
from accounts import accounts
from broker import wait
from kafka_proxy import Proxy
from stream import feed
from winnowd import main

SESSION = "6s"


def owned(daemon):
    return daemon.metric("partitions_assigned")


def test(stage):
    stage.create(partitions=4)
    with Proxy(stage.brokers) as proxy:
        first = stage.start({"kafka": {"brokers": proxy.brokers, "session_timeout": SESSION}}, "first.yaml").ready()
        wait("it has all partitions", lambda: owned(first) == 4)
        feed(stage, 500, seed=1)
        stage.caught_up()

        writes = proxy.lose("AddPartitionsToTxn", times=None, transactional_id="%s-one-0" % stage.name)
        feed(stage, 500, seed=2)
        writes.wait()
        second = stage.start({"service": {"instance": "two", "state_dir": str(stage.dir / "two"), "learner": False}}, "second.yaml").ready()
        since = proxy.mark()
        proxy.wait("the first hears that another has joined", lambda: proxy.count("Heartbeat", since) >= 3)
        beats = proxy.lose("Heartbeat", times=None)
        wait("the group goes on without the first", lambda: owned(second) == 4)
        beats.end()
        writes.end()

        first.await_event("cycle_dropped")
        wait("they share four partitions", lambda: owned(first) == 2 and owned(second) == 2)
        feed(stage, 500, seed=3)
        stage.caught_up()
        accounts(stage)
        first.stop()
        second.stop()


main(test)

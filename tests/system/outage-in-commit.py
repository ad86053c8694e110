"""All brokers go away between the request that commits positions in a transaction and its answer, for longer than the watchdog waits. The client library
holds the worker as long; that is an outage and no stalled thread. When they are back it goes on, and nothing is lost or asked twice."""
import time

from broker import check, equal, wait
from kafka_proxy import Proxy
from stream import Feeder
from winnowd import main

OUTAGE, SLOW = 75, 120  # seconds; a thread counts as stalled after 60


def test(stage):
    stage.create()
    with Proxy(stage.brokers) as proxy:
        daemon = stage.start({"kafka": {"brokers": proxy.brokers}, "budget": {"rate": 0.2}}).ready()
        feeder = Feeder(stage, rate=50)
        feeder.start()
        wait("it decides", lambda: daemon.metric("samples_total") > 100, SLOW)
        proxy.cut("TxnOffsetCommit", shut=True).wait(1, SLOW)
        until = time.monotonic() + OUTAGE
        while time.monotonic() < until:
            equal(daemon.get("/livez")[0], 200, "/livez in an outage")
            time.sleep(0.5)
        equal(daemon.get("/readyz")[0], 503, "/readyz in an outage")
        check(not daemon.find("stalled"), "a thread is said to be stalled")
        proxy.open()
        wait("it goes on", lambda: daemon.get("/readyz")[0] == 200, SLOW)
        feeder.end()
        stage.caught_up(SLOW)
        tasks = stage.tasks()
        equal(len(stage.read("predictions")), len(stage.samples()), "predictions")
        equal(len({t["sample_id"] for t in tasks}), len(tasks), "samples asked about")
        daemon.stop()


main(test)

"""query.alarm: labels are inverted, the random arm's answers say so, and the learner tells it once. A restart and another
process whose store is filled anew know it and do not say it again."""
import json

from broker import check, equal, wait
from stream import Feeder, Inverted, Oracle
from winnowd import main, merge, run

BASE = {"budget": {"rate": 0.2, "random_share": 0.4}, "train": {"labels": 20}}


def told(stage, daemon):
    """How often labels have turned, by the metric, when all that was asked is learned."""
    stage.caught_up()
    return daemon.metric("turns")


def test(stage):
    stage.create()
    oracle = Oracle(stage)
    oracle.start()
    daemon = stage.start(BASE).ready()
    Feeder(stage, rate=1500, total=4000, seed=1).work()
    equal(told(stage, daemon), 0, "nothing has turned")
    equal((daemon.metric("turned"), daemon.find("labels_turned")), (0, []), "nothing is told")

    feeder = Inverted(stage, rate=400, seed=2)
    feeder.start()
    event = daemon.await_event("labels_turned")
    feeder.end()
    equal(event["turns"], "1", "once")
    wait("the metric", lambda: daemon.metric("turned") == 1)
    equal((told(stage, daemon), len(daemon.find("labels_turned"))), (1, 1), "once")
    check(abs(daemon.metric("turn_timestamp_seconds") - int(event["since_ms"]) / 1000) < 0.01, "since when")
    status = json.loads(daemon.get("/status")[1])
    equal((status["turned"], status["turns"]), (1, 1), "/status")
    check("labels have turned" in run("status", "--listen", "127.0.0.1:%d" % daemon.port()).stdout, "status")
    daemon.leave()

    # The same store, and one that is filled anew from the topics: known, and not said again.
    for instance in ({}, {"service": {"instance": "two", "state_dir": str(stage.dir / "two")}}):
        daemon = stage.start(merge(BASE, instance)).ready()
        daemon.await_event("learner_ready")
        wait("it is known", lambda: daemon.metric("turns") == 1)
        Inverted(stage, rate=1500, total=1000, seed=3).work()
        equal((told(stage, daemon), daemon.find("labels_turned")), (1, []), "known")
        daemon.leave()
    oracle.end()


main(test)

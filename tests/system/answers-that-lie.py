"""A broker whose answers are not true for some seconds: errors for every Fetch, ends and beginnings of partitions that are not there, topics that are left out
or have no partitions, a coordinator that is nobody. The daemon runs on, takes no such answer for a position, and is back at work when they are over; in the
end every sample has its outcome, nobody was asked twice, and all is learned."""
import lies
from broker import equal, wait
from kafka_proxy import Proxy
from stream import Feeder, Oracle
from winnowd import main

SLOW, LIES = 120, 25  # lies of a kind that are told before it ends
UNKNOWN, NOT_LEADER, OUT_OF_RANGE, UNKNOWN_TOPIC, STORAGE, NOBODY, NO_CODE = -1, 6, 1, 3, 56, 15, 999


def told(stage):
    """[(API, change)] while it runs."""
    samples, tasks, labels = (stage.topic(t) for t in ("samples", "tasks", "labels"))
    out = [("Fetch", lies.fetch_error(code)) for code in (UNKNOWN, OUT_OF_RANGE, NOT_LEADER, STORAGE, NO_CODE)]
    for topic in (samples, tasks, labels):
        out += [("Metadata", lies.metadata(topic)), ("Metadata", lies.metadata(topic, code=UNKNOWN_TOPIC)), ("Metadata", lies.metadata(topic, drop=True))]
    return out + [("FindCoordinator", lies.coordinator()), ("FindCoordinator", lies.coordinator(NOBODY))]


def told_at_start():
    return [lies.offsets(offset=-1), lies.offsets(add=1000000), lies.offsets(code=UNKNOWN)]


def goes_on(daemon):
    daemon.await_event("ready", SLOW)
    before, rows = daemon.metric("samples_total"), daemon.metric("labelled_rows")

    def well():
        figures = daemon.metrics()
        return (daemon.get("/readyz") == (200, "ok\n") and figures['winnowd_outside_trouble{system="kafka"}'] == 0 and figures["winnowd_samples_total"] >= before + 100
                and figures["winnowd_labelled_rows"] >= rows + 10)
    wait(lambda: "all is well again: %s" % (daemon.get("/readyz"),), well, SLOW, 0.2)


def test(stage):
    stage.create()
    with Proxy(stage.brokers) as proxy:
        changes = {"kafka": {"brokers": proxy.brokers, "common": {"topic.metadata.refresh.interval.ms": "500"}}, "budget": {"rate": 0.2}}
        daemon, oracle = stage.start(changes).ready(), Oracle(stage)
        oracle.start()
        feeder = Feeder(stage, rate=100, bad_every=20)
        feeder.start()
        goes_on(daemon)
        for api, change in told(stage):
            lie = proxy.lie(api, change)
            proxy.shut()  # so that whoever asks once asks again
            proxy.open()
            lie.wait(2 if api == "FindCoordinator" else LIES, SLOW)
            lie.end()
            goes_on(daemon)
        for change in told_at_start():
            daemon.stop()
            lie = proxy.lie("ListOffsets", change)
            daemon = stage.start(changes)
            lie.wait(2, SLOW)
            lie.end()
            goes_on(daemon)
            equal(daemon.metric("positions_moved_total", state="gone") + daemon.metric("positions_moved_total", state="ahead"), 0, "positions that a lie has moved")
        feeder.end()
        stage.caught_up(SLOW)
        samples, tasks = stage.samples(), stage.tasks()
        bad = sum(isinstance(one, tuple) for one in samples.values())
        equal(len(stage.read("dead_letters")), bad, "dead letters")
        equal(len(stage.read("predictions")), len(samples) - bad, "predictions")
        equal(len({t["sample_id"] for t in tasks}), len(tasks), "samples asked about")
        wait("all is learned", lambda: daemon.metric("labelled_rows") == len(tasks), SLOW)
        oracle.end()
        daemon.stop()


main(test)

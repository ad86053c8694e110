"""A topic that we write is deleted while we run: the log names that topic and no other, nothing is passed over, and it goes on when the topic is
there again."""
import broker
from broker import check, wait
from stream import Feeder, feed
from winnowd import main


def test(stage):
    stage.create()
    daemon = stage.start().ready()
    feed(stage, 300, bad_every=10)
    stage.caught_up()
    feeder = Feeder(stage, rate=100, bad_every=10, seed=2)
    feeder.start()
    for role in ("tasks", "dead_letters"):
        since = len(daemon.events)
        gone, others = stage.topic(role), {stage.topic(r) for r in ("tasks", "dead_letters", "predictions")} - {stage.topic(role)}
        broker.delete_topics(stage.brokers, [gone])
        daemon.await_event("topic_unavailable", since=since, seconds=90, topic=gone)
        wait("not ready", lambda: daemon.get("/readyz")[0] == 503, 10)
        blamed = {e["topic"] for e in daemon.events[since:] if e["event"] in ("delivery_failed", "topic_unavailable", "produce_failed")} & others
        check(not blamed, "%s is gone, and %s blamed", gone, blamed)
        broker.create_topics(stage.brokers, {gone: None}, 2)
        wait("ready again", lambda: daemon.get("/readyz")[0] == 200, 60)
        before = daemon.metric("cycles_total", outcome="committed")
        wait("it commits again", lambda: daemon.metric("cycles_total", outcome="committed") > before + 5)
    feeder.end()
    stage.caught_up(60)
    daemon.stop()


main(test)

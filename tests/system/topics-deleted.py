"""A topic is deleted while we run: the log names that topic and no other, nothing is passed over, the trouble is shown until a cycle is through, and it
goes on when the topic is there again. Without the labels topic scoring goes on, and labels of the new one are learned."""
import broker
from broker import check, wait
from stream import Feeder, answer, feed
from winnowd import main

WRITTEN = ("tasks", "dead_letters", "predictions")
CHANGES = {"kafka": {"lost_position": "earliest"}}  # a topic made anew is read from its beginning


def committed(daemon):
    return daemon.metric("cycles_total", outcome="committed")


def written_deleted(stage, daemon, role):
    """A topic that the workers write."""
    since, before = len(daemon.events), committed(daemon)
    gone, others = stage.topic(role), {stage.topic(r) for r in WRITTEN if r != role}
    broker.delete_topics(stage.brokers, [gone])
    daemon.await_event("topic_unavailable", since=since, topic=gone)
    wait("not ready", lambda: daemon.get("/readyz")[0] == 503 and daemon.metric("outside_trouble", system="kafka") == 1)
    # Records of the others may time out with it; that says itself that it names no guilty one.
    blamed = {e.get("topic") for e in daemon.events[since:] if e["event"] in ("delivery_failed", "topic_unavailable", "produce_failed")
              and "another topic" not in e["msg"]} & others
    check(not blamed, "%s is gone, and %s blamed", gone, blamed)

    def through():
        """Whether a cycle is through; the trouble is shown until then."""
        figures = daemon.metrics()
        done = figures['winnowd_cycles_total{outcome="committed"}'] > before
        check(done or figures['winnowd_outside_trouble{system="kafka"}'] == 1, "without %s the trouble seems over", role)
        return done
    before = committed(daemon)
    for _ in range(200):
        check(not through(), "a cycle is through without %s", role)
    broker.create_topics(stage.brokers, {gone: None}, 2)
    wait("it commits again", through, every=0.01)
    wait("ready again", lambda: daemon.get("/readyz")[0] == 200)
    wait("the trouble is over", lambda: daemon.metric("outside_trouble", system="kafka") == 0)
    wait("it goes on", lambda: committed(daemon) > before + 5)


def labels_deleted(stage, daemon):
    """A topic that the learner reads."""
    feed(stage, 600, seed=3)
    stage.caught_up()
    tasks = wait("tasks", lambda: t if len(t := stage.tasks()) >= 20 else None)
    answer(stage, tasks[:10])
    wait("they are learned", lambda: daemon.metric("labelled_rows") == 10)
    since, before = len(daemon.events), committed(daemon)
    broker.delete_topics(stage.brokers, [stage.topic("labels")])
    daemon.await_event("topic_unavailable", since=since, topic=stage.topic("labels"))
    feed(stage, 300, seed=4)
    stage.caught_up()
    check(committed(daemon) > before, "scoring stands still without labels")
    broker.create_topics(stage.brokers, {stage.topic("labels"): None}, 2)
    answer(stage, tasks[10:20])
    wait("those of the new topic are learned", lambda: daemon.metric("labelled_rows") == 20)
    wait("ready", lambda: daemon.get("/readyz")[0] == 200)


def models_deleted(stage, daemon):
    """The topic that everybody follows: scoring goes on, and it is told until the topic is there again."""
    since, before = len(daemon.events), committed(daemon)
    models = stage.topic("models")
    broker.delete_topics(stage.brokers, [models])
    daemon.await_event("topic_unavailable", since=since, topic=models)
    wait("trouble", lambda: daemon.metric("outside_trouble", system="kafka") == 1)
    for page in ("/readyz", "/status"):
        check(models in daemon.get(page)[1], "%s does not name it: %s", page, daemon.get(page)[1])
    feed(stage, 300, seed=5)
    stage.caught_up()
    check(committed(daemon) > before, "scoring stands still without models")
    broker.create_topics(stage.brokers, {models: 1}, 1)
    daemon.await_event("topic_back", since=since, topic=models)
    wait("no trouble any more", lambda: daemon.metric("outside_trouble", system="kafka") == 0)
    check("is not there any more" not in daemon.get("/readyz")[1], "/readyz goes on telling: %s", daemon.get("/readyz")[1])


def samples_deleted(stage, daemon):
    """The topic that is scored: the group just has no partitions, and what is said is why."""
    since, samples = len(daemon.events), stage.topic("samples")
    broker.delete_topics(stage.brokers, [samples])
    daemon.await_event("topic_unavailable", since=since, topic=samples)
    wait("trouble", lambda: daemon.metric("outside_trouble", system="kafka") == 1)
    wait("the group has noticed", lambda: daemon.metric("partitions_assigned") == 0)
    code, said = daemon.get("/readyz")
    check(code == 503 and "topic %s is not there" % samples in said and "rebalanced" not in said, "/readyz: %d %s", code, said)
    broker.create_topics(stage.brokers, {samples: None}, 2)
    daemon.await_event("topic_back", since=since, topic=samples)
    check("is not there" not in daemon.get("/readyz")[1], "/readyz goes on telling: %s", daemon.get("/readyz")[1])


def test(stage):
    stage.create()
    daemon = stage.start(CHANGES).ready()
    feed(stage, 300, bad_every=10)
    stage.caught_up()
    feeder = Feeder(stage, rate=100, bad_every=10, seed=2)
    feeder.start()
    for role in WRITTEN:
        written_deleted(stage, daemon, role)
    feeder.end()
    stage.caught_up()
    labels_deleted(stage, daemon)
    models_deleted(stage, daemon)
    samples_deleted(stage, daemon)
    daemon.stop()


main(test)

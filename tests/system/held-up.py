"""A transaction that somebody leaves open on the labels holds back every answer behind it: the learner says so, scoring and asking go on, and what was
held back is learned when the transaction ends, once. On the samples it holds back those, and that is said too."""
import json

from confluent_kafka import Producer

from broker import PATIENCE, equal, wait
from stream import answer, feed
from winnowd import main, run

SAID = 70  # seconds: a transaction that is open for 60 is said, and every 60 the topics are looked over, which forgets nothing


def open_transaction(stage, what):
    """A writer of that topic that never comes to its end; what it writes is nothing that anybody waits for."""
    writer = Producer({"bootstrap.servers": stage.brokers, "transactional.id": stage.topic("stranger"), "transaction.timeout.ms": 600000})
    writer.init_transactions(PATIENCE)
    writer.begin_transaction()
    writer.produce(stage.topic(what), b'{"id": "nobody"}', partition=0)
    writer.flush(PATIENCE)
    return writer


def test(stage):
    stage.create(partitions=1)
    daemon = stage.start({"budget": {"rate": 1, "burst": 1000}}).ready()
    feed(stage, 40)
    stage.caught_up()
    tasks = stage.tasks()
    answer(stage, tasks[:10])
    wait("the first answers are learned", lambda: daemon.metric("labelled_rows") == 10)
    equal(daemon.metric("held_up_seconds", topic="labels"), 0, "held up before anything is open")

    stranger = open_transaction(stage, "labels")
    answer(stage, tasks[10:20])
    wait("it is held up", lambda: daemon.metric("held_up_seconds", topic="labels") > SAID, SAID + PATIENCE)
    wait("it says so", lambda: daemon.find("held_up", topic=stage.topic("labels")))
    equal(daemon.metric("labelled_rows"), 10, "rows while it is held up")
    equal(daemon.metric("held_up_seconds", topic="tasks"), 0, "the tasks topic")
    before = daemon.metric("samples_admitted_total")
    feed(stage, 40, seed=2)
    wait("scoring goes on", lambda: daemon.metric("samples_admitted_total") == before + 40)

    told = run("offsets", "-c", stage.dir / "winnowd.yaml", "show", "--json")
    row, = [r for r in json.loads(told.stdout) if r["topic"] == "labels"]
    equal((row["state"], row["lag"]), ("held up", 11), "what `winnowd offsets show` says")
    stranger.abort_transaction(PATIENCE)
    wait("what was held back is learned", lambda: daemon.metric("labelled_rows") == 20)
    wait("it is held up no more", lambda: daemon.metric("held_up_seconds", topic="labels") == 0)
    wait("it says so", lambda: daemon.find("held_up_no_more"))

    stranger = open_transaction(stage, "samples")
    feed(stage, 40, seed=3)
    wait("samples are held up", lambda: daemon.metric("held_up_seconds", topic="samples") > 3)
    equal(daemon.metric("samples_admitted_total"), before + 40, "samples decided while they are held up")
    stranger.abort_transaction(PATIENCE)
    wait("they are decided", lambda: daemon.metric("samples_admitted_total") == before + 80)
    wait("they are held up no more", lambda: daemon.metric("held_up_seconds", topic="samples") == 0)
    daemon.stop()


main(test)

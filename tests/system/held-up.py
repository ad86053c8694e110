"""A transaction that somebody leaves open on the labels holds back every answer behind it: the learner says so, scoring and asking go on, and what was
held back is learned when the transaction ends, once."""
import json
import subprocess

from confluent_kafka import Producer

from broker import Writer, equal, wait
from stream import feed, truth_of
from winnowd import BINARY, main

SAID = 70  # seconds: a transaction that is open for 60 is said, and every 60 the topics are looked over, which forgets nothing


def answers(stage, tasks, take):
    return [json.dumps({"id": t["id"], "label": truth_of(t["sample_id"]), "annotator": "ann"}) for t in tasks[take]]


def open_transaction(stage):
    """A writer of the labels topic that never comes to its end; its record is one that no task knows."""
    writer = Producer({"bootstrap.servers": stage.brokers, "transactional.id": stage.topic("stranger"), "transaction.timeout.ms": 600000})
    writer.init_transactions(60)
    writer.begin_transaction()
    writer.produce(stage.topic("labels"), b'{"id": "nobody"}', partition=0)
    writer.flush(60)
    return writer


def test(stage):
    stage.create(partitions=1)
    daemon = stage.start({"budget": {"rate": 1, "burst": 1000}}).ready()
    feed(stage, 40)
    stage.caught_up()
    tasks = stage.tasks()
    labels = Writer(stage.brokers)

    def say(take):
        for answer in answers(stage, tasks, take):
            labels.send(stage.topic("labels"), answer)
        labels.flush()

    say(slice(0, 10))
    wait("the first answers are learned", lambda: daemon.metric("labelled_rows") == 10, 60)
    equal(daemon.metric("held_up_seconds", topic="labels"), 0, "held up before anything is open")

    stranger = open_transaction(stage)
    say(slice(10, 20))
    wait("it is held up", lambda: daemon.metric("held_up_seconds", topic="labels") > SAID, SAID + 120)
    wait("it says so", lambda: daemon.find("held_up", topic=stage.topic("labels")))
    equal(daemon.metric("labelled_rows"), 10, "rows while it is held up")
    equal(daemon.metric("held_up_seconds", topic="tasks"), 0, "the tasks topic")
    before = daemon.metric("samples_admitted_total")
    feed(stage, 40, seed=2)
    wait("scoring goes on", lambda: daemon.metric("samples_admitted_total") == before + 40, 60)

    told = subprocess.run([BINARY, "offsets", "-c", stage.dir / "winnowd.yaml", "show", "--json"], stdout=subprocess.PIPE, text=True, timeout=120)
    row, = [r for r in json.loads(told.stdout) if r["topic"] == "labels"]
    equal((row["state"], row["lag"]), ("held up", 11), "what `winnowd offsets show` says")
    stranger.abort_transaction(60)
    wait("what was held back is learned", lambda: daemon.metric("labelled_rows") == 20, 120)
    wait("it is held up no more", lambda: daemon.metric("held_up_seconds", topic="labels") == 0, 60)
    wait("it says so", lambda: daemon.find("held_up_no_more"))
    daemon.stop()


main(test)

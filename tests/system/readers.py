"""What several readers of one sample are asked, and what they say; and a learner that is killed while it asks."""
import json
import time

from accounts import progress
from broker import Writer, check, wait
from confluent_kafka import Producer
from winnowd import CLASSES


def read_by(task_id, before, after):
    """The id of reader `after`'s task, by that of reader `before`'s."""
    return task_id[:-1] + "%x" % (int(task_id[-1], 16) ^ (before - 1) ^ (after - 1))


def other(class_):
    return CLASSES[1 - CLASSES.index(class_)]


def say(stage, answers):
    """(task id, class, who) of each."""
    writer = Writer(stage.brokers)
    for task_id, class_, who in answers:
        writer.send(stage.topic("labels"), json.dumps({"id": task_id, "label": class_, "annotator": who}), key=task_id)
    writer.flush()


def records(stage):
    return [json.loads(r.value) for r in stage.read("tasks")]


def thirds(stage):
    """{id: record} of third readers' tasks, each there once."""
    out = {}
    for r in records(stage):
        if r["meta"].get("reader") == 3:
            check(r["meta"]["id"] not in out, "a third reader was asked twice: %s", r["meta"]["id"])
            out[r["meta"]["id"]] = r
    return out


def status(daemon):
    return json.loads(daemon.get("/status")[1])


def stranger(stage):
    """Somebody's open transaction on the tasks topic: what is committed behind it cannot be read until it ends."""
    writer = Producer({"bootstrap.servers": stage.brokers, "transactional.id": stage.topic("stranger"), "transaction.timeout.ms": 600000})
    writer.init_transactions(60)
    writer.begin_transaction()
    for partition in range(2):
        writer.produce(stage.topic("tasks"), b"{}", partition=partition)
    writer.flush(60)
    return writer


def killed_unread(stage, changes, daemon, due, ask):
    """Killed when third readers were asked and nobody can read their tasks yet: only the progress record knows. ask(n): n more are due, by these ids.
    The daemon that runs then; due grows."""
    def named():
        return set(progress(stage).get("opinions", [])) == due - set(thirds(stage))

    writer = stranger(stage)
    due |= ask(4)
    wait("progress names them", named)
    daemon.kill()
    daemon = stage.start(changes).ready()
    due |= ask(1)
    wait("it goes on from there", named)
    daemon.kill()
    writer.abort_transaction(60)
    daemon = stage.start(changes).ready()
    wait("each was asked once", lambda: set(thirds(stage)) == due)
    return daemon


def killed_at_any_moment(stage, changes, daemon, due, ask, kills):
    """ask(): some more are due, by these ids. The daemon that runs then; due grows."""
    for _ in range(kills):
        due |= ask()
        time.sleep(stage.random.uniform(0, 2))
        daemon.kill()
        daemon = stage.start(changes)
    daemon.ready()
    wait("each was asked", lambda: set(thirds(stage)) == due)
    return daemon

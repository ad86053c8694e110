"""Answers as other tools write them: by pointers, and in Label Studio's own forms. What cannot be read goes to the dead letters, once, and `retry` takes it again."""
import json

import broker
from broker import Writer, check, equal, wait
from stream import sample
from winnowd import main, run

MAPPING = {"sample_id": "/case/tx", "label": "/verdict", "values": ["true=bad", "false=good", "unsure=cannot_tell"], "time": "/closed", "time_unit": "s", "annotator": "/by/0"}


def studio(task, choice):
    """What Label Studio's webhook posts."""
    result = [{"from_name": "label", "to_name": "event", "type": "choices", "value": {"choices": [choice]}}]
    annotation = {"id": 1, "result": result, "was_cancelled": False, "completed_by": 3, "updated_at": "2026-11-23T08:26:42.064117Z", "task": 4}
    return {"action": "ANNOTATION_CREATED", "annotation": annotation, "project": {"id": 1}, "task": {"id": 4, "data": task["data"], "meta": task["meta"]}}


def test(stage):
    stage.create()
    settings = {"budget": {"rate": 1}, "labels": MAPPING}
    daemon = stage.start(settings).ready()
    writer = Writer(stage.brokers)
    for n in range(40):
        writer.send(stage.topic("samples"), sample(n, stage.random)[1])
    writer.flush()
    stage.caught_up()
    tasks = [json.loads(r.value) for r in stage.read("tasks")]
    check(len(tasks) >= 8, "tasks: %d", len(tasks))

    def say(record):
        writer.send(stage.topic("labels"), record if isinstance(record, bytes) else json.dumps(record).encode())
        writer.flush()

    def fates(outcome):
        return daemon.metric("labels_total", outcome=outcome)

    names = [t["meta"]["sample_id"] for t in tasks]
    say({"case": {"tx": names[0]}, "verdict": True, "closed": 1795422402, "by": ["eva"], "id": None, "outcome": None})
    say({"case": {"tx": names[1]}, "verdict": "false", "by": []})
    say({"case": {"tx": names[2]}, "verdict": "unsure"})
    say({"id": tasks[3]["meta"]["id"], "label": "bad", "source": "page"})  # our own form on the same topic
    say(studio(tasks[4], "good"))
    say({"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 2}], "project": {"id": 1}})
    wait("the answers are learned", lambda: (fates("learned"), fates("cannot_tell"), fates("no_answer")) == (4, 1, 1))

    # Unreadable: a dead letter each, whoever reads the topic again.
    bad = [b'{"case":{"tx":"%s"},"Verdict":true}' % names[5].encode(), b"\x1f\x8bzip", b'{"case":{"tx":"t"},"verdict":[]}']
    for record in bad:
        say(record)
    wait("they are unreadable", lambda: fates("unreadable") == 3)

    def letters():
        return [r for r in stage.read("dead_letters") if "__connect.errors.topic" in r.headers]

    wait("they are dead letters", lambda: len(letters()) == 3)
    for letter in letters():
        equal(letter.headers["__connect.errors.topic"].decode(), stage.topic("labels"), "where it stood")
        equal(letter.headers["__connect.errors.exception.class.name"].decode(), "label_unreadable", "reason")
    equal({r.value for r in letters()}, set(bad), "their values")
    wait("they are counted", lambda: daemon.metric("dead_letters_total", reason="label_unreadable") == 3)
    check(any("no label" in r.headers["__connect.errors.exception.message"].decode() for r in letters()), "what is wrong is said")
    wait("progress is told", lambda: any(r.key and r.key.endswith(b"/progress") and sum(json.loads(r.value)["labels"].values()) >= 9 for r in stage.read("models")))
    daemon.stop()

    # A lost store reads all labels again, and writes no letter twice.
    daemon = stage.start({**settings, "service": {"state_dir": str(stage.dir / "fresh")}}, "fresh.yaml").ready()
    wait("all is read again", lambda: fates("unreadable") == 3 and daemon.metric("labelled_rows") == 4)
    say(b"[]")
    wait("a new one is a letter", lambda: len(letters()) >= 4)
    equal(len(letters()), 4, "dead letters after a lost store")
    daemon.stop()

    # The mapping is mended: the first one becomes an answer, the others stay what they are.
    mended = stage.config({**settings, "labels": {**MAPPING, "label": "/Verdict"}}, "mended.yaml")
    done = run("dead-letters", "-c", mended, "retry", "--all")
    check(done.returncode == 0 and "1 fed again" in done.stderr, "retry: %s", done.stdout + done.stderr)
    fed = [r for r in stage.read("labels") if r.headers.get("winnowd.retry.of")]
    equal([r.value for r in fed], bad[:1], "labels that were fed again")
    equal([r for r in stage.read("samples") if r.headers.get("winnowd.retry.of")], [], "none of them is a sample")
    daemon = stage.start_with(mended).ready()
    wait("it is learned", lambda: daemon.metric("labelled_rows") == 5)
    daemon.stop()

    # Labels topics that are made anew, between two lives and within one: what was written of the old ones holds nothing of the new ones up.
    def anew():
        broker.delete_topics(stage.brokers, [stage.topic("labels")])
        broker.create_topics(stage.brokers, {stage.topic("labels"): None}, 2)

    def told(value):
        return value in {r.value for r in letters()}
    anew()
    say(b"[1]")
    daemon = stage.start({**settings, "kafka": {"lost_position": "earliest"}}, "anew.yaml").ready()
    wait("a letter of the new topic", lambda: told(b"[1]"))
    anew()
    say(b"[2]")
    wait("a letter of the newest topic", lambda: told(b"[2]"))


main(test)

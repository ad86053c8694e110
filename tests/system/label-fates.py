"""Every fate of a label, sent on purpose and counted: learned, revised, duplicate, conflict, skipped, cannot_tell, early, late, unknown,
unknown_class, unknown_source, unreadable, no_answer, own_event. And the labelled set is what they add up to."""
import json
import time

from broker import Writer, check, equal, wait
from stream import feed, sample, truth_of
from winnowd import main

FATES = ("learned", "revised", "duplicate", "conflict", "skipped", "cannot_tell", "early", "late", "unknown", "unknown_class", "unknown_source", "unreadable", "no_answer", "own_event")
MASK = (1 << 64) - 1
SOURCES = ["desk", "chargebacks"]
CHANGES = {"budget": {"rate": 1}, "train": {"sources": SOURCES}}


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def task_id(topic, partition, offset, time_ms):
    """The id that a sample's task will have (docs/FORMATS.md): an early label must name it."""
    name = 0xCBF29CE484222325
    for byte in topic.encode():
        name = ((name ^ byte) * 0x100000001B3) & MASK
    a = mix(mix(mix(name) ^ partition) ^ offset)
    b = mix(a ^ name)
    return "%08x-%04x-7%03x-%04x-%012x" % (time_ms >> 16, time_ms & 0xFFFF, b & 0xFFF, 0x8000 | (a >> 48 & 0x3FFF), a & 0xFFFFFFFFFFFF)


def test(stage):
    stage.create()
    daemon = stage.start(CHANGES).ready()
    labels, sent = Writer(stage.brokers), []

    def fates():
        figures = daemon.metrics()
        return {f: int(figures['winnowd_labels_total{outcome="%s"}' % f]) for f in FATES}

    expected = dict.fromkeys(FATES, 0)

    def answer(fate, record, key=None):
        """Sends a label and waits until it is counted, as that fate and no other."""
        if isinstance(record, dict):
            record = {"source": "desk", **record}
        sent.append(record)
        labels.send(stage.topic("labels"), record if isinstance(record, bytes) else json.dumps(record), key=key)
        labels.flush()
        expected[fate] += 1
        wait(lambda: "fate %s of %s: %s, wanted %s" % (fate, record, fates(), expected), lambda: fates() == expected)

    def open_tasks(n, seed):
        before = {t["id"] for t in stage.tasks()}
        feed(stage, 60, seed=seed)
        stage.caught_up()
        # The offset of a transaction is seen before its records are: the marker reaches one partition after the other.
        tasks = wait("%d tasks" % n, lambda: [fresh] if len(fresh := [t for t in stage.tasks() if t["id"] not in before]) >= n else None)[0]
        wait("the learner has read the tasks", lambda: daemon.metric("learner_tasks_total") >= len(before) + len(tasks))
        return tasks

    tasks = iter(open_tasks(30, 1))
    other = {"good": "bad", "bad": "good"}

    task = next(tasks)
    truth = truth_of(task["sample_id"])
    answer("learned", {"id": task["id"], "label": truth, "annotator": "ann"})
    answer("duplicate", {"id": task["id"], "label": truth, "annotator": "ann"})
    answer("conflict", {"id": task["id"], "label": other[truth], "annotator": "bob"})
    answer("duplicate", {"id": task["id"], "label": other[truth], "annotator": "bob", "revision": 1})  # no change is no revision
    answer("revised", {"id": task["id"], "label": truth, "annotator": "ann", "revision": 2})
    rows = 1
    task = next(tasks)
    answer("learned", {"sample_id": task["sample_id"], "label": "good"})
    answer("learned", {"id": next(tasks)["id"].upper(), "label": "bad"})
    rows += 2
    answer("skipped", {"id": next(tasks)["id"], "outcome": "skipped"})
    answer("cannot_tell", {"id": next(tasks)["id"], "outcome": "cannot_tell"})
    answer("unknown_class", {"id": next(tasks)["id"], "label": "ugly"})
    said = daemon.await_event("label_refused", label="ugly")
    equal(said["allowed"], "good|bad", "the classes that are allowed")
    answer("unknown_source", {"id": next(tasks)["id"], "label": "good", "source": "stranger"})
    answer("unknown_source", {"id": next(tasks)["id"], "label": "good", "source": None})
    daemon.await_event("label_foreign", source="stranger")
    for broken in (b"{", b"[]", b"", b"\xff\xfe", b'{"label":"good"}', b'{"id":"x"}'):
        answer("unreadable", broken)
    answer("own_event", {"label": "bad", "data": {"id": "chargeback", "x": 1.5, "y": 0, "kind": "a"}, "source": "chargebacks"})
    rows += 1
    answer("unreadable", {"label": "bad", "data": {"id": "chargeback", "x": "much"}})
    # An event in another shape: its row of zeros was learned as if it meant something.
    answer("unreadable", {"label": "bad", "data": {}})
    answer("no_answer", {"action": "TASKS_CREATED", "project": {"id": 1}, "tasks": []})  # Label Studio's webhook
    answer("unknown", {"id": "1234", "label": "good"})
    daemon.await_event("label_unknown", id="1234")
    wait("labelled rows", lambda: daemon.metric("labelled_rows") == rows)

    # Early: the label is there before its sample. The budget is 1, but no single sample is sure to be asked.
    asked, waiting = False, 0
    for attempt in range(5):
        now = int(time.time() * 1000)
        partition, offset = 0, max(o for p, (o, _) in stage.state().items() if p == 0)
        sent_early = task_id(stage.topic("samples"), partition, offset, now)
        answer("early", {"id": sent_early, "label": "good"})
        wait("it waits", lambda: daemon.metric("parked_labels") == waiting + 1)
        writer = Writer(stage.brokers)
        name, value = sample(1000001 + attempt, stage.random)
        writer.send(stage.topic("samples"), value, partition=partition, time_ms=now)
        writer.flush()
        stage.caught_up()
        asked = any(t["id"] == sent_early for t in stage.tasks())
        if asked:
            break
        waiting += 1
    check(asked, "no sample of an early label was asked with a budget of 1")
    wait("the early label joined", lambda: daemon.metric("parked_labels") == waiting)
    rows += 1
    expected["learned"] += 1
    wait("labelled rows", lambda: daemon.metric("labelled_rows") == rows)

    # Unknown: no task ever comes; counted when it is given up, as are those whose sample was not asked.
    sent_unknown = {"id": task_id("no such topic", 0, 0, now), "label": "good"}
    answer("early", sent_unknown)
    daemon.stop()
    daemon = stage.start({**CHANGES, "train": {"park": "1s", "sources": SOURCES}}, "short.yaml").ready()
    expected = {**dict.fromkeys(FATES, 0), "unknown": waiting + 1}
    wait(lambda: "given up: %s" % fates(), lambda: fates() == expected and daemon.metric("parked_labels") == 0)
    daemon.stop()

    # Late: the task has expired.
    daemon = stage.start({**CHANGES, "route": {"expiry": "1s"}}, "late.yaml").ready()
    expected = dict.fromkeys(FATES, 0)
    expired_before = daemon.metric("tasks_expired_total")
    late = open_tasks_of(stage, daemon)
    wait("tasks expire", lambda: daemon.metric("tasks_expired_total") >= expired_before + len(late))
    answer("late", {"id": late[0]["id"], "label": "good"})
    daemon.stop()


def open_tasks_of(stage, daemon):
    before = {t["id"] for t in stage.tasks()}
    feed(stage, 60, seed=7)
    stage.caught_up()
    tasks = [t for t in stage.tasks() if t["id"] not in before]
    wait("the learner has read them", lambda: daemon.metric("learner_tasks_total") >= len(tasks))
    return tasks


main(test)

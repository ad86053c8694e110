"""Limits of topics far below the usual (promise I10): no size stops the stream. A hundred small tasks are sent in batches that fit, a task that does
not fit goes without its event, then as a dead letter; dead letters are shortened; versions go in more chunks. A limit that is lowered while the daemon
runs is learned from the refusal. `check --online` says all of it before."""
import json
import random
import re

import broker
from accounts import once, place
from broker import Writer, check, configure_topic, equal, wait
from stream import BAD, Oracle, sample
from winnowd import main, run

TASKS, LETTERS, MODELS, LOWER = 20000, 3000, 20000, 6000  # max.message.bytes
WIDE = 1500  # columns; the row of a sample that fills them all is larger than TASKS


def properties(what, size):
    """Of a topic with that limit."""
    return {"max.message.bytes": str(size), **({"cleanup.policy": "compact"} if what == "models" else {})}


def settings(**more):
    features = [{"name": "x", "required": True}, {"name": "y"}] + [{"name": "w%d" % i} for i in range(WIDE)]
    return {"budget": {"rate": 1, "burst": 1000}, "features": features, "query": {"cold_labels": 5}, "train": {"interval": "200ms", "labels": 50}, **more}


class Sender:
    """Samples of chosen sizes: .large, .wide and .bad are ids."""

    def __init__(self, stage):
        self.stage, self.rng, self.writer = stage, random.Random(3), Writer(stage.brokers)
        self.n, self.large, self.wide = 0, set(), set()

    def send(self, event=0, wide=False):
        self.n += 1
        name, value = sample(self.n, self.rng)
        record = {**json.loads(value), "text": "x" * event}
        if wide:
            record.update({"w%d" % i: self.rng.random() for i in range(WIDE)})
            self.wide.add(name)
        elif event > 2000:
            self.large.add(name)
        self.writer.send(self.stage.topic("samples"), json.dumps(record), key=name)

    def send_bad(self):
        """A record that can not be read and is larger than its dead letter may be."""
        self.writer.send(self.stage.topic("samples"), BAD["not_json"] + b"x" * 50000, headers=[("bad", b"not_json"), ("long", b"h" * 5000)])


def online(stage):
    """What `check --online` says of the topics, by option."""
    done = run("check", "-c", stage.config(settings()), "--online")
    return done.returncode, "\n".join(line for line in done.stdout.splitlines() if "size of" in line or "batches up to" in line)


def accounted(stage, sender):
    """Every sample that was asked has its task, or the dead letter in its place, once; the dead letters."""
    asked = {(p["partition"], p["offset"]): p["sample_id"] for p in (json.loads(r.value) for r in stage.read("predictions")) if p["asked"]}
    tasks = {place(t["meta"]): t for t in (json.loads(r.value) for r in stage.read("tasks"))}
    letters = stage.read("dead_letters")
    refused = once(((int(r.headers["__connect.errors.partition"]), int(r.headers["__connect.errors.offset"])) for r in letters
                    if r.headers["__connect.errors.exception.class.name"] == b"task_too_large"), "dead letters of tasks")
    equal(len(stage.tasks()), len(tasks), "tasks")
    equal(set(tasks) | refused, set(asked), "samples with a task or a dead letter in its place")
    for p, name in asked.items():
        equal(p in refused, name in sender.wide, "too large even without its event: %s" % name)
    for p, task in tasks.items():
        without = task["data"]["event"] is None
        equal((without, task["meta"].get("event_left_out", False)), (asked[p] in sender.large,) * 2, "no event of %s" % asked[p])
    check(any(asked[p] in sender.large for p in tasks) and refused, "no sample was too large")
    for r in letters:
        check(len(r.value or b"") < LETTERS and "winnowd.value.bytes" in r.headers, "a dead letter of %d bytes: %s", len(r.value or b""), r.headers)
    return letters


def test(stage):
    stage.create(without=("tasks", "dead_letters", "models"))
    for what, size, partitions in (("tasks", TASKS, 2), ("dead_letters", LETTERS, 2), ("models", MODELS, 1)):
        broker.create_topics(stage.brokers, {stage.topic(what): partitions}, partitions, properties(what, size))
    code, said = online(stage)
    check(code == 0 and "batches up to 20000 bytes" in said and re.search(r"\? +size of tasks .* a record may have 20000.* Raise max.message.bytes", said)
          and re.search(r"ok +size of versions", said) and re.search(r"\? +size of dead letters", said), "check --online: %s", said)
    daemon = stage.start(settings()).ready()
    oracle, sender = Oracle(stage), Sender(stage)
    oracle.start()
    for i in range(200):
        sender.send(event=1100)
        if i % 50 == 0:
            sender.send(event=50000)
            sender.send(wide=True)
            sender.send_bad()
    sender.writer.flush()
    stage.caught_up()
    letters = accounted(stage, sender)
    equal(sum(r.headers["__connect.errors.exception.class.name"] == b"not_json" for r in letters), 4, "dead letters of bad records")
    equal(daemon.metric("transactions_total", outcome="aborted"), 0, "transactions that the broker refused")
    wait("a version is live", lambda: daemon.metric("model_version") > 0)
    chunks = [r for r in stage.read("models") if b"/model/" in r.key and r.value]
    check(int(chunks[0].headers["chunks"]) > 1 and max(len(r.value) for r in chunks) < MODELS, "chunks: %s", chunks[0].headers)
    lowered(stage, daemon, sender)
    no_version_fits(stage, daemon, sender)
    daemon.stop()
    oracle.end()
    print("%d samples, %d chunks a version" % (sender.n, int(chunks[0].headers["chunks"])))


def lowered(stage, daemon, sender):
    """A smaller limit while the daemon runs: one refusal, and it knows."""
    configure_topic(stage.brokers, stage.topic("tasks"), properties("tasks", LOWER))
    for _ in range(100):
        sender.send(event=1100)
    sender.send(event=8000)
    sender.writer.flush()
    stage.caught_up()
    accounted(stage, sender)
    daemon.await_event("batch_too_large")
    check(daemon.metric("transactions_total", outcome="aborted") <= 3, "%g transactions refused", daemon.metric("transactions_total", outcome="aborted"))


def no_version_fits(stage, daemon, sender):
    """No version fits into what the models topic takes now: learning fails and says so; scoring goes on. Each life after it fails the same way: the
    trouble never seems over between two of them, and each rest is twice as long as the one before."""
    configure_topic(stage.brokers, stage.topic("models"), properties("models", 600))
    for _ in range(120):
        sender.send(event=100)
    sender.writer.flush()
    daemon.await_event("version_too_large")
    daemon.await_event("learner_failed")

    def in_trouble():
        check("learning has failed" in daemon.get("/readyz")[1] and daemon.metric("learner_failed") == 1, "the trouble seems over: %s", daemon.get("/readyz"))
        return len(daemon.find("learner_failed")) >= 3
    wait("two lives more", in_trouble, every=0.02)
    equal([e["again_in_ms"] for e in daemon.find("learner_failed")][:3], ["5000", "10000", "20000"], "rests")
    stage.caught_up()
    code, said = online(stage)
    check(code == 78 and re.search(r"wrong +size of versions .* no model could be published", said), "check --online: %s", said)
    configure_topic(stage.brokers, stage.topic("models"), properties("models", MODELS))
    version = daemon.metric("model_version")
    wait("learning goes on", lambda: daemon.metric("model_version") > version)
    wait("the trouble is over", lambda: daemon.get("/readyz") == (200, "ok\n") and daemon.metric("learner_failed") == 0)


main(test)

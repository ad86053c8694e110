"""What flows on a stage: samples and bad records, whoever feeds them, and an oracle that answers tasks.

Samples are {"id", "x", "y", "kind"}. The id says the true class ("17-bad"), so whoever reads a task knows the answer.
"""
import itertools
import json
import random
import threading
import time
import traceback

from broker import PATIENCE, Reader, Writer, check
from winnowd import CLASSES


def truth_of(sample_id):
    """The true class, which a sample's id says: "17-bad"."""
    return sample_id.rsplit("-", 1)[1]


def task(n):
    """A task as a worker writes it: its id and the record."""
    task_id, now_ms = "01a2025d-5200-7000-8000-%012x" % n, int(time.time() * 1000)
    data = {"event": {"x": n}, "id": task_id, "sample_id": "s-%d" % n, "priority": 0.5, "reason": "random", "summary": "s-%d" % n}
    meta = {"format": 1, "id": task_id, "sample_id": "s-%d" % n, "reason": "random", "measure": "entropy", "manager": "random",
            "arm": "random", "utility": 0.5, "threshold": 0, "propensity": 0.5, "manager_probability": 0.5, "priority": 0.5, "model": 0,
            "policy": 0, "admitted": 1, "covered": 1, "time_ms": now_ms, "asked_ms": now_ms, "expires_ms": now_ms + 86400000,
            "source": {"topic": "samples", "partition": 0, "offset": n}, "fingerprint": "00000000000000ff", "classes": ["good", "bad"],
            "probabilities": [], "members": [], "row": [1.0]}
    return task_id, json.dumps({"data": data, "predictions": [], "meta": meta})


def send_tasks(stage, writer, sent, n):
    """Writes n new tasks behind those that were `sent`; their ids."""
    for _ in range(n):
        task_id, record = task(len(sent))
        sent.append(task_id)
        writer.send(stage.topic("tasks"), record, key=task_id.encode())
    writer.flush()
    return sent[-n:]


def sample(n, rng):
    """(id, JSON): two classes that a line separates but for some noise."""
    x, y = rng.uniform(-2, 2), rng.uniform(-2, 2)
    bad = x + 0.5 * y + rng.gauss(0, 0.4) > 1
    name = "%d-%s" % (n, CLASSES[bad])
    return name, json.dumps({"id": name, "x": round(x, 4), "y": round(y, 4), "kind": "abc"[n % 3]})


BAD = {  # reason: value
    "empty": b"", "not_json": b'{"id": "broken', "too_deep": b'{"id":"deep","x":' + b"[" * 40 + b"]" * 40 + b"}",
    "not_utf8": b'{"id":"u","x":1,"y":2,"kind":"\xff\xfe"}', "not_finite": b'{"id":"f","x":1e999,"y":2,"kind":"a"}',
    "wrong_type": b'{"id":"t","x":"one","y":2,"kind":"a"}', "missing_field": b'{"id":"m","y":2,"kind":"a"}',
    "bad_id": b'{"id":[1],"x":1,"y":2,"kind":"a"}',
}


def answer(stage, tasks):
    """A label for each of the tasks, as its sample's id says."""
    writer = Writer(stage.brokers)
    for t in tasks:
        writer.send(stage.topic("labels"), json.dumps({"id": t["id"], "label": truth_of(t["sample_id"])}), key=t["id"])
    writer.flush()


class Job(threading.Thread):
    """A thread of a test: subclasses define work(). It is told to stop, and end() raises what went wrong in it."""

    def __init__(self, stage):
        super().__init__(daemon=True)
        self.stage, self.stopping, self.error = stage, threading.Event(), None
        stage.threads.append(self)

    def run(self):
        try:
            self.work()
        except Exception as error:  # noqa: BLE001 (raised again in stop)
            traceback.print_exc()
            self.error = error

    def stop(self):
        """Tells it to stop and waits."""
        self.stopping.set()
        if self.is_alive():
            self.join(PATIENCE)

    def end(self):
        """Stops it; Failure when it failed."""
        self.stop()
        check(self.error is None, "%s: %s", type(self).__name__, self.error)


class Feeder(Job):
    """Samples at a rate, one bad record among `bad_every`, which its header names: {"bad": reason}."""

    def __init__(self, stage, rate, total=None, bad_every=0, seed=1, topic=None):
        super().__init__(stage)
        self.rate, self.total, self.bad_every = rate, total, bad_every
        self.rng, self.writer, self.n = random.Random(seed), Writer(stage.brokers), 0
        self.topic = topic or stage.topic("samples")

    def send_one(self):
        """The next sample, or a bad record in its place."""
        self.n += 1
        if self.bad_every and self.n % self.bad_every == 0:
            reason = sorted(BAD)[self.n // self.bad_every % len(BAD)]
            self.writer.send(self.topic, BAD[reason], key=str(self.n), headers=[("bad", reason.encode())])
            return
        name, value = sample(self.n, self.rng)
        self.writer.send(self.topic, value, key=name)

    def work(self):
        started = time.monotonic()
        while not self.stopping.is_set() and (self.total is None or self.n < self.total):
            due = int((time.monotonic() - started) * self.rate)
            due = due if self.total is None else min(due, self.total)
            while self.n < due:
                self.send_one()
            self.writer.producer.poll(0.005)
        self.writer.flush()


def feed(stage, total, **more):
    """So many samples at once."""
    Feeder(stage, rate=1e9, total=total, **more).work()


class Source:
    """So many records at a time, so that a test knows what a transaction holds."""

    def __init__(self, stage):
        self.stage, self.writer, self.n = stage, Writer(stage.brokers), 0

    def send(self, kind, records=1):
        for _ in range(records):
            self.n += 1
            if kind == "dead_letters":
                key, value, headers = str(self.n), BAD["not_json"], [("bad", b"not_json")]
            else:
                (key, value), headers = sample(self.n, self.stage.random), None
            self.writer.send(self.stage.topic("samples"), value, key=key, headers=headers)
        self.writer.flush()


class Inverted(Feeder):
    """The world turns: what was good is bad."""

    def send_one(self):
        self.n += 1
        name, value = sample(self.n, self.rng)
        number, truth = name.split("-")
        name = "%s-%s" % (number, CLASSES[truth == CLASSES[0]])
        self.writer.send(self.topic, json.dumps({**json.loads(value), "id": name}), key=name)


class Oracle(Job):
    """Answers every task once, after `delay` seconds; .answers: {task id: class}. annotators: the names it answers by, in turn."""

    def __init__(self, stage, delay=0.0, tasks=None, labels=None, annotators=()):
        super().__init__(stage)
        self.delay, self.answers, self.names = delay, {}, itertools.cycle([{"annotator": name} for name in annotators] or [{}])
        self.tasks, self.labels = tasks or stage.topic("tasks"), labels or stage.topic("labels")

    def answer_of(self, sample_id):
        """What it says; a subclass may err."""
        return truth_of(sample_id)

    def work(self):
        reader, writer, waiting = Reader(self.stage.brokers, self.tasks), Writer(self.stage.brokers), []
        while not self.stopping.is_set():
            for record in reader.poll(0.05):
                meta = json.loads(record.value)["meta"]
                waiting.append((time.monotonic() + self.delay, meta["id"], self.answer_of(meta["sample_id"])))
            while waiting and waiting[0][0] <= time.monotonic():
                _, task, answer = waiting.pop(0)
                if task not in self.answers:
                    self.answers[task] = answer
                    writer.send(self.labels, json.dumps({"id": task, "label": answer, **next(self.names)}), key=task)
        writer.flush()
        reader.close()

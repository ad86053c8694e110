"""What flows through the cluster: a feeder of samples and an annotator, both past the proxies. Both are told to rest, so that a round can
be accounted for."""
import json
import random
import threading
import time

from broker import Reader, Writer, check
from stream import BAD, sample, truth_of

SKIPPED, REVISED, REPEATED, BY_SAMPLE = 0.04, 0.07, 0.10, 0.14  # shares of answers, each from the one before
SLOWEST = 0.4  # seconds until a task is answered
BAD_EVERY = 37  # one record among so many is none
PATIENT = {"message.timeout.ms": 300000, "topic.metadata.refresh.interval.ms": 1000, "socket.timeout.ms": 6000, "retry.backoff.ms": 50}


class Part(threading.Thread):
    """A thread that works in small steps, and rests when it is told to."""

    def __init__(self):
        super().__init__(daemon=True)
        self._lock, self._over, self._resting = threading.Lock(), threading.Event(), threading.Event()
        self.error = None

    def run(self):
        try:
            while not self._over.is_set():
                if self._resting.is_set():
                    self._over.wait(0.02)
                    continue
                with self._lock:
                    self.step()
        except Exception as error:  # noqa: BLE001 (told by healthy)
            self.error = error

    def rest(self):
        """Stops after the step under way; what it wrote is on its topic."""
        self._resting.set()
        with self._lock:
            self.writer.flush(240)
        self.healthy()

    def go_on(self):
        self._resting.clear()

    def healthy(self):
        check(self.error is None, "%s: %r", type(self).__name__, self.error)

    def end(self):
        self._over.set()
        if self.is_alive():
            self.join(30)


class Feeder(Part):
    """Samples at a rate, some of them bad: a header names why."""

    def __init__(self, brokers, topic, rate, seed):
        super().__init__()
        self.brokers, self.topic, self.rate = brokers, topic, rate
        self.random, self.sent = random.Random(seed), 0
        self.begin_anew()

    def begin_anew(self):
        """A producer that knows nothing of the topic."""
        self.writer, self._last = Writer(self.brokers, **PATIENT), time.monotonic()

    def go_on(self):
        self._last = time.monotonic()
        super().go_on()

    def step(self):
        now = time.monotonic()
        due = int((now - self._last) * self.rate)
        if due:
            self._last += due / self.rate
        for _ in range(min(due, self.rate)):
            self._send()
        self.writer.producer.poll(0.01)

    def _send(self):
        self.sent += 1
        if self.sent % BAD_EVERY == 0:
            reason = sorted(BAD)[self.sent // BAD_EVERY % len(BAD)]
            self.writer.send(self.topic, BAD[reason], key=str(self.sent), headers=[("bad", reason.encode())])
        else:
            name, value = sample(self.sent, self.random)
            self.writer.send(self.topic, value, key=name)


class Annotator(Part):
    """Answers every task once, mostly: some are skipped, revised, answered twice, or by the sample's id."""

    def __init__(self, brokers, tasks, labels, seed):
        super().__init__()
        self.brokers, self.tasks, self.labels = brokers, tasks, labels
        self.random, self.answered, self.waiting = random.Random(seed), set(), []
        self.by_sample = True  # a sample that the feeder sent twice has two tasks, so its id names neither
        self.writer = Writer(brokers, **PATIENT)
        self.reader = Reader(brokers, tasks)

    def look_again(self):
        """Reads the tasks topic from its beginning: it was made anew, or has more partitions. Call while it rests."""
        self.reader.close()
        self.reader = Reader(self.brokers, self.tasks)

    def rest(self):
        """Answers what is on the topic, then rests."""
        self._resting.set()
        with self._lock:
            self._take(self.reader.to_end(240))
            while self.waiting:
                self._answer(*self.waiting.pop(0)[1:])
            self.writer.flush(240)
        self.healthy()

    def step(self):
        self._take(self.reader.poll(0.05))
        now = time.monotonic()
        ready = [w for w in self.waiting if w[0] <= now]
        self.waiting = [w for w in self.waiting if w[0] > now]
        for _, task, sample_id in ready:
            self._answer(task, sample_id)

    def _take(self, records):
        for record in records:
            meta = json.loads(record.value)["meta"]
            if meta["id"] not in self.answered:
                self.answered.add(meta["id"])
                self.waiting.append((time.monotonic() + self.random.uniform(0, SLOWEST), meta["id"], meta["sample_id"]))

    def _write(self, task, **more):
        self.writer.send(self.labels, json.dumps({"annotator": "ann", **more}), key=task)

    def _answer(self, task, sample_id):
        draw, truth = self.random.random(), truth_of(sample_id)
        if draw < SKIPPED:
            self._write(task, id=task, outcome="skipped")
        elif draw < REVISED:
            self._write(task, id=task, label="good" if truth == "bad" else "bad")
            self._write(task, id=task, label=truth, revision=1)
        elif draw < REPEATED:
            for _ in range(2):
                self._write(task, id=task, label=truth)
        elif draw < BY_SAMPLE and self.by_sample:
            self._write(task, sample_id=sample_id, label=truth)
        else:
            self._write(task, id=task, label=truth)

"""The real Kafka of the tests: topics, readers that see what a careful reader sees, and committed offsets with their metadata.

One broker serves a whole ctest run (fixture in CMakeLists.txt); $WINNOWD_KAFKA_DIR says where its data and ports are.
"""
import os
import pathlib
import socket
import struct
import subprocess
import threading
import time

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIR = os.environ.get("WINNOWD_KAFKA_DIR", str(ROOT / "build" / "kafka"))
PATIENCE = 120  # seconds: a machine that others use, too, stands still for twenty at a time; a fact that is there costs nothing


class Failure(AssertionError):
    """What a test expected and did not find."""


def check(condition, message, *values):
    """Failure with the message, formatted with the values, unless the condition holds."""
    if not condition:
        raise Failure(message % values if values else message)


def equal(got, wanted, what):
    """Failure that shows both, unless they are equal. what: what is compared."""
    check(got == wanted, "%s: got %s, wanted %s", what, got, wanted)


def wait(what, predicate, seconds=PATIENCE, every=0.05):
    """The first true answer of predicate; Failure with `what` when the deadline passes. `what` may be a function."""
    deadline = time.monotonic() + seconds
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failure("not in %g s: %s" % (seconds, what() if callable(what) else what))
        time.sleep(every)


def script(*arguments):
    """Runs scripts/kafka; its output."""
    return subprocess.run([ROOT / "scripts" / "kafka", *arguments], check=True, stdout=subprocess.PIPE, text=True, timeout=300).stdout.strip()


def bootstrap():
    """HOST:PORT of the shared broker."""
    return script("bootstrap", DIR)


def create_topics(brokers, names, partitions, config=None):
    """names: {name: partitions or None for the default}."""
    admin = AdminClient({"bootstrap.servers": brokers})
    topics = [NewTopic(n, p or partitions, 1, config=dict(config or {})) for n, p in names.items()]
    for future in admin.create_topics(topics, request_timeout=PATIENCE).values():
        future.result(PATIENCE)

    def there():
        known = admin.list_topics(timeout=PATIENCE).topics
        return all(n in known and known[n].error is None and known[n].partitions for n in names)
    wait("topics are known: %s" % list(names), there)


def delete_topics(brokers, names):
    """Deletes topics and waits until they are gone."""
    admin = AdminClient({"bootstrap.servers": brokers})
    for future in admin.delete_topics(names, request_timeout=PATIENCE).values():
        future.result(PATIENCE)
    wait("topics are gone: %s" % names, lambda: not any(topic_exists(brokers, n) for n in names))


def topic_exists(brokers, name):
    """Whether the broker knows the topic now."""
    known = AdminClient({"bootstrap.servers": brokers}).list_topics(timeout=PATIENCE).topics
    return name in known and known[name].error is None


def configure_topic(brokers, topic, properties):
    """Sets its properties; others are the broker's defaults again."""
    wanted = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config=properties)
    admin = AdminClient({"bootstrap.servers": brokers})
    for future in admin.alter_configs([wanted]).values():
        future.result(PATIENCE)


class Record:
    """A record as read; headers is a dict of bytes, the last of a name wins."""

    def __init__(self, m):
        self.topic, self.partition, self.offset = m.topic(), m.partition(), m.offset()
        self.key, self.value = m.key(), m.value()
        self.time_ms = m.timestamp()[1]
        self.headers = dict(m.headers() or [])


class Reader:
    """Reads a whole topic without a group, read_committed unless told otherwise, and goes on from where it was."""

    def __init__(self, brokers, topic, isolation="read_committed", from_end=False):
        self.topic = topic
        self.consumer = Consumer({
            "bootstrap.servers": brokers, "group.id": "reader-of-tests", "enable.auto.commit": False,
            "isolation.level": isolation, "receive.message.max.bytes": 2147483647, "enable.partition.eof": True, "auto.offset.reset": "earliest",
            "log_level": 2, "fetch.wait.max.ms": 10, "fetch.error.backoff.ms": 50, "reconnect.backoff.max.ms": 500,
            "allow.auto.create.topics": False})
        # A broker that has just started may not know all of its topics yet.
        known = wait("topic %s is there" % topic, lambda: [t for t in [self.consumer.list_topics(topic, timeout=PATIENCE).topics[topic]]
                                                           if t.error is None and t.partitions])[0]
        self.at_end = {p: False for p in known.partitions}
        start = -1 if from_end else -2  # librdkafka's "end" and "beginning"
        self.consumer.assign([TopicPartition(topic, p, start) for p in known.partitions])

    def poll(self, seconds):
        """Records that arrive within `seconds`; returns at the first batch."""
        out = []
        for m in self.consumer.consume(2000, seconds):
            if m.error() is None:
                self.at_end[m.partition()] = False
                out.append(Record(m))
            elif m.error().code() == KafkaError._PARTITION_EOF:
                self.at_end[m.partition()] = True
        return out

    def to_end(self, seconds=PATIENCE):
        """All records up to the present end."""
        self.at_end = {p: False for p in self.at_end}
        assignment = self.consumer.position([tp for tp in self.consumer.assignment()])
        self.consumer.assign([TopicPartition(tp.topic, tp.partition, tp.offset if tp.offset >= 0 else -2) for tp in assignment])
        out = []
        deadline = time.monotonic() + seconds
        while not all(self.at_end.values()):
            check(time.monotonic() < deadline, "no end of the topic in %g s: %s", seconds, self.at_end)
            out += self.poll(0.1)
        return out

    def ends(self):
        """{partition: offset after the last record}."""
        return {p: self.consumer.get_watermark_offsets(TopicPartition(self.topic, p), PATIENCE)[1] for p in self.at_end}

    def close(self):
        self.consumer.close()


def read_topic(brokers, topic, isolation="read_committed", seconds=PATIENCE):
    """All records of a topic up to its present end."""
    reader = Reader(brokers, topic, isolation)
    try:
        return reader.to_end(seconds)
    finally:
        reader.close()


def ends(brokers, topic, isolation):
    """{partition: offset after the last record that a reader of that isolation may have}."""
    reader = Reader(brokers, topic, isolation)
    try:
        return reader.ends()
    finally:
        reader.close()


def settled(brokers, topics, seconds=10):
    """Waits until what has been written to the topics by now can be read: that a transaction is committed is seen by its offsets first, and its marker
    reaches one partition after the other. For a while only: a transaction may be left open on purpose."""
    deadline = time.monotonic() + seconds
    for topic in [t for t in topics if topic_exists(brokers, t)]:
        written = ends(brokers, topic, "read_uncommitted")
        while time.monotonic() < deadline and any(at < written.get(p, 0) for p, at in ends(brokers, topic, "read_committed").items()):
            time.sleep(0.05)


class Writer:
    """A producer. Not idempotent, because librdkafka 2.0.2 gives up such a one for good when the broker is killed: a record may come
    twice then, and is two records. placed[(partition, offset)] = what the caller called it."""

    def __init__(self, brokers, **config):
        self.producer = Producer({"bootstrap.servers": brokers, "log_level": 2, "linger.ms": 5, "acks": "all", "max.in.flight.requests.per.connection": 1,
                                  "message.max.bytes": 20000000, "reconnect.backoff.max.ms": 500, **config})
        self.placed, self.failed = {}, 0
        self.lock = threading.Lock()

    def send(self, topic, value, name=None, key=None, partition=None, headers=None, time_ms=0):
        def done(error, m):
            with self.lock:
                if error is not None:
                    self.failed += 1
                elif name is not None:
                    self.placed[(m.partition(), m.offset())] = name
        more = {} if partition is None else {"partition": partition}
        while True:
            try:
                self.producer.produce(topic, value, key, headers=headers, timestamp=time_ms, on_delivery=done, **more)
                break
            except BufferError:
                self.producer.poll(0.1)
        self.producer.poll(0)

    def flush(self, seconds=PATIENCE):
        """Waits until all is sent; Failure when anything is not."""
        left = self.producer.flush(seconds)
        check(left == 0 and self.failed == 0, "%d records not sent, %d failed", left, self.failed)


# ---- offsets with their metadata, by the protocol itself: the Python client of Debian 12 can not ----

def _string(text):
    """STRING of Kafka's protocol: its length in two bytes, then the text."""
    data = text.encode() if isinstance(text, str) else text
    return struct.pack(">h", -1) if data is None else struct.pack(">h", len(data)) + data


def _call(brokers, api, version, body):
    """One request to the first broker; the answer's body."""
    host, port = brokers.split(",")[0].rsplit(":", 1)
    request = struct.pack(">hhi", api, version, 1) + _string("tests") + body
    with socket.create_connection((host, int(port)), PATIENCE) as s:
        s.sendall(struct.pack(">i", len(request)) + request)
        answer = b""
        while len(answer) < 4 or len(answer) < 4 + struct.unpack(">i", answer[:4])[0]:
            more = s.recv(65536)
            check(more, "the broker closed the connection: request %d version %d is not understood", api, version)
            answer += more
    return answer[8:]


LOADING = (14, 15, 16)  # the coordinator is not there yet


def committed(brokers, group, topic, partitions):
    """{partition: (offset, metadata)}; offset -1: none."""
    return wait("the group's coordinator answers", lambda: _fetch_offsets(brokers, group, topic, partitions))


def _fetch_offsets(brokers, group, topic, partitions):
    """OffsetFetch, version 1; None while the coordinator loads."""
    body = _string(group) + struct.pack(">i", 1) + _string(topic) + struct.pack(">i", partitions)
    body += b"".join(struct.pack(">i", p) for p in range(partitions))
    answer = _call(brokers, 9, 1, body)
    at = 4 + 2 + len(topic.encode()) + 4
    out = {}
    for _ in range(partitions):
        partition, offset, length = struct.unpack(">iqh", answer[at:at + 14])
        at += 14
        metadata = answer[at:at + max(length, 0)]
        at += max(length, 0)
        error = struct.unpack(">h", answer[at:at + 2])[0]
        at += 2
        if error in LOADING:
            return None
        check(error == 0, "OffsetFetch: error %d", error)
        out[partition] = (offset, metadata)
    return out


def evict(brokers, group, instance):
    """Takes a static member out of its group, as an operator's tool would once its process is gone (LeaveGroup, version 3)."""
    def left():
        answer = _call(brokers, 13, 3, _string(group) + struct.pack(">i", 1) + _string("") + _string(instance))
        error = struct.unpack(">h", answer[4:6])[0] or struct.unpack(">h", answer[-2:])[0]
        check(error in (0, *LOADING), "LeaveGroup of %s: error %d", instance, error)
        return error == 0
    wait("the coordinator lets %s go" % instance, left)


def commit(brokers, group, topic, offsets):
    """What an operator's tool does to an empty group: {partition: (offset, metadata)} (OffsetCommit, version 2). The error code."""
    body = _string(group) + struct.pack(">i", -1) + _string("") + struct.pack(">q", -1)
    body += struct.pack(">i", 1) + _string(topic) + struct.pack(">i", len(offsets))
    for partition, (offset, metadata) in offsets.items():
        body += struct.pack(">iq", partition, offset) + _string(metadata)
    answer = _call(brokers, 8, 2, body)
    at = 4 + 2 + len(topic.encode()) + 4
    errors = [struct.unpack(">h", answer[at + 6 * i + 4:at + 6 * i + 6])[0] for i in range(len(offsets))]
    return max(errors, key=abs)

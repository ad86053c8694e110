"""The account: reads every topic as a careful stranger does (read_committed, past the proxies, no code of the product) and says what does
not add up. It reads on from where it was, so a round costs what came since; `again` reads all of it anew and compares.

What must hold, whatever happened:
  samples      each good one has one prediction, each bad one a dead letter with its reason, none has two
  tasks        one for each sample that was asked, none else; ids once; `admitted` is the sample's place among the good ones
  budget       in any n good samples of a partition at most rate * n + burst + 1 tasks
  states       the committed selection state counts the same samples and tasks
  labels       the newest version has as many rows as tasks are answered, and the digest of that set is the one of the answers
  versions     each is one more than the one before, never fewer rows; what is live never goes back
"""
import base64
import collections
import json
import struct
import zlib

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from broker import PATIENCE, wait

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
BASE85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"  # Python's b85
READER = {"group.id": "account", "enable.auto.commit": False, "isolation.level": "read_committed", "enable.partition.eof": True,
          "auto.offset.reset": "error", "log_level": 2, "fetch.wait.max.ms": 10, "fetch.error.backoff.ms": 50,
          "reconnect.backoff.max.ms": 500, "topic.metadata.refresh.interval.ms": 1000, "allow.auto.create.topics": False,
          "socket.timeout.ms": 6000}
U64 = (1 << 64) - 1


# ---- what the formats say (docs/FORMATS.md) ----

class Form:
    """Where a form of the selection state has what the account reads: (place, bytes)."""

    def __init__(self, characters, crc, admitted, asked, mask=0):
        self.characters, self.crc, self.admitted, self.asked, self.mask = characters, crc, admitted, asked, mask


FORMS = {b"w2": Form(512, 404, (32, 8), (48, 8)), b"w3": Form(487, 384, (20, 6), (32, 5)),
         b"w4": Form(512, 404, (20, 6), (32, 5), 0xFFFFFFFF), b"w5": Form(512, 404, (18, 6), (30, 4), 0x55555555)}


def read_state(text):
    """(admitted, asked) of a selection state, or None when it is none. What stands behind it is a position's mark."""
    form = FORMS.get(text[:2])
    if form is None or len(text) < form.characters:
        return None
    blocks = base64.b85decode(text[2:form.characters].decode().translate(str.maketrans(Z85, BASE85)))
    data = b"".join(blocks[i:i + 4][::-1] for i in range(0, len(blocks), 4))
    if zlib.crc32(data[:form.crc]) ^ form.mask != struct.unpack_from("<I", data, form.crc)[0]:
        return None
    return tuple(int.from_bytes(data[at:at + size], "little") for at, size in (form.admitted, form.asked))


def _mix(x):
    """splitmix64's finaliser"""
    x = (x + 0x9E3779B97F4A7C15) & U64
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & U64
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & U64
    return x ^ x >> 31


def _fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & U64
    return h


def mark(task, class_):
    """What an answered task adds to the digest of the labelled set."""
    return _mix(_fnv(bytes.fromhex(task.replace("-", ""))) ^ _mix(class_))


def metadata_of(chunk):
    """The metadata of a safetensors file, of its first bytes."""
    size, = struct.unpack_from("<Q", chunk)
    return json.loads(chunk[8:8 + size])["__metadata__"]


# ---- reading ----

class Topics:
    """One reader of many topics, that remembers how far it is; read() gives what is new up to the present ends."""

    def __init__(self, brokers, names):
        self.names = names  # {role: topic}
        self.role = {topic: role for role, topic in names.items()}
        self.consumer = Consumer({"bootstrap.servers": brokers, **READER})
        self.reached = {}  # {(topic, partition): next offset}

    def forget(self, role):
        """That topic was made anew."""
        self.reached = {place: at for place, at in self.reached.items() if place[0] != self.names[role]}
        self._assign()

    def _known(self):
        topics = self.consumer.list_topics(timeout=PATIENCE).topics
        named = [topics.get(name) for name in self.names.values()]
        if any(t is None or t.error is not None or not t.partitions for t in named):
            return None
        return [(name, p) for name, t in zip(self.names.values(), named) for p in t.partitions]

    def _find(self):
        """Takes partitions in that are new."""
        known = wait("every topic is described", self._known)
        if any(place not in self.reached for place in known):
            self.reached.update({place: -2 for place in known if place not in self.reached})
            self._assign()

    def _assign(self):
        self.consumer.assign([TopicPartition(t, p, o) for (t, p), o in self.reached.items()])

    def bounds(self, topic, partition):
        """(first, next) offset of a partition."""
        def asked():
            try:
                return self.consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
            except KafkaException:  # its leader has just changed
                return None
        return wait("%s/%d says its ends" % (topic, partition), asked)

    def read(self, seconds=PATIENCE):
        """Records up to the present ends, as (role, message), in order of each partition."""
        self._find()
        ends = {place: self.bounds(*place)[1] for place in self.reached}
        out = []

        def behind():
            return [place for place, end in ends.items() if self.reached[place] < end]

        def step():
            for m in self.consumer.consume(5000, 0.05):
                if m.error() is None:
                    out.append((self.role[m.topic()], m))
                    self.reached[m.topic(), m.partition()] = m.offset() + 1
                elif m.error().code() == KafkaError._PARTITION_EOF:
                    self.reached[m.topic(), m.partition()] = m.offset()
                else:  # mostly a leader of the past that woke up and says that we are beyond its end
                    self._assign()
                    break
            return not behind()
        wait(lambda: "everything is read; behind in %s" % [(p, self.reached[p], ends[p]) for p in behind()], step, seconds, 0)
        return out

    def close(self):
        self.consumer.close()


# ---- the ledger ----

class Places:
    """Samples of one topic: by (partition, offset), what they are and what became of them."""

    def __init__(self):
        self.open = {}  # place: reason, or None of a good one: no outcome yet
        self.known, self.decided = {}, set()  # place: rank among the good ones of its partition, from 1 (0: bad)
        self.early = {}  # outcomes whose sample was not read yet: place: (kind, reason)
        self.asked, self.said = set(), set()  # with a task; whose prediction says that it was asked
        self.good = collections.Counter()
        self.tasks = collections.defaultdict(list)  # partition: [(offset, admitted)] since the last account
        self.asked_of = collections.Counter()
        self.lowest, self.count = {}, collections.Counter()
        self.before = {}  # partition: Places counts (good, asked) of the topic that stood here before; see base


    def choose_base(self, partition, state):
        """Kafka forgets a deleted topic's positions, but a worker that goes on has its state: counts begin anew or go on."""
        counts = self.good[partition], self.asked_of[partition]
        if partition in self.before and state == counts:
            self.before[partition] = 0, 0

    def base(self, partition):
        """(admitted, asked) of a state before the first sample of this topic."""
        return self.before.get(partition, (0, 0))


class Ledger:
    def __init__(self, classes, rate, burst):
        self.classes, self.rate, self.burst = classes, rate, burst
        self.places, self.faults = Places(), []
        self.prints = collections.defaultdict(dict)  # (topic, partition): {offset: checksum}
        self.tasks, self.answers = {}, {}  # task: sample; task: (order, class or None)
        self.by_sample = {}
        self.unjoined = {}  # sample: labels by its id that came before its task
        self.version, self.rows, self.live, self.progress = 0, 0, 0, {}
        self.excused = 0
        self.totals, self.nearest = collections.Counter(), float("-inf")

    def fault(self, kind, text, *values):
        """kind: lost, doubled or wrong"""
        self.faults.append((kind, text % values))

    def take(self, records):
        """Takes in what was read."""
        for role, m in records:
            self.totals[role] += 1
            if role in self.prints_kept:
                self.prints[m.topic(), m.partition()][m.offset()] = zlib.crc32((m.key() or b"") + b"\0" + (m.value() or b""))
            getattr(self, "_" + role)(m)

    prints_kept = ("samples", "tasks", "labels", "dead_letters", "predictions")

    # ---- one record ----

    def _samples(self, m):
        reason = dict(m.headers() or []).get("bad")
        place, s = (m.partition(), m.offset()), self.places
        if place in s.known:
            self.fault("doubled", "sample %s was read twice", place)
            return
        s.good[m.partition()] += reason is None
        s.known[place] = s.good[m.partition()] if reason is None else 0
        s.open[place] = reason and reason.decode()
        early = s.early.pop(place, None)
        if early:
            self._outcome(place, *early)

    def _outcome(self, place, kind, reason):
        s = self.places
        if place in s.decided:
            self.fault("doubled", "sample %s has two outcomes, one more %s", place, kind)
        elif place not in s.open:
            if place in s.early:
                self.fault("doubled", "sample %s has two outcomes, one more %s", place, kind)
            s.early[place] = kind, reason
        else:
            expected = s.open.pop(place)
            s.decided.add(place)
            if reason != expected:
                self.fault("wrong", "sample %s became a %s (%s), should be %s", place, kind, reason, expected or "decided")

    def _predictions(self, m):
        value = json.loads(m.value())
        place = value["partition"], value["offset"]
        self._outcome(place, "prediction", None)
        if value["asked"]:
            self.places.said.add(place)

    def _dead_letters(self, m):
        headers = dict(m.headers() or [])
        place = tuple(int(headers["__connect.errors." + k]) for k in ("partition", "offset"))
        self._outcome(place, "dead letter", headers["__connect.errors.exception.class.name"].decode())

    def _tasks(self, m):
        meta = json.loads(m.value())["meta"]
        place, s = (meta["source"]["partition"], meta["source"]["offset"]), self.places
        if meta["id"] in self.tasks:
            self.fault("doubled", "task %s is there twice", meta["id"])
        if place in s.asked:
            self.fault("doubled", "sample %s was asked twice", place)
        s.asked.add(place)
        s.tasks[place[0]].append((place[1], meta["admitted"]))
        self.tasks[meta["id"]] = meta["sample_id"]
        self.by_sample[meta["sample_id"]] = meta["id"]
        for answer in self.unjoined.pop(meta["sample_id"], ()):
            self._join(meta["id"], *answer)

    def _labels(self, m):
        value = json.loads(m.value())
        class_ = self.classes.index(value["label"]) if "label" in value else None
        order = value.get("revision", 0), m.timestamp()[1], m.partition(), m.offset()
        task = value.get("id") or self.by_sample.get(value["sample_id"])
        if task:
            self._join(task, order, class_)
        else:
            self.unjoined.setdefault(value["sample_id"], []).append((order, class_))

    def _join(self, task, order, class_):
        if task not in self.answers or order > self.answers[task][0]:
            self.answers[task] = order, class_

    def _models(self, m):
        parts = m.key().decode().split("/")
        if parts[1] == "model" and m.value() is not None and parts[3] == "0":
            version, metadata = int(parts[2]), metadata_of(m.value())
            if version != self.version + 1:
                self.fault("wrong", "version %d follows version %d", version, self.version)
            if int(metadata["rows"]) < self.rows:
                self.fault("wrong", "version %d has %s rows, the one before %d", version, metadata["rows"], self.rows)
            self.version, self.rows = version, int(metadata["rows"])
        elif parts[1] == "policy":
            live = json.loads(m.value())["live"]
            if live < self.live or live > self.version:
                self.fault("wrong", "version %d is live after %d, newest is %d", live, self.live, self.version)
            self.live = live
        elif parts[1] == "progress":
            self.progress = json.loads(m.value())

    # ---- what adds up ----

    def labelled(self):
        """(rows, digest) of the labelled set that the answers make."""
        rows = [(t, c) for t, (_, c) in self.answers.items() if c is not None and t in self.tasks]
        return len(rows), sum(mark(t, c) for t, c in rows) & U64

    def learned(self):
        """What the learner has not learned yet, as text; "" when it is all in the newest version, which is live."""
        rows, digest = self.labelled()
        wanted = rows, "%016x" % digest, rows, self.version
        got = (self.progress.get("labelled"), self.progress.get("published_digest"), self.rows, self.live)
        return "" if got == wanted else "learned %s, wanted %s" % (got, wanted)

    def _budget(self):
        s = self.places
        for partition, tasks in s.tasks.items():
            for offset, admitted in sorted(tasks):
                rank = s.known.get((partition, offset), 0)
                if admitted != rank + s.base(partition)[0]:
                    self.fault("wrong", "task of %s says %d samples admitted, there are %d", (partition, offset), admitted, rank)
                height = s.count[partition] - self.rate * rank
                s.count[partition] += 1
                s.lowest[partition] = min(s.lowest.get(partition, height), height)
                excess = height - s.lowest[partition] + 1 - self.rate
                self.nearest = max(self.nearest, excess)
                if excess > self.burst + 1 + 1e-9:
                    self.fault("wrong", "budget of partition %d: %.2f tasks over the rate at offset %d", partition, excess, offset)
        s.tasks.clear()

    def _states(self, committed):
        s = self.places
        for partition, tasks in s.tasks.items():
            s.asked_of[partition] += len(tasks)
        for partition, (offset, metadata) in committed.items():
            state = read_state(metadata)
            s.choose_base(partition, state)
            wanted = s.good[partition] + s.base(partition)[0], s.asked_of[partition] + s.base(partition)[1]
            if offset > 0 and state is None:
                self.fault("lost", "partition %d has no selection state at %d", partition, offset)
            elif offset > 0 and state != wanted:
                self.fault("wrong", "partition %d: its state counts %s admitted and asked, there are %s", partition, state, wanted)

    def check(self, committed):
        """Faults since the last account, of a cluster at rest. committed: of the group, with states."""
        s = self.places
        if s.open:
            self.fault("lost", "%d samples have no outcome: %s", len(s.open), sorted(s.open)[:5])
        if s.early:
            self.fault("wrong", "%d outcomes have no sample: %s", len(s.early), sorted(s.early)[:5])
        if s.asked != s.said:
            self.fault("lost", "asked without a task: %s; tasks of samples not asked: %s", sorted(s.said - s.asked)[:5], sorted(s.asked - s.said)[:5])
        self._states(committed)
        self._budget()
        if self.learned():
            self.fault("lost", "%s", self.learned())
        faults, self.faults = self.faults, []
        return faults

    def check_into(self, committed):
        """The same in the middle of a round: faults are told at its end."""
        self.faults = self.check(committed)

    def samples_made_anew(self, topic):
        """The samples topic was deleted and made again; all that was on it was accounted for."""
        old, self.places = self.places, Places()
        self.places.before = {p: (old.good[p] + old.base(p)[0], old.asked_of[p] + old.base(p)[1]) for p in old.good}
        self.prints = collections.defaultdict(dict, {k: v for k, v in self.prints.items() if k[0] != topic})

    def excuse(self, partition, first, end):
        """These samples, the last that were read, went before anybody could decide them."""
        s = self.places
        for place in [p for p in s.open if p[0] == partition and first <= p[1] < end]:
            s.good[partition] -= s.open.pop(place) is None
            del s.known[place]
            self.excused += 1

    def again(self, brokers, names):
        """Reads everything that is still on the topics from their beginning: it must be what was read before. Faults."""
        kept = {role: names[role] for role in self.prints_kept}
        topics, faults, seen = Topics(brokers, kept), [], collections.defaultdict(dict)
        for _, m in topics.read(240):
            seen[m.topic(), m.partition()][m.offset()] = zlib.crc32((m.key() or b"") + b"\0" + (m.value() or b""))
        for place in topics.reached:
            first, _ = topics.bounds(*place)
            before = {o: c for o, c in self.prints[place].items() if o >= first}
            if before != seen[place]:
                faults.append(("wrong", "%s/%d read again differs: %s" % (*place, sorted(set(before.items()) ^ set(seen[place].items()))[:5])))
        topics.close()
        return faults

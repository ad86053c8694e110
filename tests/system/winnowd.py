"""The daemon under test: configurations, processes with their log, metrics, a stream of samples, an oracle, and the accounts.

A test is a function of a Stage, run by main(): a directory, topics of its own on the shared broker, and daemons that are ended
with it. Samples are {"id", "x", "y", "kind"}; the id says the truth ("17-bad"), so any reader of a task knows the answer.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request

import broker
from broker import Failure, Reader, Writer, check, equal, read_topic, wait  # noqa: F401 (for the tests)

BINARY = os.environ.get("WINNOWD", str(broker.ROOT / "build" / "Release" / "winnowd"))
TOPICS = ("samples", "tasks", "labels", "models", "dead_letters", "predictions")
CLASSES = ("good", "bad")

# ---- configuration ----


def _scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    plain = value and value[0].isalnum() and all(c.isalnum() or c in "-_./" for c in value)
    return value if plain else json.dumps(value)


def _yaml(value, indent=0):
    pad = "  " * indent
    if isinstance(value, dict):
        return "{}" if not value else "".join("\n%s%s: %s" % (pad, k, _yaml(v, indent + 1)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        if all(isinstance(v, dict) for v in value) and value:
            return "".join("\n%s- {%s}" % (pad, ", ".join("%s: %s" % (k, _yaml(x)) for k, x in v.items())) for v in value)
        return "[" + ", ".join(_scalar(v) for v in value) + "]"
    return _scalar(value)


def merge(base, changes):
    out = dict(base)
    for key, value in changes.items():
        out[key] = merge(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


# ---- log lines ----


def parse_logfmt(line):
    """level=info event=x msg="a b" n=1 -> dict of texts. {} when it is no event."""
    out, i = {}, 0
    while i < len(line):
        if line[i] == " ":
            i += 1
            continue
        eq = line.find("=", i)
        if eq < 0 or " " in line[i:eq]:
            space = line.find(" ", i)  # a word before the pairs: the time stamp
            i = space + 1 if space >= 0 else len(line)
            continue
        key, i = line[i:eq], eq + 1
        if line[i:i + 1] == '"':
            try:
                value, n = json.JSONDecoder().raw_decode(line[i:])
            except ValueError:
                return {}
            out[key], i = value, i + n
        else:
            space = line.find(" ", i)
            space = len(line) if space < 0 else space
            out[key], i = line[i:space], space
    return out if "event" in out else {}


class Daemon:
    """One `winnowd run`. Its events gather in .events; .text is all that it wrote."""

    def __init__(self, stage, config, env=None):
        self.stage, self.events, self.lines = stage, [], []
        self.changed = threading.Condition()
        self.config = pathlib.Path(config)
        self.process = subprocess.Popen([BINARY, "run", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        errors="replace", env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **(env or {})})
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stderr:
            event = parse_logfmt(line.rstrip("\n"))
            with self.changed:
                self.lines.append(line)
                if event:
                    self.events.append(event)
                self.changed.notify_all()

    @property
    def text(self):
        return "".join(self.lines)

    def find(self, name, since=0, **fields):
        wanted = {k: str(v) for k, v in fields.items()}
        with self.changed:
            return [e for e in self.events[since:] if e["event"] == name and all(e.get(k) == v for k, v in wanted.items())]

    def await_event(self, name, seconds=30, since=0, **fields):
        def seen():
            found = self.find(name, since, **fields)
            if not found and self.process.poll() is not None:
                self.thread.join(5)
                found = self.find(name, since, **fields)
                check(found, "the daemon ended with %s and no event %s %s", self.process.returncode, name, fields)
            return found
        return wait("event %s %s" % (name, fields), seen, seconds)[0]

    def ready(self, seconds=40):
        self.await_event("ready", seconds)
        return self

    def port(self):
        return int(self.await_event("listening")["port"])

    def get(self, path):
        """(status, body) of an HTTP GET."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port(), path), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self):
        """{"winnowd_x" or 'winnowd_x{label="v"}': number}."""
        out = {}
        for line in self.get("/metrics")[1].splitlines():
            if line and line[0] != "#":
                name, value = line.rsplit(" ", 1)
                out[name] = float(value)
        return out

    def metric(self, name, **label):
        full = "winnowd_" + name + "".join('{%s="%s"}' % pair for pair in label.items())
        figures = self.metrics()
        check(full in figures, "no metric %s", full)
        return figures[full]

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9, also while stopped."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        self.thread.join(5)

    def stop(self, seconds=40):
        """SIGTERM; must end with 0."""
        self.signal(signal.SIGTERM)
        return self.ended(0, seconds)

    def ended(self, code, seconds=40):
        try:
            got = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure("the daemon did not end in %g s" % seconds)
        self.thread.join(5)
        check(got == code, "the daemon ended with %s, wanted %s; last lines:\n%s", got, code, "".join(self.lines[-15:]))
        return self


def run(*arguments, **more):
    """A winnowd command that ends; CompletedProcess with texts."""
    return subprocess.run([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, **more)


# ---- the stage of a test ----


class Stage:
    def __init__(self, name):
        self.name = "%s-%06x" % (name.lower(), random.SystemRandom().randrange(1 << 24))
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="winnowd-%s-" % name))
        self.brokers = broker.bootstrap()
        self.daemons, self.threads, self.within = [], [], []  # within: stages made for this one
        self.random = random.Random(1)

    def topic(self, what):
        return "%s.%s" % (self.name, what)

    def create(self, partitions=2, without=(), config=None):
        """Makes the topics; config: Kafka's topic properties."""
        broker.create_topics(self.brokers, {self.topic(t): 1 if t == "models" else None for t in TOPICS if t not in without}, partitions, config)
        return self

    def settings(self, changes=None):
        base = {
            "service": {"name": self.name, "instance": "one", "state_dir": str(self.dir / "one")},
            "kafka": {"brokers": self.brokers, "session_timeout": "6s"},
            "topics": {**{t: self.topic(t) for t in TOPICS}, "partitions": 2},
            "admit": {"id": "/id"},
            "model": {"classes": list(CLASSES), "positive": "bad"},
            "budget": {"rate": 0.05},
            "train": {"interval": "200ms"},
            "watch": {"listen": "127.0.0.1:0", "log_level": "info"},
            "features": [{"name": "x", "required": True}, {"name": "y"}, {"name": "kind", "type": "category", "values": ["a", "b", "c"]}],
        }
        return merge(base, changes or {})

    def config(self, changes=None, file="winnowd.yaml"):
        """Writes a configuration and makes its state directory; the path."""
        settings = self.settings(changes)
        pathlib.Path(settings["service"]["state_dir"]).mkdir(parents=True, exist_ok=True)
        path = self.dir / file
        path.write_text(_yaml(settings).lstrip("\n") + "\n")
        return path

    def start(self, changes=None, file="winnowd.yaml", env=None):
        return self.start_with(self.config(changes, file), env)

    def start_with(self, config, env=None):
        daemon = Daemon(self, config, env)
        self.daemons.append(daemon)
        return daemon

    def read(self, what, **more):
        return read_topic(self.brokers, self.topic(what), **more)

    def tasks(self, topic=None):
        """The meta of every committed task, with its record's fate."""
        return [json.loads(r.value)["meta"] for r in read_topic(self.brokers, topic or self.topic("tasks"))]

    def state(self, partitions=2, group=None):
        return broker.committed(self.brokers, group or self.name, self.topic("samples"), partitions)

    def samples(self):
        """{(partition, offset): id, or ("bad", reason)} of every record on the samples topic."""
        out = {}
        for r in self.read("samples"):
            reason = r.headers.get("bad")
            out[r.partition, r.offset] = ("bad", reason.decode()) if reason else json.loads(r.value)["id"]
        return out

    def caught_up(self, seconds=60, group=None):
        """Waits until the group has committed past every sample that is on the topic now."""
        reader = Reader(self.brokers, self.topic("samples"))
        ends = reader.ends()
        reader.close()

        def behind():
            at = self.state(len(ends), group)
            return {p: (at[p][0], end) for p, end in ends.items() if at[p][0] < end}
        wait(lambda: "the group is at the end; behind: %s" % behind(), lambda: not behind(), seconds, 0.1)

    def close(self, failed):
        for stage in self.within:
            stage.close(failed)
        for thread in self.threads:
            thread.stop()
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                daemon.kill()
        if failed:
            for n, daemon in enumerate(self.daemons[-4:]):
                print("---- log of a daemon (%s), last lines" % daemon.config.name)
                print("".join(daemon.lines[-40:]))
        if failed and os.environ.get("WINNOWD_KEEP"):
            print("kept: %s" % self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)


def main(test):
    """Runs one test; the exit code ctest wants."""
    stage = Stage(pathlib.Path(sys.argv[0]).stem)
    started, failed = time.monotonic(), True
    try:
        test(stage)
        failed = False
    except Exception:  # noqa: BLE001 (a harness reports whatever happened)
        traceback.print_exc()
    finally:
        stage.close(failed)
        print("%s: %s in %.1f s" % (stage.name, "FAILED" if failed else "ok", time.monotonic() - started), flush=True)
    os._exit(1 if failed else 0)  # librdkafka's handles of an abandoned thread must not hold up the end


# ---- samples ----


def truth_of(sample_id):
    return sample_id.rsplit("-", 1)[1]


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


class Job(threading.Thread):
    """A thread of a test that is told to stop and whose error is the test's."""

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
        self.stopping.set()
        if self.is_alive():
            self.join(60)

    def end(self):
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


class Oracle(Job):
    """Answers every task once, after `delay` seconds; .answers: {task id: class}."""

    def __init__(self, stage, delay=0.0, tasks=None, labels=None):
        super().__init__(stage)
        self.delay, self.answers = delay, {}
        self.tasks, self.labels = tasks or stage.topic("tasks"), labels or stage.topic("labels")

    def work(self):
        reader, writer, waiting = Reader(self.stage.brokers, self.tasks), Writer(self.stage.brokers), []
        while not self.stopping.is_set():
            for record in reader.poll(0.05):
                meta = json.loads(record.value)["meta"]
                waiting.append((time.monotonic() + self.delay, meta["id"], truth_of(meta["sample_id"])))
            while waiting and waiting[0][0] <= time.monotonic():
                _, task, answer = waiting.pop(0)
                if task not in self.answers:
                    self.answers[task] = answer
                    writer.send(self.labels, json.dumps({"id": task, "label": answer}), key=task)
        writer.flush()
        reader.close()


# ---- the accounts (promises I1, I2, I4) ----


def place(meta):
    return meta["source"]["partition"], meta["source"]["offset"]


def once(items, what):
    seen, twice = set(), []
    for item in items:
        (twice.append if item in seen else seen.add)(item)
    check(not twice, "%d %s more than once: %s", len(twice), what, twice[:5])
    return seen


def accounts(stage):
    """Every record ended in exactly one outcome, and a task exists for exactly the samples that were asked; the tasks."""
    samples = stage.samples()
    good = {p for p, name in samples.items() if not isinstance(name, tuple)}
    bad = {p: name[1] for p, name in samples.items() if isinstance(name, tuple)}
    predictions = [json.loads(r.value) for r in stage.read("predictions")]
    tasks = stage.tasks()
    letters = [(int(r.headers["__connect.errors.partition"]), int(r.headers["__connect.errors.offset"]),
                r.headers["__connect.errors.exception.class.name"].decode()) for r in stage.read("dead_letters")]
    once((t["id"] for t in tasks), "task ids")
    decided = once(((p["partition"], p["offset"]) for p in predictions), "samples were decided")
    asked = once((place(t) for t in tasks), "samples were asked")
    refused = once(((p, o) for p, o, _ in letters), "records were dead letters")
    check(decided == good, "samples without an outcome: %s; outcomes without a sample: %s", sorted(good - decided)[:5], sorted(decided - good)[:5])
    equal(sorted(letters), sorted((p, o, reason) for (p, o), reason in bad.items()), "dead letters")
    equal(refused & decided, set(), "samples with two outcomes")
    said = {(p["partition"], p["offset"]) for p in predictions if p["asked"]}
    check(asked == said, "asked without a task: %s; tasks of samples not asked: %s", sorted(said - asked)[:5], sorted(asked - said)[:5])
    return tasks


def within_budget(tasks, rate, burst=10, grant=0):
    """I4: in any n admitted samples of a partition at most rate * n + burst + 1 tasks; the closest that it came."""
    worst = float("-inf")
    for partition in {t["source"]["partition"] for t in tasks}:
        counts = [t["admitted"] for t in sorted((t for t in tasks if t["source"]["partition"] == partition), key=place)]
        lowest = float("inf")
        for j, admitted in enumerate(counts):
            height = j - rate * admitted
            lowest = min(lowest, height)
            excess = height - lowest + 1 - rate
            worst = max(worst, excess)
            check(excess <= burst + 1 + grant + 1e-9, "partition %s: %.2f tasks above the rate up to admitted sample %s, allowed %s",
                  partition, excess, admitted, burst + 1 + grant)
    return worst


def progress(stage, name=None):
    """The learner's newest progress record, or {}."""
    key = ("%s/progress" % (name or stage.name)).encode()
    records = [r for r in stage.read("models") if r.key == key]
    return json.loads(records[-1].value) if records else {}


def learned(daemon, labels, seconds=60):
    """Waits until the labelled set has so many rows."""
    wait(lambda: "labelled rows: %s of %s" % (daemon.metric("labelled_rows"), labels), lambda: daemon.metric("labelled_rows") == labels, seconds, 0.2)


# ---- models made once and used again ----


def taught(stage, labels=400, total=8000):
    """Lets a learner make some versions on topics of its own; the records of the models topic, newest version's number last."""
    own = Stage("teach")
    stage.within.append(own)
    own.create()
    daemon, oracle = own.start({"budget": {"rate": 0.05}}).ready(), Oracle(own)
    oracle.start()
    for portion in range(8):  # a version or more from each
        feed(own, total // 8, seed=99 + portion)
        own.caught_up()
        # counted anew each time: the offsets of a transaction may be visible before its tasks
        wait(lambda: "taught: %s labels of %d" % (daemon.metric("labelled_rows"), len(own.tasks())), lambda: daemon.metric("labelled_rows") == len(own.tasks()), 60, 0.05)
    asked = len(own.tasks())
    check(asked >= min(labels, total * 0.045), "only %d tasks to teach from", asked)
    wait("the model is live", lambda: daemon.metric("model_labelled_rows") == daemon.metric("labelled_rows") > 0, 30, 0.2)
    daemon.stop()
    oracle.end()
    records = [(r.key.decode().split("/", 1)[1], r) for r in own.read("models")]
    stage.within.remove(own)
    own.close(False)
    return records


def lend(stage, records, name):
    """Puts versions and policies of `taught` on the stage's models topic under another service's name; [(policy number, live version)]."""
    writer, numbers = Writer(stage.brokers), []
    for key, r in records:
        if key == "progress":
            continue
        placed = (key, json.loads(r.value).get("live") if key == "policy" else None)
        writer.send(stage.topic("models"), r.value, placed, key="%s/%s" % (name, key), headers=list(r.headers.items()))
    writer.flush()
    for (_, offset), (key, live) in sorted(writer.placed.items()):
        if key == "policy" and live:
            numbers.append((offset + 1, live))
    return numbers

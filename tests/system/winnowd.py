"""The daemon under test: its configuration, its processes with their log and metrics, and the stage on which a test plays.

A test is a function of a Stage, run by main(). A stage is a directory, topics of its own on the shared broker, and daemons that
end with it. stream.py makes samples and answers, accounts.py checks what came of them, taught.py lends models from one test to
another.
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

import yaml

import broker
from broker import PATIENCE, Failure, Reader, check, read_topic, wait

BINARY = os.environ.get("WINNOWD", str(broker.ROOT / "build" / "Release" / "winnowd"))
TOPICS = ("samples", "tasks", "labels", "models", "dead_letters", "predictions")
CLASSES = ("good", "bad")

# ---- configuration ----


def as_yaml(settings):
    """A configuration as winnowd reads it, in the order of the dictionary."""
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=float("inf"))


def merge(base, changes):
    """A copy of base with the changes in it; dictionaries are merged, everything else is replaced."""
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
    """One `winnowd run`, or another command that stays. Its events gather in .events; .text is all that it wrote."""

    def __init__(self, stage, config, env=None, command="run"):
        self.stage, self.events, self.lines = stage, [], []
        self.changed = threading.Condition()
        self.config = pathlib.Path(config)
        self.process = subprocess.Popen([BINARY, command, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
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
        """Everything that it wrote so far."""
        return "".join(self.lines)

    def find(self, name, since=0, **fields):
        """Events of that name with those fields, from number `since` on."""
        wanted = {k: str(v) for k, v in fields.items()}
        with self.changed:
            return [e for e in self.events[since:] if e["event"] == name and all(e.get(k) == v for k, v in wanted.items())]

    def await_event(self, name, seconds=PATIENCE, since=0, **fields):
        """The first such event; Failure when it does not come in time, or the daemon ends without it."""
        def seen():
            found = self.find(name, since, **fields)
            if not found and self.process.poll() is not None:
                self.thread.join(PATIENCE)
                found = self.find(name, since, **fields)
                check(found, "the daemon ended with %s and no event %s %s", self.process.returncode, name, fields)
            return found
        return wait("event %s %s" % (name, fields), seen, seconds)[0]

    def ready(self, seconds=PATIENCE):
        """Waits until it is ready; itself."""
        self.await_event("ready", seconds)
        return self

    def port(self):
        """Where it listens on loopback, once it does."""
        return int(self.await_event("listening")["port"])

    def get(self, path):
        """(status, body) of an HTTP GET."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.port(), path), timeout=PATIENCE) as answer:
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
        """One metric by its name without the prefix, as in metric("asked_total", reason="random")."""
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
        self.process.wait(PATIENCE)
        self.thread.join(PATIENCE)

    def stop(self, seconds=PATIENCE):
        """SIGTERM; must end with 0."""
        self.signal(signal.SIGTERM)
        return self.ended(0, seconds)

    def leave(self):
        """stop(), if it was not killed, and out of the group: its members are static, and keep their partitions for a session."""
        if self.process.poll() is None:
            self.stop()
        service = yaml.safe_load(self.config.read_text())["service"]
        for worker in range(service.get("workers", 1)):
            broker.evict(self.stage.brokers, service["name"], "%s-%s-%d" % (service["name"], service["instance"], worker))

    def ended(self, code, seconds=PATIENCE):
        """Waits until it has ended by itself, which must be with that exit code; itself."""
        try:
            got = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure("the daemon did not end in %g s" % seconds)
        self.thread.join(PATIENCE)
        check(got == code, "the daemon ended with %s, wanted %s; last lines:\n%s", got, code, "".join(self.lines[-15:]))
        return self


def run(*arguments, **more):
    """A winnowd command that ends; CompletedProcess with texts."""
    return subprocess.run([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, **more)


# ---- the stage of a test ----


class Stage:
    """A directory, topics named after the test, and what plays on them; all of it ends with the test."""

    def __init__(self, name):
        self.name = "%s-%06x" % (name.lower(), random.SystemRandom().randrange(1 << 24))
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="winnowd-%s-" % name))
        self.brokers = broker.bootstrap()
        self.daemons, self.threads, self.within = [], [], []  # within: stages made for this one
        self.random = random.Random(1)

    def topic(self, what):
        """The name of this stage's topic of that role ("samples")."""
        return "%s.%s" % (self.name, what)

    def create(self, partitions=2, without=(), config=None):
        """Makes the topics; config: Kafka's topic properties."""
        broker.create_topics(self.brokers, {self.topic(t): 1 if t == "models" else None for t in TOPICS if t not in without}, partitions, config)
        return self

    def settings(self, changes=None):
        """The usual configuration with the changes in it, as a dictionary."""
        base = {
            "service": {"name": self.name, "instance": "one", "state_dir": str(self.dir / "one")},
            "kafka": {"brokers": self.brokers, "session_timeout": "30s"},
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
        path.write_text(as_yaml(settings))
        return path

    def start(self, changes=None, file="winnowd.yaml", env=None):
        """A daemon with the usual configuration and these changes; it may not be ready yet."""
        return self.start_with(self.config(changes, file), env)

    def start_with(self, config, env=None, command="run"):
        """A daemon with a configuration that stands in a file."""
        daemon = Daemon(self, config, env, command)
        self.daemons.append(daemon)
        return daemon

    def read(self, what, **more):
        """All committed records of one of the stage's topics."""
        return read_topic(self.brokers, self.topic(what), **more)

    def tasks(self, topic=None):
        """The meta of every committed task, with its record's fate."""
        return [json.loads(r.value)["meta"] for r in read_topic(self.brokers, topic or self.topic("tasks"))]

    def state(self, partitions=2, group=None):
        """{partition: (committed offset, its metadata)} of the samples topic."""
        return broker.committed(self.brokers, group or self.name, self.topic("samples"), partitions)

    def samples(self):
        """{(partition, offset): id, or ("bad", reason)} of every record on the samples topic."""
        out = {}
        for r in self.read("samples"):
            reason = r.headers.get("bad")
            out[r.partition, r.offset] = ("bad", reason.decode()) if reason else json.loads(r.value)["id"]
        return out

    def caught_up(self, seconds=PATIENCE, group=None):
        """Waits until the group has committed past every sample that is on the topic now, and what it made of them can be read."""
        reader = Reader(self.brokers, self.topic("samples"))
        ends = reader.ends()
        reader.close()

        def behind():
            at = self.state(len(ends), group)
            return {p: (at[p][0], end) for p, end in ends.items() if at[p][0] < end}
        wait(lambda: "the group is at the end; behind: %s" % behind(), lambda: not behind(), seconds, 0.1)
        broker.settled(self.brokers, [self.topic(t) for t in ("tasks", "dead_letters", "predictions")])

    def close(self, failed):
        """Ends what runs; of a failed test it prints the last lines of the logs ($WINNOWD_KEEP: keeps the directory)."""
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

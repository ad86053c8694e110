"""Measurements on a real Kafka: latency, memory, and what they share with side_by_side.py. scripts/bench starts the broker.

Samples are shape (a): flat JSON, id, time and 30 numbers, about 440 bytes. The daemon scores with a model that a learner made first.
"""
import argparse
import json
import pathlib
import random
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import broker  # noqa: E402
import winnowd  # noqa: E402
from broker import Reader, Writer, wait  # noqa: E402
from stream import Job, Oracle  # noqa: E402
from taught import lend  # noqa: E402
from winnowd import Stage  # noqa: E402

NUMBERS = 30
NAMES = ["f%d" % i for i in range(NUMBERS)]


def shape_a(n, rng):
    """(id, JSON) of one message; the class is in the id, and a line separates it."""
    values = [round(rng.gauss(0, 40), rng.choice((2, 3, 4))) for _ in NAMES]
    name = "%d-%s" % (n, winnowd.CLASSES[sum(values) > 0])
    event = {"id": name, "ts": 1700000000000 + n}
    event.update(zip(NAMES, values))
    return name, json.dumps(event, separators=(",", ":")).encode()


def settings(**changes):
    base = {"features": [{"name": n} for n in NAMES], "budget": {"rate": 0.01}, "topics": {"predictions": ""}}
    return winnowd.merge(base, changes)


class Bench:
    def __init__(self, options):
        self.options, self.stage = options, Stage("bench")
        self.rng = random.Random(1)
        self.messages = [shape_a(n, self.rng) for n in range(8192)]
        self.models = None

    def topics(self, prefix, samples_config=None):
        names = {k: "%s.%s.%s" % (self.stage.name, prefix, k) for k in ("tasks", "labels", "models", "dead_letters")}
        broker.create_topics(self.stage.brokers, {n: 1 if k == "models" else None for k, n in names.items()}, self.options.partitions)
        return names

    def fill(self, topic, total):
        """Messages without waiting for each: as fast as Python can."""
        writer = Writer(self.stage.brokers, **{"queue.buffering.max.messages": 1000000})
        for n in range(total):
            name, value = self.messages[n % len(self.messages)]
            writer.send(topic, value, partition=n % self.options.partitions)
        writer.flush(300)

    def teach(self):
        """A learner on topics of its own; its newest version and policy."""
        topics, samples = self.topics("teach"), self.stage.topic("teach.samples")
        broker.create_topics(self.stage.brokers, {samples: None}, self.options.partitions)
        self.fill(samples, 8000)
        name = self.stage.name + "-teach"
        daemon = self.stage.start(settings(service={"name": name}, topics={**topics, "samples": samples}, budget={"rate": 0.05}), "teach.yaml")
        oracle = Oracle(self.stage, tasks=topics["tasks"], labels=topics["labels"])
        oracle.start()
        wait("taught", lambda: daemon.find("listening") and daemon.metric("labelled_rows") >= 360 and daemon.metric("model_labelled_rows") >= 360, 60, 0.2)
        daemon.stop()
        oracle.end()
        records = [(r.key.decode().split("/", 1)[1], r) for r in broker.read_topic(self.stage.brokers, topics["models"])]
        version = max(int(k.split("/")[1]) for k, r in records if k.startswith("model/") and r.value)
        policy = [(k, r) for k, r in records if k == "policy"][-1:]
        self.models = [(k, r) for k, r in records if k.startswith("model/%d/" % version)] + policy

    def start(self, name, samples, **changes):
        """A daemon with topics and a group of its own and the taught model; and its topics."""
        topics = self.topics(name)
        service = "%s-%s" % (self.stage.name, name)
        keep, self.stage.topic = self.stage.topic, lambda what: topics.get(what) or "%s.%s" % (self.stage.name, what)
        lend(self.stage, self.models, service)
        self.stage.topic = keep
        base = settings(service={"name": service, "learner": False, "state_dir": str(self.stage.dir / name)}, topics={**topics, "samples": samples})
        return self.stage.start(winnowd.merge(base, changes), name + ".yaml"), topics


# ---- latency ----


class Pace(Job):
    """Messages at a steady rate; .sent[id] is when each was handed to the producer."""

    def __init__(self, bench, topic, rate, seconds):
        super().__init__(bench.stage)
        self.bench, self.topic, self.rate, self.total, self.sent = bench, topic, rate, int(rate * seconds), {}

    def work(self):
        writer = Writer(self.stage.brokers, **{"linger.ms": 0})
        started = time.monotonic()
        for n in range(self.total):
            name, value = shape_a(n, self.bench.rng)
            while time.monotonic() < started + n / self.rate:
                writer.producer.poll(max(0, min(0.001, started + n / self.rate - time.monotonic())))
            self.sent[name] = time.monotonic()
            writer.send(self.topic, value, key=name)
        writer.flush()


def latency(bench):
    """From produce to a task that a read_committed reader has."""
    samples, warm, seconds, rate = bench.stage.topic("latency"), 10, bench.options.seconds, bench.options.rate
    broker.create_topics(bench.stage.brokers, {samples: None}, bench.options.partitions)
    if not bench.models:
        bench.teach()
    daemon, topics = bench.start("latency", samples, budget={"rate": 0.2})
    daemon.ready()
    reader = Reader(bench.stage.brokers, topics["tasks"])
    pace = Pace(bench, samples, rate, warm + seconds)
    pace.start()
    started, took, last = time.monotonic(), [], time.monotonic()
    while pace.is_alive() or time.monotonic() < last + 2:
        message = reader.consumer.poll(0.5)
        now = time.monotonic()
        if message is None or message.error():
            continue
        last = now
        sent = pace.sent[json.loads(message.value())["meta"]["sample_id"]]
        if sent >= started + warm:
            took.append((now - sent) * 1000)
    pace.end()
    daemon.stop()
    took.sort()
    at = {"p%s" % p: took[min(len(took) - 1, int(len(took) * float(p) / 100))] for p in ("50", "90", "99", "99.9")}
    print("%d tasks at %d samples/s for %d s: %s, most %.0f ms" % (len(took), rate, seconds, ", ".join("%s %.0f ms" % i for i in at.items()), took[-1]))
    return {"tasks": len(took), "rate": rate, "seconds": seconds, "ms": {**at, "most": took[-1]}}


# ---- memory ----


def resident(daemon):
    for line in pathlib.Path("/proc/%d/status" % daemon.process.pid).read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


def memory(bench):
    """Resident memory at 1 million records and at --millions. The log on the broker is kept short."""
    million, total, samples = 1000000, int(bench.options.millions * 1000000), bench.stage.topic("memory")
    broker.create_topics(bench.stage.brokers, {samples: None}, bench.options.partitions,
                         {"retention.bytes": str(256 << 20), "segment.bytes": str(64 << 20), "file.delete.delay.ms": "1000"})
    bench.teach()
    daemon, _ = bench.start("memory", samples)
    daemon.ready()
    writer, sent, at = Writer(bench.stage.brokers, **{"queue.buffering.max.messages": 200000}), 0, {}
    while sent < total:
        for _ in range(10000):
            writer.send(samples, bench.messages[sent % len(bench.messages)][1], partition=sent % bench.options.partitions)
            sent += 1
        wait("the daemon keeps up", lambda: sent - daemon.metric("samples_admitted_total") < 100000, 60, 0.02)
        if sent % million == 0:
            writer.flush()
            wait("all are decided", lambda: daemon.metric("samples_admitted_total") >= sent, 60, 0.05)
            at[sent // million] = resident(daemon)
            print("%4d million records: %.1f MiB resident" % (sent // million, at[sent // million]), file=sys.stderr, flush=True)
    daemon.stop()
    first, last = at[1], at[total // million]
    print("resident at 1 million records %.1f MiB, at %d million %.1f MiB (%+.1f %%)" % (first, total // million, last, 100 * (last / first - 1)))
    return {"millions": total // million, "mib": at, "growth": last / first - 1}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("what", choices=("all", "latency", "memory"))
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--messages", type=int, default=1500000, help="all: messages of a round (1500000)")
    parser.add_argument("--rounds", type=int, default=7, help="all: interleaved rounds (7); of the slow rivals at most 3")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rate", type=int, default=1000, help="latency: samples a second (1000)")
    parser.add_argument("--seconds", type=int, default=60, help="latency, all: seconds measured, after 10 of warm-up (60)")
    parser.add_argument("--millions", type=int, default=10, help="memory: million records (10)")
    parser.add_argument("--no-shapes", dest="shapes", action="store_false", help="all: shape a only")
    parser.add_argument("--write", action="store_true", help="all: put the tables into docs/BENCHMARKS.md")
    options = parser.parse_args()
    if options.what == "all":
        import side_by_side  # noqa: PLC0415 (it imports this file)
        figures = side_by_side.run(options)
        if options.json:
            print(json.dumps(figures))
        return
    bench = Bench(options)
    failed = True
    try:
        figures = {"latency": latency, "memory": memory}[options.what](bench)
        failed = False
    finally:
        bench.stage.close(failed)
    if options.json:
        print(json.dumps({options.what: figures}))


if __name__ == "__main__":
    main()

"""Everything side by side on a real Kafka, in interleaved rounds: librdkafka doing nothing, winnowd in its variants, and what a team could deploy instead.

scripts/bench starts the broker and gives what could be fetched (STREAMS: class path with Kafka Streams and Filter, VW: a Python with vowpalwabbit).
Whatever the machine does besides meets all contenders of a round alike; a figure is the median of the rounds' ratios. "One core": the contender may use
the first processor only and the broker the others. Rates count the time from the first message to the last.
"""
import json
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time

import bench
import shapes
import broker
import streams
import winnowd
from broker import check, wait
from stream import Oracle

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = pathlib.Path(winnowd.BINARY).resolve().parent / "tests" / "bench"
FIRST = sorted(os.sched_getaffinity(0))[0]
TUNED = ("fetch.max.bytes=4194304", "queued.min.messages=2000000", "queued.max.messages.kbytes=2000000")
TCMALLOC = "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4"
HUGE = {"queued.min.messages": 2000000, "queued.max.messages.kbytes": 2000000}
LINES = 4096
RIVALS, RIVAL_ROUNDS = {"winnowd with cJSON, one core", "Python micro-batches of 500", "Python per message", "Vowpal Wabbit --active, per message", "Kafka Streams, Jackson"}, 3
SWAPS = 5

# key: (what, must, aim, whether less is better)
FIGURES = {
    "decode_vs_cjson": ("decode, bytes to row, against cJSON, least of shapes a, b, c", 8, 13, False),
    "decode_avro_vs_json": ("the same records in Avro, against JSON, least of shapes a, b, c", 1, 1.5, False),
    "daemon_vs_idle_one_core": ("whole daemon, one core, against librdkafka idle on one core", 0.30, 0.40, False),
    "daemon_vs_idle_default": ("the same, unpinned, against librdkafka's defaults idle", 0.8, 1.2, False),
    "vs_python_batch": ("against Python micro-batches, one core", 8, 13, False),
    "vs_python_message": ("against Python per message, one core", 60, 90, False),
    "default_queue_vs_huge": ("librdkafka's default queue against a huge one", 0.85, 0.95, False),
    "eos_vs_alo": ("exactly_once against at_least_once, 1 % routed", 0.85, 0.95, False),
    "cpu_ns_per_record": ("decode + score + decide + route 1 % per record, shape a", 700, 400, True),
    "task_latency_ms.p50": ("sample produced to task readable, 1,000/s", 100, 40, True),
    "task_latency_ms.p99": ("the same, p99", 250, 120, True),
    "swap_pause_us": ("hot swap of a 10 MB model: added p99.9 of a batch", 500, 200, True),
    "rss_mb": ("resident memory, 4 partitions, defaults", 150, 80, True),
    "mallocs_per_record": ("heap allocations per record after warm-up outside librdkafka", 0, 0, True),
    "scale_2": ("CPU per record of two workers against one", 1.1, 1.0, True),
}


def last_json(command, **more):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, check=True, text=True, timeout=900, **more)
    return json.loads(done.stdout.strip().splitlines()[-1])


def cpu_seconds(pid):
    """Of all threads, to the nanosecond."""
    return sum(int((t / "schedstat").read_text().split()[0]) for t in pathlib.Path("/proc/%d/task" % pid).iterdir()) * 1e-9


def pin(pid, cpus):
    for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
        try:
            os.sched_setaffinity(int(task.name), cpus)
        except ProcessLookupError:
            pass


def await_samples(daemon, total, started):
    """Looks seldom, and more often towards the end: each look costs the daemon half a millisecond."""
    done = 0
    while done < total:
        time.sleep(min(0.5, max(0.01, (total - done) / max(done, 1) * (time.monotonic() - started) / 2)))
        done = daemon.metric("samples_total")


class Field:
    """The topics, models and contenders of one run."""

    def __init__(self, options):
        self.options, self.bench = options, bench.Bench(options)
        self.stage, self.models, self.n = self.bench.stage, {}, 0
        self.everywhere = os.sched_getaffinity(0)
        self.broker = int((pathlib.Path(broker.DIR) / "broker-0.pid").read_text())

    # ---- topics and models ----

    def topic(self, shape, codec):
        return self.stage.topic("%s-%s" % (shape, codec))

    def fill(self, shape, codec, total):
        rng = random.Random(1)
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write("".join(shapes.SHAPES[shape][2](n, rng) + "\n" for n in range(LINES if shape != "c" else 512)))
            file.flush()
            broker.create_topics(self.stage.brokers, {self.topic(shape, codec): None}, self.options.partitions)
            last_json([PROGRAMS / "bench-client", "fill", self.stage.brokers, self.topic(shape, codec), self.options.partitions, total, file.name,
                       "compression.codec=" + codec, "linger.ms=20", "batch.size=1000000"])

    def settings(self, shape):
        return {"features": shapes.SHAPES[shape][1], "budget": {"rate": 0.01}, "topics": {"predictions": ""}}

    def teach(self, shape):
        """A model for the shape, made by a learner from its first samples."""
        topics, name = self.bench.topics("teach-" + shape), "%s-teach-%s" % (self.stage.name, shape)
        daemon = self.stage.start(winnowd.merge(self.settings(shape), {"service": {"name": name, "state_dir": str(self.stage.dir / name)}, "topics": {**topics, "samples": self.topic(shape, "none")},
                                                                       "budget": {"rate": 0.01, "upfront": 400}, "train": {"first": 100}}), "teach-%s.yaml" % shape)
        oracle = Oracle(self.stage, tasks=topics["tasks"], labels=topics["labels"])
        oracle.start()
        wait("a model of shape %s" % shape, lambda: daemon.find("listening") and daemon.metric("model_labelled_rows") >= 300, 120, 0.2)
        daemon.stop()
        oracle.end()
        records = [(r.key.decode().split("/", 1)[1], r) for r in broker.read_topic(self.stage.brokers, topics["models"])]
        version = max(int(k.split("/")[1]) for k, r in records if k.startswith("model/") and r.value)
        self.models[shape] = [(k, r) for k, r in records if k.startswith("model/%d/" % version)] + [(k, r) for k, r in records if k == "policy"][-1:]

    # ---- contenders: {"rate": messages/s, "cpu": ns a message} ----

    def figures(self, said):
        return {"rate": said["messages"] / said["seconds"], "cpu": said["cpu"] / said["messages"] * 1e9}

    def placed(self, one_core):
        """Where the contender may run; the broker goes elsewhere when it has one core for itself."""
        others = self.everywhere - {FIRST} or self.everywhere
        pin(self.broker, others if one_core else self.everywhere)
        return {"preexec_fn": lambda: os.sched_setaffinity(0, {FIRST})} if one_core else {}

    def idle(self, shape, codec, total, one_core, properties=()):
        return self.figures(last_json([PROGRAMS / "bench-client", "idle", self.stage.brokers, self.topic(shape, codec), self.options.partitions, total, *properties],
                                      **self.placed(one_core)))

    def peer(self, command, total, one_core=True, **more):
        self.n += 1
        tasks = self.stage.topic("peer-%d" % self.n)
        broker.create_topics(self.stage.brokers, {tasks: 1}, 1)
        return self.figures(last_json([*command[:-1], self.stage.brokers, self.topic("a", "none"), tasks, total, *command[-1]], **self.placed(one_core), **more))

    def with_library(self, library, *arguments, **changes):
        """The daemon with a library loaded before all others."""
        os.environ["LD_PRELOAD"] = library
        try:
            return self.daemon(*arguments, **changes)
        finally:
            del os.environ["LD_PRELOAD"]

    def daemon(self, shape, codec, total, one_core, **changes):
        self.n += 1
        name = "run-%d" % self.n
        self.bench.models = self.models[shape]
        self.placed(one_core)
        changes = winnowd.merge(self.settings(shape), changes)
        daemon, _ = self.bench.start(name, self.topic(shape, codec), **changes)
        if one_core:
            pin(daemon.process.pid, {FIRST})  # threads made later inherit it
        daemon.await_event("listening")
        pid, seen = daemon.process.pid, 0
        while not seen:
            check(daemon.process.poll() is None, "the daemon ended with %s", daemon.process.returncode)
            started, cpu, seen = time.monotonic(), cpu_seconds(pid), daemon.metric("samples_total")
            time.sleep(0.002)
        if one_core:
            pin(pid, {FIRST})
        await_samples(daemon, total, started)
        seconds, used = time.monotonic() - started, cpu_seconds(pid) - cpu
        check(seen < total, "all %d messages of shape %s were taken before the first look: give more with --messages", total, shape)
        check(daemon.metric("model_version") > 0, "no model was live")
        wait("all is committed", lambda: sum(max(o, 0) for o, _ in broker.committed(self.stage.brokers, "%s-%s" % (self.stage.name, name), self.topic(shape, codec),
                                                                                    self.options.partitions).values()) >= total, 60, 0.05)
        resident = bench.resident(daemon)
        daemon.stop()
        return {**self.figures({"messages": total - seen, "seconds": seconds, "cpu": used}), "rss": resident}


def contenders(field):
    """{name: measure()} of the main table, shape a, not compressed."""
    total, alo = field.options.messages, {"service": {"delivery": "at_least_once"}}
    few = max(2000, total // 40)

    def run(one_core, **changes):
        return lambda: field.daemon("a", "none", total, one_core, **changes)
    every = {
        "librdkafka idle, one core": lambda: field.idle("a", "none", total, True, TUNED),
        "librdkafka idle, its defaults": lambda: field.idle("a", "none", total, False),
        "winnowd at_least_once, one core": run(True, **alo),
        "winnowd exactly_once, one core": run(True),
        "winnowd at_least_once, huge queue": run(True, kafka={"consumer": HUGE}, **alo),
        "winnowd at_least_once, unpinned": run(False, **alo),
        "winnowd with cJSON, one core": run(True, admit={"json_reader": "cjson"}, **alo),
        "winnowd, two workers": run(False, service={"delivery": "at_least_once", "workers": 2}, worker={"cpus": sorted(field.everywhere)[:2]}),
        "Python micro-batches of 500": lambda: field.peer([sys.executable, HERE / "python_consumer.py", ["500"]], max(5000, total // 8)),
        "Python per message": lambda: field.peer([sys.executable, HERE / "python_consumer.py", []], few),
    }
    if pathlib.Path(TCMALLOC).exists():
        every["winnowd at_least_once, unpinned, tcmalloc"] = lambda: field.with_library(TCMALLOC, "a", "none", total, False, **alo)
    if os.environ.get("VW"):
        every["Vowpal Wabbit --active, per message"] = lambda: field.peer([os.environ["VW"], HERE / "vw_consumer.py", []], few)
    if os.environ.get("STREAMS"):
        every["Kafka Streams, Jackson"] = lambda: field.peer(["java", "-Xmx512m", "-cp", os.environ["STREAMS"], "Filter", [str(field.stage.dir / "streams")]], total)
    return every


def rounds_of(every, rounds):
    """{name: [figures of each round]}; every second round in reverse, so that a slow minute does not always meet the same one. Those of RIVALS take part in few."""
    results = {name: [] for name in every}
    for n in range(rounds):
        for name, measure in reversed(every.items()) if n % 2 else every.items():
            if n >= RIVAL_ROUNDS and name in RIVALS:
                continue
            results[name].append(measure())
            print("round %d  %-38s %10.0f messages/s %8.0f ns" % (n + 1, name, results[name][-1]["rate"], results[name][-1]["cpu"]), file=sys.stderr, flush=True)
    return results


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def ratio(results, this, that, what="rate"):
    """Round by round."""
    return spread([a[what] / b[what] for a, b in zip(results[this], results[that])]) if this in results and that in results else None


def other_shapes(field):
    rows = {}
    for shape in shapes.SHAPES:
        for codec in ("none", "lz4"):
            if (shape, codec) == ("a", "none"):
                continue
            total = max(20000, field.options.messages // (20 if shape == "c" else 4))
            field.fill(shape, codec, total)
            if shape not in field.models:
                field.teach(shape)
            every = {"idle": lambda: field.idle(shape, codec, total, True, TUNED),  # noqa: B023 (called at once)
                     "winnowd": lambda: field.daemon(shape, codec, total, True, service={"delivery": "at_least_once"})}  # noqa: B023
            results = rounds_of(every, 2)
            rows["%s, %s" % (shape, codec)] = {**{k: spread([r["rate"] for r in v]) for k, v in results.items()}, "ratio": ratio(results, "winnowd", "idle")}
    return rows


def decoding():
    """Least speed-ups over shapes a, b, c by the decoders' own program, when it was built: JSON against cJSON, and Avro against JSON."""
    program = PROGRAMS / "bench-decode"
    if not program.exists():
        return None, None
    worst, avro = [], []
    for shape in "abc":
        out = subprocess.run([program, shape, "7"], stdout=subprocess.PIPE, check=True, text=True).stdout
        ns = {line.split()[0]: statistics.median(map(float, line.split()[1:])) for line in out.splitlines() if len(line.split()) > 1}
        ours = min(v for k, v in ns.items() if k in ("portable", "avx2"))
        worst.append(ns["cjson"] / ours)
        avro.append(ours / ns["avro"])
    return min(worst), min(avro)


def in_memory(members):
    return last_json([PROGRAMS / "bench-pipeline", "--members", members], env=dict(os.environ, OPENBLAS_NUM_THREADS="1"))


def measure(field):
    field.fill("a", "none", field.options.messages)
    field.teach("a")
    results = rounds_of(contenders(field), field.options.rounds)
    plain, alo, eos = "librdkafka idle, one core", "winnowd at_least_once, one core", "winnowd exactly_once, one core"
    ratios = {
        "daemon_vs_idle_one_core": ratio(results, alo, plain),
        "daemon_vs_idle_default": ratio(results, "winnowd at_least_once, unpinned", "librdkafka idle, its defaults"),
        "vs_python_batch": ratio(results, alo, "Python micro-batches of 500"),
        "vs_python_message": ratio(results, alo, "Python per message"),
        "default_queue_vs_huge": ratio(results, alo, "winnowd at_least_once, huge queue"),
        "eos_vs_alo": ratio(results, eos, alo),
        "scale_2": ratio(results, "winnowd, two workers", "winnowd at_least_once, one core", "cpu"),
    }
    field.placed(False)
    swap = sorted((last_json([PROGRAMS / "bench-pipeline", "--swap-mb", 10], env=dict(os.environ, OPENBLAS_NUM_THREADS="1")) for _ in range(SWAPS)), key=lambda s: s["swap_pause_us"]["p99.9"])
    memory = in_memory(1)
    field.bench.models = field.models["a"]
    late = bench.latency(field.bench)["ms"] if field.options.seconds else None
    figures = {k: v["median"] if v else None for k, v in ratios.items()}
    json_ratio, avro_ratio = decoding()
    figures.update(decode_vs_cjson=json_ratio, decode_avro_vs_json=avro_ratio, cpu_ns_per_record=memory["cpu_ns_per_record"], mallocs_per_record=memory["mallocs_per_record"], swap_pause_us=swap[SWAPS // 2]["swap_pause_us"]["p99.9"],
                   rss_mb=statistics.median(r["rss"] for r in results["winnowd at_least_once, unpinned"]), task_latency_ms={"p50": late["p50"], "p99": late["p99"]} if late else None)
    ratios["swap_pause_us"] = spread([s["swap_pause_us"]["p99.9"] for s in swap])
    rows = {name: {"rate": spread([r["rate"] for r in rs]), "cpu_ns": spread([r["cpu"] for r in rs])} for name, rs in results.items()}
    return {"machine": machine(), "messages": field.options.messages, "rounds": field.options.rounds, "figures": figures, "spread": ratios, "contenders": rows,
            "shapes": other_shapes(field) if field.options.shapes else {}, "swap": swap[SWAPS // 2], "members_5": in_memory(5), "missing": missing()}


def missing():
    absent = {"VW": "Vowpal Wabbit (vowpalwabbit from PyPI)", "STREAMS": "Kafka Streams (from Maven Central)"}
    return [what for variable, what in absent.items() if not os.environ.get(variable)]


def machine():
    model = [line.split(": ")[1] for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return "%d processors, %s, Linux %s, load %.1f at the start" % (len(model), model[0] if model else platform.machine(), platform.release(), LOAD)


LOAD = os.getloadavg()[0]


# ---- tables ----


def value_of(figures, key):
    name, _, part = key.partition(".")
    value = figures.get(name)
    return value.get(part) if part and value else value


def verdict(value, must, aim, less):
    if value is None:
        return "not measured"
    good = (lambda limit: value <= limit) if less else (lambda limit: value >= limit)
    return "aim" if good(aim) else "must" if good(must) else "below"


def tables(data):
    lines = ["| figure | key | must | aim | measured | least to most | reached |", "|---|---|---|---|---|---|---|"]
    for key, (what, must, aim, less) in FIGURES.items():
        value, around = value_of(data["figures"], key), data["spread"].get(key)
        lines.append("| %s | `%s` | %g | %g | %s | %s | %s |" % (what, key, must, aim, "-" if value is None else "%.3g" % value,
                                                                 "%.3g to %.3g" % (around["least"], around["most"]) if around else "", verdict(value, must, aim, less)))
    lines += ["", "| contender, shape a | messages/s | least | most | CPU ns a message |", "|---|---|---|---|---|"]
    for name, row in data["contenders"].items():
        lines.append("| %s | %.0f | %.0f | %.0f | %.0f |" % (name, *(row["rate"][k] for k in ("median", "least", "most")), row["cpu_ns"]["median"]))
    if data["shapes"]:
        lines += ["", "| shape, codec; one core | librdkafka idle | winnowd at_least_once | ratio |", "|---|---|---|---|"]
        for name, row in data["shapes"].items():
            lines.append("| %s | %.0f | %.0f | %.2f |" % (name, row["idle"]["median"], row["winnowd"]["median"], row["ratio"]["median"]))
    if data["missing"]:
        lines += ["", "Not to be had here: %s." % "; ".join(data["missing"])]
    return lines


def write(data):
    described = "; ".join("%s: %s" % (k, v[0]) for k, v in shapes.SHAPES.items())
    head = "%s. %d messages of shape a, %d rounds (of the slow rivals 3) in turn, median of the rounds' ratios. Shapes: %s." % (
        data["machine"], data["messages"], data["rounds"], described)
    streams.replace_section("Side by side (`scripts/bench all`)", "\n".join([head, "", *tables(data)]))


def run(options):
    field, failed = Field(options), True
    try:
        data = measure(field)
        failed = False
    finally:
        pin(field.broker, field.everywhere)
        field.stage.close(failed)
    print("\n".join(tables(data)))
    if options.write:
        write(data)
    return data

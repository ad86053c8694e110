"""What more of something costs, on a real Kafka that scripts/bench starts: partitions, members, features, open tasks. Processor time of a record (or a
task) and memory of each, and whether that is flat or grows with a slope (slope.py).

Each figure is of processes of its own. Processor time is what the kernel counted for the daemon, user and system, after a tenth of the records; of the
rounds the least, since whatever else runs on the machine can only add to it. Samples are sent by one Python producer, at some tens of thousands a second.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import broker  # noqa: E402
import winnowd  # noqa: E402
from broker import Writer, check, wait  # noqa: E402
from slope import figure, grows, says  # noqa: E402
from stream import Oracle  # noqa: E402
from streams import replace_section  # noqa: E402
from taught import lend  # noqa: E402
from winnowd import BINARY, Stage  # noqa: E402

MIB, TICK = 1 << 20, os.sysconf("SC_CLK_TCK")
QUIET_S = 10  # how long an idle daemon is looked at


# ---- what the kernel says of a process ----


def cpu_s(pid):
    """Processor time so far."""
    fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(pid):
    """MiB: all that is resident, what of it is its own heap and stacks, and its part of what it shares."""
    status = dict(line.split(":", 1) for line in pathlib.Path("/proc/%d/status" % pid).read_text().splitlines())
    rollup = dict(line.split(":", 1) for line in pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines()[1:])
    kib = [status["VmRSS"], status["RssAnon"], rollup["Pss"]]
    return dict(zip(("rss", "anon", "pss"), (int(k.split()[0]) / 1024 for k in kib)))


def command(*words):
    """Seconds and largest resident MiB of a winnowd command, and how many lines it printed."""
    began = time.monotonic()
    with subprocess.Popen([BINARY, *map(str, words)], stdout=subprocess.PIPE) as process:
        lines = sum(1 for _ in process.stdout)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    check(process.returncode == 0, "%s ended with %s", words, process.returncode)
    return {"seconds": time.monotonic() - began, "mib": usage.ru_maxrss / 1024, "lines": lines}


# ---- samples ----


class Shape:
    """Flat JSON with d numbers; a line separates the classes, which the id names."""

    def __init__(self, d):
        self.d, self.names = d, ["f%d" % i for i in range(d)]

    def messages(self, n, seed):
        rng = random.Random(seed)
        out = []
        for i in range(n):
            values = [round(rng.gauss(0, 40), 2) for _ in self.names]
            name = "%d-%s" % (i, winnowd.CLASSES[sum(values) > 0])
            out.append(json.dumps({"id": name, **dict(zip(self.names, values))}, separators=(",", ":")).encode())
        return out


def fill(stage, topic, messages, total, partitions):
    """So many messages on the topic, in turn over its partitions."""
    writer = Writer(stage.brokers, **{"queue.buffering.max.messages": 1000000, "max.in.flight.requests.per.connection": 5, "linger.ms": 20})
    for n in range(total):
        writer.send(topic, messages[n % len(messages)], partition=n % partitions)
    writer.flush(300)


def settings(shape, **changes):
    base = {"features": [{"name": n} for n in shape.names], "budget": {"rate": 0.01}, "topics": {"predictions": ""},
            "kafka": {"session_timeout": "45s"}}
    return winnowd.merge(base, changes)


class Bench:
    def __init__(self, options):
        self.options, self.taught, self.task = options, {}, None

    def teach(self, stage, shape):
        """The models topic's records of a learner that has learned some 400 rows of that shape; made once a shape."""
        if shape.d in self.taught:
            return self.taught[shape.d]
        own = Stage("teach")
        stage.within.append(own)
        own.create(partitions=4, without=("predictions",))
        fill(own, own.topic("samples"), shape.messages(512, 1), 2000, 4)
        daemon, oracle = own.start(settings(shape, budget={"rate": 0.2})), Oracle(own)
        oracle.start()
        wait("taught", lambda: daemon.find("listening") and daemon.metric("model_labelled_rows") >= 300, 300, 0.5)
        daemon.stop(120)
        oracle.end()
        records = [(r.key.decode().split("/", 1)[1], r) for r in own.read("models")]
        self.task = own.read("tasks")[-1].value
        version = max(int(k.split("/")[1]) for k, r in records if k.startswith("model/") and r.value)
        policy = [(k, r) for k, r in records if k == "policy"][-1:]
        self.taught[shape.d] = [(k, r) for k, r in records if k.startswith("model/%d/" % version)] + policy
        return self.taught[shape.d]

    def stage(self, shape, partitions):
        """A stage whose topics are there, with a taught model."""
        stage = Stage("growth")
        names = {stage.topic(t): {"samples": partitions, "models": 1}.get(t, 4) for t in winnowd.TOPICS}
        broker.create_topics(stage.brokers, names, None)
        lend(stage, self.teach(stage, shape), stage.name)
        return stage

    def members(self, stage, shape, n):
        """So many processes of one worker each; all in the group."""
        daemons = []
        for i in range(n):
            own = settings(shape, service={"learner": False, "workers": 1, "instance": "m%d" % i, "state_dir": str(stage.dir / ("m%d" % i))})
            daemons.append(stage.start(own, "m%d.yaml" % i))
        for daemon in daemons:
            daemon.ready(240)
        wait("each has partitions", lambda: all(d.metric("ready") == 1 for d in daemons), 240, 1)
        return daemons

    def scoring(self, shape, partitions, members, records):
        """Figures of so many members over so many records that arrive while they run."""
        stage, failed = self.stage(shape, partitions), True
        try:
            messages = shape.messages(max(64, min(8192, 300000 // shape.d)), 2)
            daemons = self.members(stage, shape, members)
            quiet = [cpu_s(d.process.pid) for d in daemons]
            time.sleep(QUIET_S)
            quiet = sum(cpu_s(d.process.pid) for d in daemons) - sum(quiet)
            warm = max(records // 10, partitions)
            fill(stage, stage.topic("samples"), messages, warm, partitions)
            stage.caught_up(300)
            before = sum(cpu_s(d.process.pid) for d in daemons)
            fill(stage, stage.topic("samples"), messages, records, partitions)
            stage.caught_up(300)
            took = sum(cpu_s(d.process.pid) for d in daemons) - before
            sizes = [resident(d.process.pid) for d in daemons]
            for d in daemons:
                d.signal(15)
            for d in daemons:
                d.ended(0, 120)
            failed = False
        finally:
            stage.close(failed)
        mean = {k: sum(s[k] for s in sizes) / members for k in sizes[0]}
        return {"us": 1e6 * took / records, "idle_ms": 1e3 * quiet / QUIET_S / members, **mean}

    def best(self, *what):
        """Of the rounds the least of each figure."""
        rounds = [self.scoring(*what) for _ in range(self.options.rounds)]
        return {k: min(r[k] for r in rounds) for k in rounds[0]}


# ---- the four tables ----


SCORING = (("us", "processor time a record, µs", "µs"), ("idle_ms", "idle, ms of processor time a second", "ms"), ("rss", "resident, MiB", "MiB"), ("anon", "its own, MiB", "MiB"), ("pss", "with its part of what is shared, MiB", "MiB"))


def partitions(bench):
    return {n: bench.best(Shape(30), n, 1, bench.options.records) for n in (4, 64, 1000)}


def members(bench):
    return {n: bench.best(Shape(30), 128, n, bench.options.records) for n in (1, 8, 100)}


def features(bench):
    """The bytes of all records together are the same."""
    return {d: bench.best(Shape(d), 4, 1, bench.options.records * 30 // d) for d in (30, 300, 3000)}


def task_maker(record, total):
    """The n-th of so many tasks, from one that a worker wrote: cut where they differ, asked just now, open for a week."""
    task = json.loads(record)
    meta, sample = task["meta"], task["meta"]["sample_id"]
    meta.update(asked_ms="@asked@", expires_ms=int(time.time() * 1000) + 7 * 86400000, admitted=total, covered=total)
    text = json.dumps(task, separators=(",", ":")).replace(json.dumps(sample), '"@sample@"').replace(meta["id"], "@task@").replace('"@asked@"', "@asked@")

    def make(n):
        now_ms = "%d" % (time.time() * 1000)
        return text.replace("@sample@", "s-%d" % n).replace("@task@", "01a2025d-5200-7000-8000-%012x" % n).replace("@asked@", now_ms).encode()
    return make


def open_once(bench, n):
    """A learner that reads n tasks that nobody has answered, and what the commands take then."""
    shape, stage, failed = Shape(30), Stage("open"), True
    try:
        stage.create(partitions=4)
        bench.teach(stage, shape)
        make, writer = task_maker(bench.task, n), Writer(stage.brokers, **{"queue.buffering.max.messages": 200000, "max.in.flight.requests.per.connection": 5})
        for i in range(n):
            writer.send(stage.topic("tasks"), make(i), partition=i % 4)
        writer.flush(300)
        own = settings(shape, service={"learner": True, "workers": 0}, train={"store": "16GiB"})
        daemon = stage.start(own)
        pid = daemon.process.pid
        wait("all are read", lambda: daemon.find("listening") and daemon.metric("open_tasks") == n, 580, 0.5)
        daemon.await_event("learner_ready", 60)
        took = cpu_s(pid)
        out = {"us": 1e6 * took / n, **resident(pid)}
        time.sleep(QUIET_S)
        out["idle_ms"] = 1e3 * (cpu_s(pid) - took) / QUIET_S
        out["store"] = sum(f.stat().st_blocks * 512 for f in (stage.dir / "one").rglob("*") if f.is_file()) / MIB
        daemon.stop(120)
        began = time.monotonic()
        stage.start(own).await_event("learner_ready", 300)
        out["again"] = time.monotonic() - began
        newest = command("tasks", "-c", daemon.config, "list")
        every = command("tasks", "-c", daemon.config, "list", "--limit", "0", "--json")
        out.update({"list": newest["seconds"], "list_mib": newest["mib"], "all": every["seconds"], "all_mib": every["mib"]})
        failed = False
        return out
    finally:
        stage.close(failed)


OPEN = (("us", "learner: processor time a task, start included, µs", "µs"), ("idle_ms", "idle, ms of processor time a second", "ms"), ("rss", "resident, MiB", "MiB"), ("anon", "its own, MiB", "MiB"),
        ("store", "store, MiB", "MiB"), ("again", "started again: seconds to ready", "s"), ("list", "`tasks list`, s", "s"), ("list_mib", "its memory, MiB", "MiB"),
        ("all", "`tasks list --limit 0 --json`, s", "s"), ("all_mib", "its memory, MiB", "MiB"))


def open_tasks(bench):
    return {n: open_once(bench, n) for n in (1000, 10000, 100000, 1000000)[:bench.options.sizes]}


# what: (function, what x counts, rows of the table, what is said above it)
TABLES = {
    "partitions": (partitions, "partition", SCORING, "One process with one worker, 30 features. Samples come as fast as one Python producer sends them, so the daemon keeps up, and each of its cycles "
                   "commits offset and state of every partition that moved: that is what grows."),
    "members": (members, "member", SCORING, "Processes with one worker each, 128 partitions, 30 features; memory is of one process, the mean. The same samples at the same pace: each member "
                "commits cycles of its own, so a record's share of a cycle grows with them."),
    "features": (features, "feature", SCORING, "One process with one worker, 4 partitions; a record is as long as it has features (14 bytes each)."),
    "open": (open_tasks, "task", OPEN, "A learner's process that reads tasks of 30 features which nobody has answered, and the command over them."),
}


def section(what, figures, records):
    _, of, rows, head = TABLES[what]
    xs = sorted(figures)
    lines = [head + (" %s records a run." % format(records, ",") if rows is SCORING and what != "features" else ""), "",
             "| %ss | %s | |" % (of if what != "open" else "open task", " | ".join(format(x, ",") for x in xs)), "|---" * (len(xs) + 2) + "|"]
    for key, name, unit in rows:
        ys = [figures[x][key] for x in xs]
        lines.append("| %s | %s | %s |" % (name, " | ".join(figure(y) for y in ys), says(xs, ys, unit, "a " + of)))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench growth", description=__doc__)
    parser.add_argument("what", nargs="*", help="of %s; default: all" % ", ".join(TABLES))
    parser.add_argument("--records", type=int, default=300000, help="of a run (300000)")
    parser.add_argument("--rounds", type=int, default=2, help="of which the least counts (2)")
    parser.add_argument("--sizes", type=int, default=4, help="open: so many of the four sizes (4)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the tables into docs/BENCHMARKS.md")
    options = parser.parse_args()
    if not set(options.what) <= set(TABLES):
        parser.error("it is one of %s" % ", ".join(TABLES))
    bench, found, steep = Bench(options), {}, []
    for what in options.what or TABLES:
        found[what] = TABLES[what][0](bench)
        text = section(what, found[what], options.records)
        print("%s\n\n%s\n" % (what, text), flush=True)
        xs = sorted(found[what])
        for key, name, _ in TABLES[what][2]:
            ys = [found[what][x][key] for x in xs]
            if min(ys) > 0 and len(xs) > 1 and grows(xs, ys)[0] == "faster":
                steep.append("%s: %s" % (what, name))
        if options.write:
            replace_section("Growth: %s (`scripts/bench growth %s`)" % (what, what), text)
    if options.json:
        print(json.dumps(found))
    print("faster than a line: %s" % ("; ".join(steep) or "nothing"))
    sys.stdout.flush()
    os._exit(1 if steep else 0)  # as broker's main: an abandoned handle must not hold up the end


if __name__ == "__main__":
    main()

"""The trace context of a sample goes on to its task, asked by the stream or chosen from the pool, and to its dead letter; a sample without one gets none."""
import json

from broker import Writer, check, equal, wait
from stream import BAD, Oracle, sample
from winnowd import main

STATE = "vendor=a1b2,other=c3"


def parent(n):
    return "00-%032x-%016x-01" % (n + 1, n + 7)


def send(stage, total):
    writer = Writer(stage.brokers)
    for n in range(total):
        name, value = sample(n, stage.random)
        headers = [("other", b"x")] + ([("traceparent", parent(n).encode()), ("tracestate", STATE.encode())] if n % 2 else [])
        writer.send(stage.topic("samples"), value, key=name, headers=headers)
    writer.send(stage.topic("samples"), BAD["not_json"], key="bad", headers=[("traceparent", parent(total).encode()), ("tracestate", STATE.encode())])
    writer.send(stage.topic("samples"), sample(total, stage.random)[1], key="long", headers=[("traceparent", b"x" * 2000), ("tracestate", STATE.encode())])
    writer.flush()


def carried(stage):
    """How many tasks had a trace and how many had none, all of them right."""
    with_trace = without = 0
    for r in stage.read("tasks"):
        n = int(json.loads(r.value)["meta"]["sample_id"].split("-")[0])
        wanted = {"traceparent": parent(n).encode(), "tracestate": STATE.encode()} if n % 2 else {}
        equal({k: v for k, v in r.headers.items()}, wanted, "headers of the task of sample %d" % n)
        with_trace += n % 2
        without += 1 - n % 2
    return with_trace, without


def test(stage):
    stage.create()
    total = 2000
    daemon, oracle = stage.start({"budget": {"rate": 0.2}}).ready(), Oracle(stage)
    oracle.start()
    send(stage, total)
    stage.caught_up()
    wait("a model is live", lambda: daemon.metric("model_version") >= 1)
    daemon.stop()
    oracle.end()
    counts = carried(stage)
    check(min(counts) > 50, "tasks with and without a trace: %s", counts)
    letter = stage.read("dead_letters")[0]
    equal((letter.headers["traceparent"].decode(), letter.headers["tracestate"].decode()), (parent(total), STATE), "the dead letter's trace")

    # Whatever is asked is asked at the end of a window, from what the window kept.
    daemon = stage.start({"budget": {"rate": 0.2, "burst": 100}, "pool": {"window": 200, "share": 1, "idle": "1s"}}).ready()
    before = sum(counts)
    send(stage, total)
    stage.caught_up()
    daemon.stop()
    pooled = [json.loads(r.value)["meta"]["reason"] for r in stage.read("tasks")].count("pool")
    counts = carried(stage)
    check(pooled > 50 and sum(counts) > before + 50, "tasks of the pool: %d", pooled)


main(test)

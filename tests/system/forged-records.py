"""I1, I11: whoever may write a topic that is read back writes what no producer of ours would: no key, no value, keys of a megabyte, 100,000 headers, times before
1970 and in the year 292278994, our own records again under other keys. Nothing ends, memory stays bounded, what is genuine is learned, and every command
that reads these topics answers; so does a start on them, and one whose store is filled anew from them."""
import json
import shutil

from broker import Writer, check, equal, wait
from stream import answer, feed
from winnowd import main, run

READ_BACK = ("samples", "tasks", "labels", "models", "dead_letters", "predictions")
TIMES = (-1, 0, 1, 9404190000000, 9223372036854775807)
MEMORY_MOST, SLOW = 400e6, 120
LARGE = {"max.message.bytes": "30000000", "message.timestamp.after.max.ms": "9223372036854775807"}
CHANGES = {"budget": {"rate": 0.3}, "train": {"park": "5s"}}
COMMANDS = (["audit"], ["tasks", "list", "--state", "all"], ["dead-letters", "list"], ["dead-letters", "retry", "--all", "--dry-run"], ["model", "list"],
            ["policy", "show"], ["offsets", "show"], ["check", "--sample", "200"], ["policy", "pause"], ["policy", "resume"])


def forge(stage, role):
    """On one topic; our own last records are among the values and keys."""
    real, topic = stage.read(role), stage.topic(role)
    values = [None, b"", b"{}", b"null", b"\xff\xfe"] + [r.value for r in real[-3:]]
    keys = [None, b"", b"k" * 1000000, b"\xff\xfe"] + [r.key for r in real[-2:]]
    writer = Writer(stage.brokers, **{"message.max.bytes": 30000000})
    for value in values:
        for key in keys:
            writer.send(topic, value, key=key)
    for time_ms in TIMES:
        writer.send(topic, values[-1], key=keys[-1], time_ms=time_ms)
    for n in (1000, 100000):
        for headers in ([("h%d" % i, b"v") for i in range(n)], [("chunks", b"%d" % i) for i in range(n)], [("traceparent", b"00-1")] * n):
            writer.send(topic, values[-1], key=keys[-1], headers=headers)
    writer.send(topic, values[-1], key=keys[-1], headers=[("x", b"y" * 5000000), ("", b"")])
    writer.flush()


def peak(daemon):
    """The most memory that it has had, in bytes."""
    with open("/proc/%d/status" % daemon.process.pid) as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def genuine(stage):
    """Tasks that a worker asked for, once each; those written again are repeats of their id."""
    out = {}
    for r in stage.read("tasks"):
        try:
            meta = json.loads(r.value)["meta"]
            out[meta["id"]] = meta
        except (TypeError, ValueError, KeyError):
            continue  # forged
    return list(out.values())


def test(stage):
    stage.create(1, config=LARGE)
    daemon = stage.start(CHANGES).ready()
    feed(stage, 500, bad_every=20)
    stage.caught_up()
    answer(stage, stage.tasks())
    wait("it has learned", lambda: daemon.metric("labelled_rows") == len(stage.tasks()), SLOW)
    for role in READ_BACK:
        forge(stage, role)
        check(daemon.process.poll() is None, "it ends of records on %s", role)
    feed(stage, 500, seed=9)
    stage.caught_up(SLOW)
    answer(stage, genuine(stage))
    rows = len(genuine(stage))
    wait(lambda: "all that is genuine is learned: %d of %d" % (daemon.metric("labelled_rows"), rows), lambda: daemon.metric("labelled_rows") == rows, SLOW)
    equal(daemon.get("/readyz"), (200, "ok\n"), "/readyz")
    check(peak(daemon) < MEMORY_MOST, "memory: %d bytes", peak(daemon))
    for page in ("/recent", "/status", "/models", "/metrics"):
        equal(daemon.get(page)[0], 200, page)
    for command, *rest in COMMANDS:
        said = run(command, "-c", daemon.config, *rest)
        equal(said.returncode, 0, "%s %s: %s" % (command, rest, said.stdout[-300:] + said.stderr[-300:]))
    daemon.kill()

    daemon = stage.start(CHANGES).ready()
    daemon.await_event("learner_ready", SLOW)
    equal(daemon.metric("labelled_rows"), rows, "rows after a restart")
    daemon.stop()
    shutil.rmtree(stage.dir / "one")
    daemon = stage.start(CHANGES).ready()
    wait("the same are learned anew", lambda: daemon.metric("labelled_rows") == rows, SLOW)
    daemon.stop()


main(test)

"""Records of Debezium: people see the row and not its envelope, deletes and tombstones are counted and passed over, and a dead letter says what was found."""
import json

from broker import Writer, check, equal, wait
from winnowd import main, run


def change(op, n, x="0.5"):
    row = {"id": n, "x": x, "y": 1, "kind": "a"}
    return json.dumps({"before": None if op == "c" else row, "after": None if op == "d" else row, "op": op, "source": {"table": "t"}}).encode()


SHAPES = {"CloudEvents": {"event": "/data", "id": "/id"}, "Debezium": {"event": "/payload/after", "id": "/payload/after/name"},
          "odd names": {"event": "/a~1b/c", "id": "/a~1b/m~0/id"}, "no id": {"event": "/payload", "id": ""}}


def fed(stage):
    """`feed` puts rows into the envelope that the configuration speaks of; what a daemon would not read is refused before anything is sent."""
    plain, records = stage.dir / "plain.csv", stage.dir / "with.jsonl"
    plain.write_text("name,x,y,kind\n" + "".join('r"%d,%d.5,1,a\n' % (n, n) for n in range(10)))

    def values():
        return {r.value for r in stage.read("samples") if r.value}

    def feed(admit, data):
        config = stage.config({"admit": admit, "features": [{"name": "x", "required": True}, {"name": "y"}, {"name": "kind", "type": "category", "values": ["a"]}]}, "fed.yaml")
        return config, run("feed", "-c", config, "--data", data, *(["--id", "name"] if data == plain else []))

    for name, admit in SHAPES.items():
        before = values()
        config, done = feed(admit, plain)
        equal(done.returncode, 0, "feed for %s: %s" % (name, done.stderr))
        sent = values() - before
        equal(len(sent), 10, "records of " + name)
        records.write_bytes(b"\n".join(sorted(sent)) + b"\n")
        done = run("check", "-c", config, "--sample", records)
        check(done.returncode == 0 and "10 records, 0 would be dead letters" in done.stdout, "%s: %s %s", name, done.stdout, done.stderr)
        check('a sample, r"7' in done.stdout or name == "no id", "the id of %s: %s", name, done.stdout)
    before, n = values(), len(stage.read("samples"))
    config, done = feed({"event": "/payload", "id": ""}, records)
    equal((done.returncode, len(stage.read("samples")) - n, values() - before), (0, 10, set()), "rows that have their envelope go as they are")
    for admit, word in (({"format": "registry", "registry": {"url": "http://127.0.0.1:1"}}, "admit.format is registry"), ({"event": "/a/b", "id": "/a"}, "no record has both")):
        before = values()
        config, done = feed(admit, plain)
        check(done.returncode == 78 and word in done.stderr, "%s: %s %s", admit, done.returncode, done.stderr)
        equal(values(), before, "what is sent then")


def test(stage):
    stage.create()
    config = stage.config({
        "service": {"learner": False},
        "budget": {"rate": 1},
        "admit": {"id": "/after/id", "event": "/after", "ignore": ["/op=d", "/op=t"], "tombstones": "ignore"},
        "features": [{"name": "x", "required": True, "parse": True}, {"name": "y"}, {"name": "kind", "type": "category", "values": ["a"]}],
        "route": {"fields": ["/x", "/kind"], "mask": ["/kind"]},
    })
    samples = stage.topic("samples")
    writer = Writer(stage.brokers)
    for n in range(20):
        writer.send(samples, change("c", n))
    for n in range(5):
        writer.send(samples, change("d", n))
        writer.send(samples, None, key=str(n))
    writer.send(samples, b'{"op":"t"}')
    bad = {
        b"\x1f\x8b\x08rest": "gzip",
        b"\x00\x00\x00\x00\x21\x0e": "a schema-registry header, id 33, and no admit.registry to ask",
        b'{"op":"c","after":{"x":NaN}}': "NaN at byte 23",
        b'{"op":"c","after":{"x":"12,5 EUR?"}}': 'text at /after/x: "12,5 EUR?"',
        b'{"op":"u","after":null}': "null at /after",
    }
    for value in bad:
        writer.send(samples, value)
    writer.flush()
    daemon = stage.start_with(config).ready()
    stage.caught_up()

    tasks = [json.loads(r.value) for r in stage.read("tasks")]
    check(len(tasks) >= 8, "tasks: %d", len(tasks))  # which of 20 are asked hangs on the topic's name
    for task in tasks:
        equal(task["data"]["event"], {"x": "0.5", "kind": "***"}, "what people see")
        check(task["meta"]["row"][0] == 0.5, "row: %s", task["meta"]["row"])
    equal({t["meta"]["sample_id"] for t in tasks} - {str(n) for n in range(20)}, set(), "ids")
    wait("the records that are no samples are counted", lambda: daemon.metric("samples_ignored_total") == 11)
    equal(daemon.metric("samples_admitted_total"), 20, "admitted")

    letters = {r.value: r.headers["__connect.errors.exception.message"].decode() for r in stage.read("dead_letters")}
    equal(set(letters), set(bad), "dead letters")
    for value, found in bad.items():
        check(letters[value].endswith(": " + found), "%s: %s", value, letters[value])
    recent = json.dumps(json.loads(daemon.get("/recent")[1])["dead_letters"])
    check("text at /after/x" in recent and "EUR" not in recent, "/recent repeats a value: %s", recent)

    # The same, looked at before anything runs: from a file, one record over several lines, and the topic.
    records = stage.dir / "records.jsonl"
    records.write_bytes(b"\n".join([change("c", 7), change("d", 7), b'{"op":"c","after":{"x":NaN}}']) + b"\n")
    for source, code, words in ((records, 65, ("a sample, 7", '"0.5"', "passed over", "NaN at byte 23", "3 records, 1 would be dead letters")),
                                ("2000", 65, ("36 records, 5 would be dead letters",)), ("0", 64, ()), (stage.dir / "absent", 66, ())):
        done = run("check", "-c", config, "--sample", source)
        equal(done.returncode, code, "check --sample %s: %s" % (source, done.stderr))
        for word in words:
            check(word in done.stdout, "check --sample %s does not say %r: %s", source, word, done.stdout)
        check("EUR" not in done.stdout and '"a"' not in done.stdout, "check --sample shows what is masked: %s", done.stdout)
    records.write_text(json.dumps(json.loads(change("c", 8)), indent=2))
    done = run("check", "-c", config, "--sample", "-", input=records.read_text())
    check(done.returncode == 0 and "1 records, 0 would be" in done.stdout, "one record over several lines: %s", done.stdout)

    # What is passed over now is not fed again: a letter of before `ignore` was configured.
    ignoring = stage.config({"admit": {"event": "/after", "ignore": ["/op=u"]}, "features": [{"name": "x", "parse": True}]}, "ignoring.yaml")
    done = run("dead-letters", "-c", ignoring, "retry", "--all", "--dry-run")
    check("passed over" in done.stdout + done.stderr, "retry of what is ignored: %s", done.stdout + done.stderr)
    daemon.stop()
    fed(stage)


main(test)

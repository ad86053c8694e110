"""Samples behind a schema registry's header: read by the schema that stands there, also by one that came while the daemon runs; an
unknown id is a dead letter with the id; a registry that is away only lets samples wait."""
import json

from broker import Writer, check, equal, wait
from schema_registry import SAMPLE, Registry, avro, frame
from winnowd import main, run

NEWER = {**SAMPLE, "fields": [{"name": "shop", "type": {"type": "array", "items": "string"}}] + SAMPLE["fields"]}


def payment(n, **more):
    return {"id": "%d-good" % n, "x": n / 8, "y": -0.5, "kind": "b", **more}


def test(stage):
    stage.create()
    writer, topic = Writer(stage.brokers), stage.topic("samples")

    def send(*values):
        for value in values:
            writer.send(topic, value)
        writer.flush()

    def predicted():
        return {json.loads(r.value)["sample_id"] for r in stage.read("predictions")}

    def letters():
        return {r.headers["__connect.errors.exception.message"].decode() for r in stage.read("dead_letters")}

    with Registry(token="Basic dXNlcjpzZWNyZXQ=") as registry:
        first = registry.add(SAMPLE)
        as_json = registry.add('{"type": "object"}', kind="JSON")
        protobuf = registry.add('syntax = "proto3";', kind="PROTOBUF")
        registry.add({"type": "record", "name": "Where", "namespace": "shop", "fields": [{"name": "city", "type": "string"}]}, subject="where-value")
        referring = registry.add({**SAMPLE, "fields": SAMPLE["fields"] + [{"name": "where", "type": "Where"}]}, references=[{"name": "shop.Where", "subject": "where-value", "version": 1}])
        unknown, newer = 99, referring + 1
        (stage.dir / "token").write_text("user:secret\n")
        settings = {"admit": {"registry": {"url": registry.url, "token_file": str(stage.dir / "token")}}, "budget": {"rate": 1}, "service": {"learner": False}}
        daemon = stage.start(settings).ready()

        # Each kind beside the other on one topic; the event in a task is JSON.
        send(frame(first, avro(SAMPLE, payment(1))), frame(as_json, json.dumps(payment(2)).encode()), json.dumps(payment(3)), frame(first, avro(SAMPLE, payment(4, x=0.1))),
             frame(unknown, b"\2\2"), frame(0xffffffff, b"\2"), frame(protobuf, b"\0\n"), frame(first, avro(SAMPLE, payment(5)) + b"\0"))
        wait("what has a schema is decided", lambda: predicted() >= {"1-good", "2-good", "3-good", "4-good"})
        wait("four dead letters", lambda: len(letters()) == 4)
        said = "\n".join(sorted(letters()))
        for part in ("schema id 99: the registry knows no schema with this id", "schema id 4294967295: the registry knows no schema with this id", "schema id %d: Protobuf is not read" % protobuf, "schema id %d: there are bytes behind the record" % first):
            check(part in said, "%s is not said: %s", part, said)
        sent = {"%d-good" % n: payment(n, y=None if n % 2 else n / 7) for n in range(100, 140)}
        send(*(frame(first, avro(SAMPLE, one)) for one in sent.values()))
        wait("forty more", lambda: predicted() >= set(sent))
        events = {json.loads(r.value)["data"]["sample_id"]: json.loads(r.value)["data"]["event"] for r in stage.read("tasks")}
        asked = {k: e for k, e in events.items() if k in sent}
        check(len(asked) > 10, "tasks of Avro samples: %d", len(asked))
        equal(asked, {k: sent[k] for k in asked}, "events in tasks")
        check(registry.asked.count("/schemas/ids/%d" % first) == 1, "each schema is asked for once: %s", registry.asked)

        # A schema with references, fetched when first seen.
        send(frame(referring, avro(SAMPLE, payment(6)) + b"\x0aDelft"))
        wait("a schema that refers to another", lambda: "6-good" in predicted())

        # A registry that is away, in each of its ways: samples wait, nothing is a dead letter, and it is said.
        for n, trouble in enumerate(("away", 503, 401, "page", 404), 10):
            buried = len(stage.read("dead_letters"))
            registry.trouble = trouble
            equal(registry.add({**NEWER, "doc": str(trouble)}), newer + n - 10, "the next id")
            send(frame(newer + n - 10, avro(NEWER, payment(n, shop=["a", "b"]))))
            wait("it is not ready, and says why", lambda: "schema registry" in daemon.get("/readyz")[1])
            equal(daemon.metric("outside_trouble", system="schema_registry"), 1, "the metric")
            check("%d-good" % n not in predicted(), "it waits")
            equal(len(stage.read("dead_letters")), buried, "dead letters while it is away")
            registry.trouble = None
            wait("it goes on", lambda: "%d-good" % n in predicted())
            wait("ready again", lambda: daemon.get("/readyz")[0] == 200)

        # Stopped while samples wait: nothing of them is lost, and the next one reads them.
        registry.trouble = 503
        last = registry.add({**NEWER, "doc": "last"})
        writer.send(topic, frame(last, avro(NEWER, payment(20, shop=[]))), partition=0)
        send(json.dumps(payment(21)))
        wait("it waits for that schema", lambda: "schema registry" in daemon.get("/readyz")[1])
        check(daemon.find("schema_registry_away") and daemon.find("schema_registry_back"), "both are said")
        check(not daemon.find("bridge_tool_away"), "the registry is taken for the annotation tool")
        daemon.stop()
        check("20-good" not in predicted(), "it was not decided")
        registry.trouble = None
        other = registry.add({**NEWER, "doc": "other"})
        registry.broken = {"/schemas/ids/%d" % last}
        for n, number in ((22, last), (23, other)):
            writer.send(topic, frame(number, avro(NEWER, payment(n, shop=[]))), partition=0)
        writer.flush()
        again = stage.start(settings)
        wait("one that the registry has trouble with holds up no other", lambda: "/schemas/ids/%d" % other in registry.asked)
        registry.broken = set()
        again.ready()
        wait("the next one reads it", lambda: predicted() >= {"20-good", "21-good", "22-good", "23-good"})
        stage.caught_up()

        # A token that can not be read is said before anything starts.
        lost = stage.config({"service": {"instance": "lost", "state_dir": str(stage.dir / "lost")}, "admit": {"registry": {"url": registry.url, "token_file": str(stage.dir / "absent")}}}, "lost.yaml")
        done = run("check", "-c", lost)
        check(done.returncode == 78 and "admit.registry: token_file: cannot read" in done.stderr, "check without the token: %s", done.stderr)
        stage.start_with(lost).ended(78)
        for authorities, said in ((stage.dir / "absent", "No such file"), (stage.dir / "lost.yaml", "no certificate"), (stage.dir, "directory")):
            wrong = stage.config({"service": {"instance": "lost", "state_dir": str(stage.dir / "lost")}, "admit": {"registry": {"url": registry.url, "ca": str(authorities)}}}, "wrong.yaml")
            done = run("check", "-c", wrong)
            check(done.returncode == 78 and "admit.registry: ca: cannot read" in done.stderr and said in done.stderr, "check without authorities: %s", done.stderr)
        stage.start_with(wrong).ended(78)

        # Commands ask the registry too: check shows what it reads, and retry takes a letter whose schema is there by now.
        done = run("check", "-c", again.config, "--online")
        check("/x is in" in done.stdout + done.stderr, "check --online: %s", done.stdout + done.stderr)
        place = next(json.loads(line) for line in [json.dumps(x) for x in json.loads(run("dead-letters", "-c", again.config, "list", "--json", "--limit", "0").stdout)] if json.loads(line)["reason"] == "unknown_schema")["place"]
        refused = run("dead-letters", "-c", again.config, "retry", place)
        check("would be a dead letter again: the schema of the value is not known" in refused.stdout + refused.stderr, "retry of an unknown one: %s", refused.stdout + refused.stderr)
        done = run("dead-letters", "-c", lost, "retry", place)
        check(done.returncode == 78 and "admit.registry: token_file: cannot read" in done.stderr, "retry without the token: %s", done.stderr)
        check(again.process.poll() is None and "secret" not in again.text, "the token is not said")
        again.stop()


main(test)

"""Samples behind the header of a real registry: Apicurio, by the API that it shares with Confluent's. A schema that evolves while
the daemon runs, an unknown id, and a registry that hangs and comes back."""
import json
import subprocess
import tempfile

from broker import ROOT, Writer, check, wait
from schema_registry import SAMPLE, avro, frame
from winnowd import main

SCRIPT = str(ROOT / "scripts" / "registry")


def registry(*words, seconds=900):
    return subprocess.run([SCRIPT, *map(str, words)], stdout=subprocess.PIPE, check=True, text=True, timeout=seconds).stdout.strip()


def test(stage):
    directory = stage.dir / "apicurio"
    url = registry("start", directory)
    try:
        play(stage, directory, url)
    finally:
        registry("stop", directory)


def play(stage, directory, url):
    writer, topic = Writer(stage.brokers), stage.topic("samples")

    def add(schema, kind="AVRO", subject="payments-value"):
        with tempfile.NamedTemporaryFile("w", suffix=".avsc") as file:
            file.write(json.dumps(schema))
            file.flush()
            return int(registry("add", directory, subject, file.name, kind))

    def send(*values):
        for value in values:
            writer.send(topic, value)
        writer.flush()

    def predicted():
        return {json.loads(r.value)["sample_id"] for r in stage.read("predictions")}

    def letters():
        return [r.headers["__connect.errors.exception.message"].decode() for r in stage.read("dead_letters")]

    def payment(n):
        return {"id": "%d-good" % n, "x": n / 8, "y": -0.5, "kind": "b", "place": "Delft"}

    stage.create()
    first = add(SAMPLE)
    settings = {"admit": {"registry": {"url": url}}, "budget": {"rate": 1}, "service": {"learner": False}}
    daemon = stage.start(settings).ready()
    send(frame(first, avro(SAMPLE, payment(1))), frame(first + 1000, b"\2"))
    wait("the first schema", lambda: "1-good" in predicted())
    wait("an unknown id", lambda: len(letters()) == 1)
    check("schema id %d: the registry knows no schema with this id" % (first + 1000) in letters()[0], "what is said: %s", letters())

    # It evolves: a field more, with a default, before the others.
    newer = {**SAMPLE, "fields": SAMPLE["fields"][:1] + [{"name": "place", "type": "string", "default": ""}] + SAMPLE["fields"][1:]}
    second = add(newer)
    as_json = add({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}, "JSON", "json-value")
    check(len({first, second, as_json}) == 3, "three ids")
    send(frame(second, avro(newer, payment(2))), frame(first, avro(SAMPLE, payment(3))), frame(as_json, json.dumps(payment(4)).encode()))
    wait("both schemas, and JSON", lambda: predicted() >= {"2-good", "3-good", "4-good"})

    # It hangs: samples of known schemas go on until one that is new comes, and that waits.
    third = add({**newer, "doc": "third"})
    registry("pause", directory)
    send(frame(second, avro(newer, payment(5))))
    wait("a known schema needs nobody", lambda: "5-good" in predicted())
    send(frame(third, avro(newer, payment(6))))
    daemon.await_event("schema_registry_away")
    check("6-good" not in predicted() and len(letters()) == 1, "it waits")
    registry("continue", directory)
    wait("it goes on", lambda: "6-good" in predicted())
    daemon.stop()


main(test)

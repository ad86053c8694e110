"""I8: the label store is only a cache. Removed, it is rebuilt from the topics to the same labelled set; a learner that starts from nothing
makes the same model of it, byte for byte; and a restart in the middle of reading changes nothing."""
import json
import shutil
import struct

import broker
from accounts import learned, progress
from broker import check, equal, wait
from stream import Feeder, Oracle
from winnowd import main

CHANGES = {"train": {"interval": "100ms", "growth": 10, "labels": 1000000, "first": 400}}


def versions(stage, name):
    """{version: (metadata, tensor bytes)} on the models topic."""
    out = {}
    for r in stage.read("models"):
        parts = r.key.decode().split("/")
        if parts[0] == name and parts[1] == "model" and r.value:
            length = struct.unpack("<Q", r.value[:8])[0]
            out[int(parts[2])] = (json.loads(r.value[8:8 + length])["__metadata__"], r.value[8 + length:])
    return out


def figures(daemon):
    """What is said of all samples: {"estimate": {"recall": ...}, ...}."""
    status = json.loads(daemon.get("/status")[1])
    return {key: status[key] for key in status if key.startswith("estimate") and isinstance(status[key], dict)}


def same_figures(now, before):
    """But for roundings: the answers are added up in another order. Those of now are of the last answers in the order of reading, which
    is another one after a rebuild, so at the window's edge one or two are others."""
    for key in (k for k in before if not k.startswith("estimate_now")):
        for figure, value in before[key].items():
            other = now[key][figure]
            check(value == other or abs(value - other) < 1e-9, "%s of %s is %s, was %s", key, figure, other, value)


def test(stage):
    stage.create()
    daemon, oracle = stage.start(CHANGES).ready(), Oracle(stage)
    oracle.start()
    feeder = Feeder(stage, rate=1e9, total=9000)
    feeder.work()
    wait("a first version, of whose predictions the figures are", lambda: (daemon.metric("model_version") or 0) > 0)
    feeder.total = 12000
    feeder.work()
    stage.caught_up()
    tasks = stage.tasks()
    wait("answered", lambda: len(oracle.answers) == len(tasks))
    learned(daemon, len(tasks))
    oracle.end()
    wait("a version of the whole set", lambda: daemon.metric("model_labelled_rows") == len(tasks))
    wait("progress of the whole set", lambda: progress(stage).get("labelled") == len(tasks), every=0.3)
    before, made, said = progress(stage), versions(stage, stage.name), figures(daemon)
    check(0.5 < said["estimate"]["accuracy"] <= 1 and said["estimate_low"]["accuracy"] > 0, "figures: %s", said)
    daemon.stop()

    shutil.rmtree(stage.dir / "one" / "labels")
    daemon = stage.start(CHANGES).ready()
    daemon.await_event("learner_ready")
    learned(daemon, len(tasks))
    wait("progress is written again", lambda: progress(stage)["time_ms"] > before["time_ms"], every=0.3)
    after = progress(stage)
    equal(after["digest"], before["digest"], "digest of the labelled set")
    wait("the figures are told", lambda: figures(daemon)["estimate"]["accuracy"] is not None)
    same_figures(figures(daemon), said)
    equal(after["labelled"], before["labelled"], "labelled rows")
    for topic in ("tasks", "labels"):  # up to the marker behind the last record, which a progress record may be too early for
        check(all(abs(after[topic][p] - at) <= 1 for p, at in before[topic].items()), "positions: %s, %s", after, before)
    equal(sorted(versions(stage, stage.name)), sorted(made), "versions: the same set is not published twice")
    daemon.stop()

    # From nothing: another service with an empty models topic reads the same tasks and labels, and is killed on the way now and then.
    name = stage.name + "-new"
    fresh = stage.topic("fresh-models")
    broker.create_topics(stage.brokers, {fresh: 1}, 1)
    changes = {**CHANGES, "service": {"name": name, "state_dir": str(stage.dir / "new")}, "topics": {"models": fresh, "samples": stage.topic("none")}}
    broker.create_topics(stage.brokers, {stage.topic("none"): None}, 2)
    for _ in range(3):
        daemon = stage.start(changes, "new.yaml")
        daemon.await_event("assigned")
        daemon.kill()
    daemon = stage.start(changes, "new.yaml").ready()
    learned(daemon, len(tasks))
    wait("a version", lambda: daemon.metric("model_labelled_rows") == len(tasks))
    daemon.stop()
    stage_topic, stage.topic = stage.topic, lambda what: fresh if what == "models" else stage_topic(what)
    remade = versions(stage, name)
    digest = progress(stage, name)["digest"]
    stage.topic = stage_topic
    equal(digest, before["digest"], "digest of the labelled set, from nothing")
    check(remade[max(remade)][1] == made[max(made)][1], "the model of the same labelled set has other bytes: %s and %s",
          remade[max(remade)][0], made[max(made)][0])


main(test)

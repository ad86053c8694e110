"""I6: `winnowd simulate`, given the log, the configuration and the points of model and policy switch of a run on a broker, decides every
sample as that run did: the same are asked, with the same reasons, propensities and thresholds. The models are not given: they come out
of the backtest's own learning from the same labels."""
import hashlib
import json
import struct

from accounts import learned
from broker import PATIENCE, check, equal, wait
from stream import Feeder, Oracle, truth_of
from winnowd import main, run

SAMPLES, RATE = 12000, 0.05
REASONS = ("uncertain", "risk", "random", "pool", "cold", "upfront", "synthetic")  # in the order of include/config/choices.h


def metadata(record):
    """Of a model record: safetensors, a length and a JSON header first."""
    size = int.from_bytes(record.value[:8], "little")
    return json.loads(record.value[8:8 + size])["__metadata__"]


def seen(meta, topic):
    """How far the learner had read that topic."""
    return next(int(words[2]) for words in map(str.split, meta["seen"].splitlines()) if words[0] == topic)


def switches(stage, daemon):
    """(sample, tasks known, labels learned, cold, explore, weighted, doubts, seeks) of each policy that came into force."""
    policies, versions = {}, {}
    for r in stage.read("models"):
        key = r.key.decode().split("/", 1)[1]
        if key == "policy":
            policies[r.offset + 1] = json.loads(r.value)
        elif key.startswith("model/") and r.value:
            versions[int(key.split("/")[1])] = metadata(r)
    tasks = [r.offset for r in stage.read("tasks")]
    out = []
    for event in daemon.find("policy_in_force"):
        number, version = int(event["number"]), int(event["model"])
        if number not in policies and not version:
            continue  # before the learner's first word
        known, labels = 0, 0
        if version:
            meta = versions[version]
            known, labels = sum(o < seen(meta, "tasks") for o in tasks), int(meta["rows"])
        policy = [p for n, p in sorted(policies.items()) if n <= number][-1]
        out.append((int(event["offset"]), known, labels, policy["cold"], policy["explore"], policy["weighted"], policy["doubts"], policy["seeks"]))
    return out


def decisions_sha256(tasks):
    """As `simulate --json` says it (daemon/simulate/backtest.h)."""
    marks = [struct.pack("<QQdd", t["source"]["offset"], REASONS.index(t["reason"]), t["propensity"], t["threshold"]) for t in sorted(tasks, key=lambda t: t["source"]["offset"])]
    return hashlib.sha256(b"".join(marks)).hexdigest()


def as_file(stage):
    """The samples as they came, with the truth; in the order of their offsets."""
    path = stage.dir / "samples.jsonl"
    events = [json.loads(r.value) for r in sorted(stage.read("samples"), key=lambda r: r.offset)]
    path.write_text("".join(json.dumps({**e, "truth": truth_of(e["id"])}) + "\n" for e in events))
    return path


def test(stage):
    stage.create(partitions=1)
    changes = {"budget": {"rate": RATE, "upfront": 20}, "train": {"interval": "100ms"}, "route": {"interval": "5ms"}}
    daemon, oracle = stage.start(changes).ready(), Oracle(stage)
    oracle.start()
    feeder = Feeder(stage, rate=SAMPLES / 6, total=SAMPLES)
    feeder.start()
    feeder.join(PATIENCE)
    equal(feeder.n, SAMPLES, "samples that were fed")
    stage.caught_up()
    tasks = stage.tasks()
    wait("all tasks are answered", lambda: len(oracle.answers) == len(tasks))
    learned(daemon, len(tasks))
    daemon.stop()
    oracle.end()
    check("said again" not in "".join(line for line in daemon.lines if "policy_in_force" in line), "the log left switches out")

    points = switches(stage, daemon)
    check(len({p[2] for p in points}) >= 3, "too few models came into force: %s", points)
    path = stage.dir / "switches"
    path.write_text("".join("%d %d %d %s %r%s%s%s\n" % (s, t, l, "cold" if c else "warm", e, " weighted" if w else "", " doubts" if d else "",
                                                             " seeks" if o else "") for s, t, l, c, e, w, d, o in points))
    done = run("simulate", "-c", daemon.config, "--data", as_file(stage), "--label", "truth", "--switches", path, "--json")
    equal(done.returncode, 0, "simulate: " + done.stderr)
    figures = json.loads(done.stdout)
    equal(figures["samples"], SAMPLES, "samples")
    equal(figures["asked"], len(tasks), "asked")
    check(figures["asked_random"] >= sum(t["arm"] == "random" for t in tasks), "asked by the random arm: %s", figures["asked_random"])  # both arms: the task says strategy
    equal(figures["decisions_sha256"], decisions_sha256(tasks), "decisions")
    boosted = sum("boosted" in t for t in tasks)
    check(boosted >= 20, "too few were asked by a version with boosted trees: %d", boosted)
    print("%d samples, %d asked, %d of them by boosted trees, %d switches, %d models: decided alike" % (SAMPLES, len(tasks), boosted, len(points), len({p[2] for p in points}) - 1))


main(test)

"""A model of XGBoost pushed into a running daemon: it says of each sample what XGBoost says, ends the cold phase, survives a restart, can be
pulled and pushed again, and the learner goes on from it. The model and its answers are XGBoost's own (tests/vectors/trees)."""
import json
import random

import broker
from accounts import learned
from broker import Writer, check, equal, wait
from stream import Oracle
from winnowd import main, run

TREES = broker.ROOT / "tests" / "vectors" / "trees"
FEATURES = [{"name": "amount", "missing": True}, {"name": "age", "missing": True}, {"name": "hour"},
            {"name": "country", "type": "category", "values": ["NL", "DE", "FR"]}]
COUNTRIES = ["NL", "DE", "FR"]


def recorded(name):
    """(event, {class: probability}) of each recorded row."""
    first, *lines = (TREES / (name + ".csv")).read_text().split()
    classes, rows = first.split(","), []
    for line in lines:
        amount, no_amount, age, no_age, hour, *rest = map(float, line.split(","))
        event = {"amount": None if no_amount else amount, "age": None if no_age else age, "hour": hour}
        event.update({"country": c for c, hot in zip(COUNTRIES, rest) if hot})
        rows.append((event, dict(zip(classes, rest[3:]))))
    return rows


def golden(stage, rows, name):
    file = stage.dir / name
    file.write_text("".join(json.dumps({"event": event, "probabilities": p}) + "\n" for event, p in rows))
    return file


def feed(stage, rows, n, first):
    """Recorded events, again and again; the id says which one, and the class by chance as likely as the model has it."""
    rng, writer = random.Random(first), Writer(stage.brokers)
    for i in range(first, first + n):
        at = rng.randrange(len(rows))
        event, p = rows[at]
        name = "%d:%d-%s" % (i, at, "bad" if rng.random() < p["bad"] else "good")
        writer.send(stage.topic("samples"), json.dumps({"id": name, **event}), key=name)
    writer.flush()


def apart(tasks, rows):
    """The largest distance of a task's probability from XGBoost's."""
    worst = 0
    for t in tasks:
        expected = rows[int(t["sample_id"].split(":")[1].split("-")[0])][1]
        worst = max(worst, *(abs(p - expected[c]) for p, c in zip(t["probabilities"], t["classes"])))
    return worst


def test(stage):
    stage.create()
    config = stage.config({"features": FEATURES, "budget": {"rate": 0.2}})
    daemon = stage.start_with(config).ready()
    rows = [(event, {"good": p["ok"], "bad": p["fraud"]}) for event, p in recorded("xgboost3-binary")]
    file, proof = TREES / "xgboost3-binary.json", golden(stage, rows, "golden.jsonl")

    def push(*words, code=0):
        done = run("model", "-c", config, "push", *words, "--json")
        equal(done.returncode, code, "push %s: %s" % (words, done.stderr))
        return json.loads(done.stdout)["version"] if code == 0 else done.stderr

    check("--golden" in push(file, code=65), "a push without golden rows is refused")
    wrong = golden(stage, [(event, {"good": p["bad"], "bad": p["good"]}) for event, p in rows], "wrong.jsonl")
    check("golden line 1" in push(file, "--golden", wrong, code=65), "classes the wrong way round")
    broken = golden(stage, [({**rows[0][0], "hour": "noon"}, rows[0][1])], "broken.jsonl")
    check("line 1" in push(file, "--golden", broken, code=65), "an event that is none")
    check("by categories" in push(TREES / "xgboost3-category.json", "--golden", proof, code=65), "categories")
    equal(daemon.metric("model_version"), 0, "versions after what was refused")

    version = push(file, "--golden", proof)
    wait("it is live", lambda: daemon.metric("model_version") == version)
    shown = json.loads(run("policy", "-c", config, "show", "--json").stdout)
    equal((shown["live"], shown["learner"]["cold"]), (version, False), "policy show")

    feed(stage, rows, 1000, 0)
    stage.caught_up()
    tasks = stage.tasks()
    check(100 <= len(tasks) <= 230, "%d of 1000 asked", len(tasks))
    check(all(t["model"] == version for t in tasks), "a task of another model")
    check(apart(tasks, rows) < 2e-6, "a score is %g from XGBoost's", apart(tasks, rows))
    check("cold" not in {t["reason"] for t in tasks}, "reasons %s", {t["reason"] for t in tasks})
    daemon.stop()

    daemon = stage.start_with(config).ready()
    equal(daemon.metric("model_version"), version, "after a restart")
    oracle = Oracle(stage)
    oracle.start()
    feed(stage, rows, 1500, 1000)
    stage.caught_up()
    learned(daemon, len(stage.tasks()))
    wait("the learner goes on from it", lambda: daemon.metric("model_version") > version)
    told = json.loads(run("model", "-c", config, "show", "--json").stdout)
    equal((told["prior"], told["pushed"], told["trees"]), (version, "", 12), "what the next version says of itself")
    check(told["members"] == len(told["mix"]) and min(told["mix"]) >= 0, "its mixture %s", told["mix"])
    feed(stage, rows, 1000, 2500)
    stage.caught_up()
    later = [t for t in stage.tasks() if t["model"] > version]
    check(0 < apart(later, rows) < 0.5, "what was learned is %g from XGBoost's", apart(later, rows))
    oracle.end()

    pulled = stage.dir / "pulled.safetensors"
    equal(run("model", "-c", config, "pull", str(version), pulled).returncode, 0, "pull")
    again = push(pulled)
    wait("the pulled one is live", lambda: daemon.metric("model_version") >= again)
    daemon.stop()


main(test)

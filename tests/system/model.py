"""I9, I8: versions by the command line. A pulled model goes back in by push; a rollback is live within moments, survives a restart and is what the
learner builds on, without the labels that were rolled back; pin and unpin; and everything that is refused, with its exit code."""
import json
import time

import safetensors
from accounts import learned
from broker import Writer, check, equal, wait
from stream import Oracle, feed
from winnowd import main, run

CHANGES = {"budget": {"rate": 0.1}}


def test(stage):
    stage.create()
    config = stage.config(CHANGES)
    nothing_yet(stage, config)
    daemon, oracle = stage.start_with(config).ready(), Oracle(stage)
    oracle.start()

    def model(*words, code=0):
        done = run("model", "-c", config, *words)
        equal(done.returncode, code, "model %s: %s" % (words, done.stdout + done.stderr))
        return done.stdout if code == 0 else done.stderr

    def versions():
        return json.loads(model("list", "--json"))

    def show(*which):
        return json.loads(model("show", *which, "--json"))

    def teach(n, seed):
        feed(stage, n, seed=seed)
        stage.caught_up()
        learned(daemon, len(stage.tasks()))
        wait("a version has all labels", lambda: newest_has_all(daemon))

    def live():
        return int(daemon.metric("model_version"))

    for seed in range(1, 5):
        teach(400, seed)
    wait("four versions", lambda: live() >= 4)
    check("live" in model("list"), "list does not say what is live")
    listed = versions()
    equal([v["version"] for v in listed], sorted(v["version"] for v in listed), "versions in order")
    equal([v["version"] for v in listed if v["standing"] == "live"], [live()], "the live version")
    check(all(v["origin"] == "fitted" and v["created_ms"] > 0 and v["labels"] > 0 for v in listed), "versions: %s", listed)
    equal(show()["version"], live(), "show without a version is the live one")

    wrong(stage, config, model, live())
    pulled(stage, model, show, live)
    went_back = rolled_back(stage, model, show, live, daemon)

    daemon.stop()
    daemon = stage.start_with(config).ready()
    wait("the rollback survives a restart", lambda: daemon.metric("model_version") == went_back["to"])
    newest = went_back["past"]
    teach(400, 21)
    wait("the learner went on", lambda: live() > newest)
    after = show()
    check(after["aside"], "no label was set aside: %s", after)
    parents = {v["version"]: v["parent"] for v in versions()}
    first = min(v for v in parents if v > newest)
    equal(parents[first], went_back["to"], "what the first version after the rollback builds on")

    keep = live()
    model("pin", keep)
    teach(400, 22)
    equal(live(), keep, "the pinned version")
    check("pinned" in model("rollback", code=64), "rollback under a pin")
    model("unpin")
    wait("it follows again", lambda: live() > keep)

    oracle.end()
    of_another_stream(stage, versions, live)
    daemon.stop()


def newest_has_all(daemon):
    published = daemon.find("model_published")
    return published and int(published[-1]["labelled"]) == daemon.metric("labelled_rows")


def nothing_yet(stage, config):
    for words, code in ((("list",), 0), (("show",), 66), (("rollback",), 66), (("pin", "3"), 66), (("pull", stage.dir / "x"), 66)):
        done = run("model", "-c", config, *words)
        equal(done.returncode, code, "model %s without a version: %s" % (words, done.stdout + done.stderr))


def of_another_stream(stage, versions, live):
    """What late labels cost, a version says of its own stream: the learner takes it out of what is pushed, whoever wrote that."""
    def says(version):
        record = next(r for r in reversed(stage.read("models")) if r.key.decode() == "%s/model/%d/0" % (stage.name, version))
        return record, safetensors.header_of(record.value)[1]

    before = live()
    pushed = lambda: next((v["version"] for v in versions() if v["version"] > before and v["origin"] == "pushed"), None)
    fitted, tensors = says(before)
    check("lateness" in tensors, "a version that was fitted says nothing of late labels: %s", tensors)
    writer = Writer(stage.brokers)
    writer.send(stage.topic("models"), fitted.value, key="%s/pushed/%016x/0" % (stage.name, 7), headers=list(fitted.headers.items()))
    writer.flush()
    check("lateness" not in says(wait("the pushed record is a version", pushed))[1], "a pushed version says of this stream what late labels cost")


def pulled(stage, model, show, live):
    """What is pulled can be pushed: it becomes a version, and the prior of those after it."""
    file, before = stage.dir / "model.safetensors", live()
    model("pull", file)
    equal(safetensors.read(file)[0]["version"], str(before), "the pulled version")
    check("already" in model("pull", before, file, code=73), "a file is written over")
    said = json.loads(model("push", file, "--json"))
    check(said["version"] > before and said["live"], "push: %s", said)
    wait("the pushed model is live", lambda: live() == said["version"])
    told = show()
    equal((told["version"], told["prior"], told["parent"]), (said["version"], said["version"], before), "what show says of it")
    check(told["pushed"] and told["labels"] == 0, "show: %s", told)
    records = [r for r in stage.read("models") if b"/pushed/" in r.key]
    check(records and records[-1].value is None, "the push is still on the topic")


def rolled_back(stage, model, show, live, daemon):
    past = live()
    to = past - 2
    model("rollback", to)
    started = time.monotonic()
    wait("rolled back", lambda: live() == to, every=0.02)
    print("live %.3f s after the command ended" % (time.monotonic() - started))
    check("rolled back" in model("list"), "list does not say that it was rolled back")
    return {"to": to, "past": past}


def wrong(stage, config, model, live):
    """All that must not be taken leaves the live version and the topic as they were."""
    ends = len(stage.read("models"))
    file = stage.dir / "wrong.safetensors"
    told = json.loads(model("show", "--json"))
    d, good = told["columns"], {"classes": "good\nbad", "fingerprint": told["fingerprint"]}
    weights = {"layers.0.weight": ((2, d), [0.1] * (2 * d)), "layers.0.bias": ((2,), [0, 0])}
    broken = (
        ("not a safetensors", None, {}),
        ("another feature map", weights, {**good, "fingerprint": "0123456789abcdef"}),
        ("says no `fingerprint`", weights, {"classes": "good\nbad"}),
        ("says no `classes`", weights, {"fingerprint": told["fingerprint"]}),
        ("not those of model.classes", weights, {**good, "classes": "good\nugly"}),
        ("columns", {"layers.0.weight": ((2, d + 1), [0.1] * (2 * d + 2)), "layers.0.bias": ((2,), [0, 0])}, good),
        ("not finite", {**weights, "layers.0.bias": ((2,), [0, float("nan")])}, good),
        ("golden rows", {**weights, "golden.row": ((1, d), [1.0] * d), "golden.prob": ((1, 2), [0.9, 0.1])}, good),
        ("other.thing", {**weights, "other.thing": ((1,), [1])}, good),
        ("mean and scale", {**weights, "mean": ((d,), [0.0] * d)}, good),
        ("hidden layers", {"0.weight": ((3, d), [0.1] * (3 * d)), "0.bias": ((3,), [0] * 3), "2.weight": ((2, 3), [0.1] * 6), "2.bias": ((2,), [0, 0])}, good),
    )
    for says, tensors, metadata in broken:
        file.write_bytes(b"nonsense") if tensors is None else safetensors.write(file, tensors, **metadata)
        said = model("push", file, code=65)
        check(says in said, "%r is not said: %s", says, said)
    model("push", stage.dir / "absent", code=66)
    model("show", 999999, code=66)
    model("pin", 999999, code=66)
    model("pull", 999999, stage.dir / "y", code=66)
    for words in ((), ("lsit",), ("pin",), ("pin", "x"), ("pin", "0"), ("list", "all"), ("push",), ("pull",)):
        model(*words, code=64)
    equal(len([r for r in stage.read("models")[ends:] if b"/progress" not in r.key]), 0, "records written by what was refused")
    nobody = stage.config({"kafka": {"brokers": "127.0.0.1:9"}}, "nobody.yaml")
    done = run("model", "-c", nobody, "list")  # whose wait for a broker has an end
    check(done.returncode == 69 and "127.0.0.1:9" in done.stderr, "without a broker: %s %s", done.returncode, done.stderr)


main(test)

"""The story of a task by the command line: open, shown, closed, answered, and which version learned it; what is wrong is said with its code."""
import json

from accounts import learned
from broker import Writer, check, equal, wait
from stream import feed
from winnowd import main, run

CHANGES = {"budget": {"rate": 0.1}}


def test(stage):
    stage.create()
    config = stage.config(CHANGES)

    def tasks(*words, code=0):
        done = run("tasks", "-c", config, *words)
        equal(done.returncode, code, "tasks %s: %s" % (words, done.stdout + done.stderr))
        return done.stdout if code == 0 else done.stderr

    def listed(state):
        return json.loads(tasks("list", "--state", state, "--limit", "0", "--json"))

    check("no task" in tasks("list"), "an empty list")
    daemon = stage.start_with(config).ready()
    feed(stage, 400)
    stage.caught_up()
    asked = wait("tasks", lambda: [t] if len(t := stage.tasks()) >= 20 else None)[0]
    equal({t["id"] for t in listed("open")}, {t["id"] for t in asked}, "open tasks")
    check(len(tasks("list", "--limit", "5").splitlines()) == 7, "five of them, a head and a foot")

    writer, (one, two, three, four) = Writer(stage.brokers), asked[:4]

    def answer(**label):
        writer.send(stage.topic("labels"), json.dumps(label))
        writer.flush()

    answer(id=one["id"], label="good", annotator="ann")
    answer(id=one["id"].upper(), label="bad", annotator="bob\x1b[2J", revision=1)
    answer(sample_id=two["sample_id"], label="bad")
    answer(id=three["id"], label="ugly")  # no class: the task stays open
    answer(id=four["id"], label="bad", data={"x": "much"})  # an event that is no row: the same
    for t in asked[4:14]:
        answer(id=t["id"], label=t["sample_id"].rsplit("-", 1)[1])
    learned(daemon, 12)
    wait("a version", lambda: daemon.metric("model_version") >= 1 and daemon.metric("model_labelled_rows") == 12)

    told = tasks("show", one["id"])
    check("\x1b" not in told, "a control character in what is shown: %r", told)
    for part in (one["sample_id"], "answered", "ann", "bob", "counts", "by no model yet", "propensity", "learned", "version", "kind"):
        check(part in told, "%r is not told:\n%s", part, told)
    counting = [line for line in told.splitlines() if line.rstrip().endswith("counts")]
    check(len(counting) == 1 and "bad" in counting[0], "which answer counts: %s", counting)
    equal(tasks("show", one["sample_id"]), told, "the same by its sample")
    story = json.loads(tasks("show", one["id"], "--json"))
    equal((story["state"], len(story["answers"]), story["task"]["meta"]["id"]), ("answered", 2, one["id"]), "as JSON")
    equal({t["id"] for t in listed("answered")}, {one["id"], two["id"]} | {t["id"] for t in asked[4:14]}, "answered tasks")
    check({three["id"], four["id"]} <= {t["id"] for t in listed("open")}, "a label that is no class, or cannot be read, closes nothing")

    tasks("expire", four["id"])
    equal({t["id"] for t in listed("skipped")}, {four["id"]}, "closed tasks")
    wait("the learner took it", lambda: daemon.metric("labels_total", outcome="skipped") == 1)
    check("closed already" in tasks("expire", four["id"], code=65), "closed twice")
    check("closed already" in tasks("expire", one["id"], code=65), "an answered one closed")
    answer(id=four["id"], label="good")
    wait("a late answer counts", lambda: {t["id"] for t in listed("skipped")} == set())

    for words, code in ((("show", "nobody"), 66), (("expire", "01a2025d-5200-708b-8269-cfea3e532452"), 66), (("show",), 64), (("list", "x"), 64), (("list", "--state", "opne"), 64), (("shwo", "x"), 64)):
        tasks(*words, code=code)
    check("open" in tasks("list", "--state", "opne", code=64), "the nearest state")
    nobody = stage.config({"kafka": {"brokers": "127.0.0.1:9"}}, "nobody.yaml")
    done = run("tasks", "-c", nobody, "list")
    check(done.returncode == 69 and "127.0.0.1:9" in done.stderr, "without a broker: %s %s", done.returncode, done.stderr)
    absent = stage.config({"topics": {"labels": stage.topic("absent")}}, "absent.yaml")
    done = run("tasks", "-c", absent, "list")
    check(done.returncode == 69 and "absent" in done.stderr, "without a topic: %s %s", done.returncode, done.stderr)
    daemon.stop()


main(test)

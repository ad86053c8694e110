"""A second, blind reader: asked once, in the transaction of the first one's task, within the budget; what their answers say of them is the same in the
daemon, from the topics, after a restart and from nothing. Who draws lots is named, and what is certain overrules."""
import json
import random
import shutil

from broker import Writer, check, equal, wait
from stream import feed, truth_of
from winnowd import CLASSES, main, run

CHANGES = {"people": {"double": 0.8, "certain": ["bank"]}, "train": {"interval": "100ms", "labels": 400, "first": 100},
           "budget": {"rate": 0.2, "random_share": 0.5}}
RIGHT = {"ann": 0.97, "bob": 0.95, "lot": 0.5}


def status(daemon):
    return json.loads(daemon.get("/status")[1])


def people(stage):
    done = run("people", "-c", stage.dir / "winnowd.yaml", "--json")
    equal(done.returncode, 0, "exit code of people: %s" % done.stderr)
    return {row["annotator"]: row for row in json.loads(done.stdout)}


def answer(stage, tasks):
    """Each task by one of three, the second reader's by another than the first one's."""
    rng, writer, by = random.Random(5), Writer(stage.brokers), {}
    for t in sorted(tasks, key=lambda t: t.get("reader", 1)):
        taken = by.get(twin(t["id"]))
        who = rng.choice([name for name in RIGHT if name != taken])
        truth = truth_of(t["sample_id"])
        by[t["id"]] = who
        label = truth if rng.random() < RIGHT[who] else CLASSES[1 - CLASSES.index(truth)]
        writer.send(stage.topic("labels"), json.dumps({"id": t["id"], "label": label, "annotator": who}), key=t["id"])
    writer.flush()


def twin(task_id):
    return task_id[:-1] + "%x" % (int(task_id[-1], 16) ^ 1)


def told(daemon):
    shown = status(daemon)
    return [shown[key] for key in ("annotator_answers", "annotator_checked", "annotator_accuracy", "double_answers", "readers_accuracy", "truth")]


def test(stage):
    stage.create()
    daemon = stage.start(CHANGES).ready()
    feed(stage, 3000)
    stage.caught_up()
    tasks = [json.loads(r.value)["meta"] for r in stage.read("tasks")]
    first = {t["id"]: t for t in tasks if "reader" not in t}
    second = [t for t in tasks if "reader" in t]
    equal(len(first) + len(second), len({t["id"] for t in tasks}), "ids")
    for t in second:
        one = first[twin(t["id"])]
        equal([t["reader"], t["reason"], t["propensity"], t["sample_id"], t["row"]], [2, "second", 0, one["sample_id"], one["row"]], "a second reader's task")
    drawn = sum(t["arm"] == "random" for t in first.values())
    check(0.65 * drawn <= len(second) <= drawn, "%d of %d draws have a second reader", len(second), drawn)
    check(len(tasks) <= 0.2 * 3000 + 11 * len({t["source"]["partition"] for t in tasks}), "%d tasks of 3000 samples", len(tasks))
    equal(daemon.metric("tasks_asked_total", reason="second"), float(len(second)), "counted")

    answer(stage, tasks)
    wait("all are answered", lambda: daemon.metric("open_tasks") == 0 and sum(status(daemon)["annotator_answers"].values()) == len(tasks))
    wait("a model", lambda: (daemon.metric("model_version") or 0) > 0)
    equal(daemon.metric("labelled_rows"), float(len(first)), "what is learned")
    equal(daemon.metric("labels_total", outcome="second"), float(len(second)), "fates")
    shown, table = status(daemon), people(stage)
    equal(shown["double_answers"], len(second), "pairs")
    for name, is_ in RIGHT.items():
        row = table[name]
        check(row["low"] <= is_ <= row["high"] and row["high"] - row["low"] < 0.35, "%s: %s", name, row)
        equal(row["at_chance"], "yes" if name == "lot" else "no", name)
        check(abs(row["accuracy"] - shown["annotator_accuracy"][name]) < 1e-4, "%s in the daemon: %s", name, shown["annotator_accuracy"])
        equal([row["answers"], row["checked"]], [shown["annotator_answers"][name], shown["annotator_checked"][name]], name)
    equal(shown["annotators_at_chance"], 1, "who draws lots")
    check("look like lots" in " ".join(shown["notes"]), "notes: %s", shown["notes"])
    check('winnowd_annotator_accuracy_ratio{annotator="lot"} 0.' in daemon.get("/metrics")[1], "no series of an annotator")
    check("of 100 answers" in run("people", "-c", stage.dir / "winnowd.yaml").stdout, "words for people")

    # More samples, of which a model says something: the figures, and the same ones after a restart and from nothing.
    feed(stage, 2000, seed=2)
    stage.caught_up()
    more = [t for t in (json.loads(r.value)["meta"] for r in stage.read("tasks")) if t["id"] not in {u["id"] for u in tasks}]
    answer(stage, more)
    wait("these too", lambda: daemon.metric("open_tasks") == 0 and sum(status(daemon)["annotator_answers"].values()) == len(tasks) + len(more))
    wait("figures", lambda: status(daemon)["truth"]["accuracy"] is not None)
    shown = status(daemon)
    seen, truth = shown["estimate"]["accuracy"], shown["truth"]["accuracy"]
    check(truth > seen + 0.05 and shown["truth_low"]["accuracy"] < 0.93 < shown["truth_high"]["accuracy"], "accuracy %s, by the truth %s", seen, truth)
    seen, truth = shown["estimate"]["recall"], shown["truth"]["recall"]
    check(truth > seen + 0.05 and shown["truth_low"]["recall"] < truth < shown["truth_high"]["recall"], "recall %s, by the truth %s", seen, truth)
    check(shown["truth"]["cost"] is None and shown["truth_low"]["average_precision"] is None, "what cannot be said: %s", shown["truth"])
    before = told(daemon)
    for lost in (False, True):
        daemon.stop()
        if lost:
            shutil.rmtree(stage.dir / "one" / "labels")
        daemon = stage.start(CHANGES).ready()
        wait("the same people, store lost: %s" % lost, lambda: told(daemon)[3:4] == before[3:4] and told(daemon)[0] == before[0])
        wait("the same figures", lambda: all(close(a, b) for a, b in zip(told(daemon), before)))
    code = run("audit", "-c", stage.dir / "winnowd.yaml", "--listen", "127.0.0.1:%d" % daemon.port())
    equal(code.returncode, 0, "audit: %s" % code.stdout)

    # The bank knows: it overrules, and says who was right.
    writer = Writer(stage.brokers)
    settled = list(first.values())[:60]
    for t in settled:
        writer.send(stage.topic("labels"), json.dumps({"sample_id": t["sample_id"], "label": truth_of(t["sample_id"]), "source": "bank"}), key=t["sample_id"])
    writer.flush()
    wait("settled", lambda: sum(status(daemon)["annotator_checked"].values()) == sum(before[1].values()) + len(settled))
    shown = status(daemon)
    by_people = sum("reader" not in t for t in tasks + more)  # the lost store was filled anew since the start
    equal([shown["outcome_latency"]["count"], shown["latency"]["count"]], [len(settled), by_people], "delays of what is certain, and of people's answers")
    check("certain outcomes %d, half within " % len(settled) in run("status", "--listen", "127.0.0.1:%d" % daemon.port()).stdout, "status: %s", shown["outcome_latency"])
    table = people(stage)
    equal(sum(row["settled"] for row in table.values()), len(settled), "settled by the topics")
    check(table["ann"]["settled_right"] > 0.8 * table["ann"]["settled"] > 0, "ann: %s", table["ann"])
    checked = status(daemon)["annotator_checked"]
    daemon.stop()
    daemon = stage.start(CHANGES).ready()
    wait("it outlives a restart", lambda: status(daemon)["annotator_checked"] == checked)
    class_renamed(stage, first, tasks + more)
    odd_names(stage, daemon, list(first)[70:])


def class_renamed(stage, first, tasks):
    """What was answered before says nothing of anybody any more; that it is there is said, and whose it is. So is a label that is still called as before."""
    changes = dict(CHANGES, model={"classes": [CLASSES[0], "worse"], "positive": "worse"})
    config = stage.config(changes, file="renamed.yaml")
    done = run("people", "-c", config, "--json")
    equal(done.returncode, 0, done.stderr)
    table = {row["annotator"]: row for row in json.loads(done.stdout)}
    equal({name: row["answers"] for name, row in table.items()}, dict.fromkeys(RIGHT, 0), "what counts")
    equal(sum(row["uncounted"] for row in table.values()), len(tasks), "what does not")
    words = run("people", "-c", config).stdout
    check("%d answers are not counted: their tasks were asked with other classes" % len(tasks) in words, "not said: %s", words)
    check("%d samples of these were answered by two" % sum("reader" in t for t in tasks) in words, "not said: %s", words)
    check("nobody answered" not in words and "name no class" not in words, "said: %s", words)

    writer, some = Writer(stage.brokers), list(first)[60:63]
    for task in some:
        writer.send(stage.topic("labels"), json.dumps({"id": task, "label": "b\x1bd", "annotator": "old", "revision": 1}), key=task)
    writer.flush()
    done = run("people", "-c", stage.dir / "winnowd.yaml")
    check("%d answers are not counted: they name no class of the model (b\\x1bd %d)" % (len(some), len(some)) in done.stdout, "not said: %s", done.stdout)


def odd_names(stage, daemon, tasks):
    """A name is anyone's: wherever it is shown, nothing in it steers who looks, and no scrape is spoiled."""
    names = ["\x1b[2Jred", "a\"b\\c\nd", "\u202eevil", "n" * 200, "\x9b1m"]
    writer = Writer(stage.brokers)
    for name, task in zip(names, list(tasks)):
        writer.send(stage.topic("labels"), json.dumps({"id": task, "label": CLASSES[0], "annotator": name, "revision": 5}), key=task)
    writer.flush()
    wait("they are taken", lambda: sum(daemon.metric("labels_total", outcome=o) for o in ("revised", "duplicate")) == len(names))
    daemon.stop()
    daemon = stage.start(CHANGES).ready()  # who revised is counted anew
    shown = ["\\x1b[2Jred", "a\"b\\c\\x0ad", "\\u202eevil", "\\x9b1m"]
    wait("they are told", lambda: all(name in status(daemon)["annotator_answers"] for name in shown))
    page = daemon.get("/metrics")[1]
    check(all('annotator="%s"' % name.replace("\\", "\\\\").replace('"', '\\"') in page for name in shown), "names in /metrics: %s", page)
    places = {"/metrics": page, "/status": daemon.get("/status")[1], "log": "".join(daemon.lines)}
    for command in (["people", "-c", stage.dir / "winnowd.yaml"], ["status", "--listen", "127.0.0.1:%d" % daemon.port()], ["tasks", "list", "-c", stage.dir / "winnowd.yaml"]):
        places[command[0]] = run(*command).stdout
    for place, text in places.items():
        check(not any(c in text for c in "\x1b\x9b\u202e"), "%s: %s", place, text)


def close(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    return a == b or (a is not None and b is not None and abs(a - b) < 0.02)


main(test)

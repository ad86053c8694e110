"""The label store knows whose it is, and models never go back: a second process and another pipeline are kept out of it, versions
go on counting when the models topic or the store is lost, and a labelled set that has shrunk waits for the operator. `winnowd store`
looks at it offline.
"""
import json
import shutil

import broker
from accounts import learned
from broker import check, equal, wait
from stream import Oracle, answer, feed, truth_of
from winnowd import main, run

QUICK = {"train": {"interval": "100ms"}}


def store(stage, verb, code):
    """What `winnowd store` prints."""
    done = run("store", verb, "-c", stage.config(QUICK))
    equal(done.returncode, code, "exit of store %s: %s" % (verb, done.stderr))
    return done.stdout


def newest(stage):
    """The largest version on the models topic, by its records."""
    keys = [r.key.decode().split("/") for r in stage.read("models")]
    return max([int(k[2]) for k in keys if k[1] == "model"], default=0)


def taken_and_foreign(stage, daemon, labels):
    """The directory of a learner that runs, then of one that is stopped."""
    store(stage, "check", 69)
    second = stage.start({**QUICK, "service": {"instance": "two"}}, "two.yaml").ready()
    second.await_event("store_taken")
    second.await_event("learner_failed", error="RETRY")
    equal(daemon.metric("learner_active"), 1, "the learner that has the store is not fenced")
    second.leave()
    daemon.stop()
    equal(json.loads(run("store", "check", "--json", "-c", stage.config(QUICK)).stdout)["damaged"], 0, "damaged records")
    rows = [json.loads(line) for line in store(stage, "export", 0).splitlines()]
    equal(rows[0]["service"], stage.name, "the owner in the export")
    equal(sum(r.get("label") is not None for r in rows), labels, "labels in the export")
    check(all(r["label"] == truth_of(r["sample_id"]) for r in rows if r.get("label")), "the export has the answers that were given")

    name = stage.name + "-other"
    topics = {t: stage.topic("other-" + t) for t in ("samples", "tasks", "labels", "models", "dead_letters", "predictions")}
    broker.create_topics(stage.brokers, {topics[t]: 1 for t in topics}, 1)
    other = stage.start({**QUICK, "service": {"name": name}, "topics": topics}, "other.yaml").ready()
    equal(other.await_event("store_foreign")["service"], stage.name, "whose store it is")
    equal(other.metric("labelled_rows"), 0, "rows of another pipeline")
    wait("scoring goes on", lambda: other.get("/readyz")[0] == 200)
    wait("/readyz says that learning has failed", lambda: "learning has failed" in other.get("/readyz")[1])
    other.stop()


def counting_on(stage, labels):
    """The models topic is wiped; then the store is lost as well."""
    last = newest(stage)
    broker.delete_topics(stage.brokers, [stage.topic("models")])
    broker.create_topics(stage.brokers, {stage.topic("models"): 1}, 1)
    daemon = stage.start(QUICK).ready()
    wait("a version is made anew", lambda: daemon.metric("model_labelled_rows") == labels)
    check(newest(stage) > last, "version %d after version %d", newest(stage), last)
    daemon.stop()

    in_tasks = max(t["model"] for t in stage.tasks())
    check(in_tasks > 1, "tasks of a later version than the first")
    shutil.rmtree(stage.dir / "one" / "labels")
    broker.delete_topics(stage.brokers, [stage.topic("models")])
    broker.create_topics(stage.brokers, {stage.topic("models"): 1}, 1)
    daemon = stage.start(QUICK).ready()
    wait("a version is made anew", lambda: daemon.metric("model_labelled_rows") == labels)
    check(newest(stage) > in_tasks, "version %d, and tasks name version %d", newest(stage), in_tasks)
    daemon.stop()


def shrunken(stage, labels):
    """The store is lost and the labels topic made anew: 12 labels are left of all."""
    last = newest(stage)
    shutil.rmtree(stage.dir / "one" / "labels")
    broker.delete_topics(stage.brokers, [stage.topic("labels")])
    broker.create_topics(stage.brokers, {stage.topic("labels"): None}, 2)
    daemon = stage.start(QUICK).ready()
    daemon.await_event("labels_shrunken", before=labels, version=last)
    answer(stage, stage.tasks()[:12])
    learned(daemon, 12)
    wait("every process says it", lambda: daemon.metric("policy_flag", flag="shrunken") == 1)
    check("shrunken" in daemon.get("/readyz")[1], "/readyz says it")
    check(any("shrunken" in note for note in json.loads(daemon.get("/status")[1])["notes"]), "the status says it")
    check("shrunken" in run("policy", "show", "-c", stage.config(QUICK)).stdout, "`policy show` says it")
    equal((newest(stage), daemon.metric("model_labelled_rows")), (last, labels), "the live model is as it was")
    done = run("policy", "accept", "-c", stage.config(QUICK))
    equal(done.returncode, 0, "accept: %s" % done.stderr)
    wait("it is learned", lambda: daemon.metric("model_labelled_rows") == 12)
    wait("nothing waits", lambda: daemon.metric("policy_flag", flag="shrunken") == 0)
    equal(run("policy", "accept", "-c", stage.config(QUICK)).returncode, 64, "nothing is left to accept")
    daemon.stop()


def test(stage):
    stage.create()
    daemon, oracle = stage.start(QUICK).ready(), Oracle(stage)
    oracle.start()
    for seed in (1, 2, 3):  # the last tasks name a version that is not the first
        feed(stage, 1000, seed=seed)
        stage.caught_up()
        wait("answered", lambda: len(oracle.answers) == len(stage.tasks()) > 0)
        labels = len(oracle.answers)
        learned(daemon, labels)
        wait("a version of all", lambda: daemon.metric("model_labelled_rows") == labels)
    oracle.end()
    check(labels >= 60, "only %d labels", labels)
    taken_and_foreign(stage, daemon, labels)
    counting_on(stage, labels)
    shrunken(stage, labels)


main(test)

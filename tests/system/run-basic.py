"""The loop on a real Kafka: feed, tasks, labels, a model that is swapped in and is good, SIGTERM with exit 0."""
import json

from accounts import accounts, learned, within_budget
from broker import check, equal, wait
from stream import Oracle, feed
from winnowd import main, run


def made_topics(stage, config):
    shown = run("topics", "-c", config, "--create")
    equal(shown.returncode, 0, "topics --create: " + shown.stderr)
    online = run("check", "-c", config, "--online")
    equal(online.returncode, 0, "check --online: " + online.stdout + online.stderr)


def is_import_task(record):
    """What Label Studio's import wants."""
    task = json.loads(record.value)
    check(isinstance(task["data"], dict) and isinstance(task["predictions"], list), "not an import task: %s", task)
    equal(task["data"]["event"]["id"], task["meta"]["sample_id"], "the event in the task")
    equal(record.key.decode(), task["meta"]["id"], "the key of the task")
    for p in task["predictions"]:
        check(p["result"][0]["value"]["choices"][0] in ("good", "bad"), "prediction %s", p)


def test(stage):
    stage.create(without=("tasks", "labels", "models", "dead_letters", "predictions"))
    config = stage.config()
    made_topics(stage, config)
    daemon = stage.start_with(config).ready()
    oracle = Oracle(stage)
    oracle.start()
    feed(stage, 4000)
    stage.caught_up()
    wait("a model is live", lambda: daemon.metric("model_version") >= 1)
    feed(stage, 6000, seed=2)
    stage.caught_up()
    tasks = wait("all tasks are answered", lambda: (lambda t: t if len(oracle.answers) == len(t) else None)(stage.tasks()), every=0.5)
    learned(daemon, len(tasks))
    equal(daemon.get("/readyz")[0], 200, "/readyz")
    equal(daemon.get("/livez")[0], 200, "/livez")
    figures = daemon.metrics()
    equal(figures["winnowd_samples_admitted_total"], 10000, "samples admitted")
    equal(sum(v for k, v in figures.items() if k.startswith("winnowd_tasks_asked_total{")), len(tasks), "tasks by reason")
    check(figures["winnowd_accuracy_unbiased"] > 0.8, "accuracy %s", figures["winnowd_accuracy_unbiased"])
    daemon.stop()
    oracle.end()

    accounts(stage)
    spent = len(tasks) / 10000
    check(0.045 <= spent <= 0.055, "spent %s of the samples, the budget is 0.05", spent)
    print("spent %.4f of 0.05; %.1f above the rate at most" % (spent, within_budget(tasks, 0.05)))
    check(any(t["model"] for t in tasks) and any(t["reason"] in ("uncertain", "risk") for t in tasks), "no task by a model")
    check({t["propensity"] for t in tasks if t["arm"] == "random"} <= {t["propensity"] for t in tasks}, "propensities")
    for record in stage.read("tasks")[:50]:
        is_import_task(record)


main(test)

"""The models topic loses what is in force, by deletion or because it is made anew, while everybody runs: the learner writes again what it holds, so a
process that starts afterwards scores with the live version, under the operator's policy, and versions go on from there. A version that the topic does not
take any more takes nothing else with it. What was lost while nobody ran is learned again, also where only the newest progress is left."""
import json

import broker
from broker import check, configure_topic, equal, wait
from stream import answer, feed
from winnowd import main, run

DELETABLE = {"cleanup.policy": "compact,delete"}  # else the broker refuses to delete records
COLUMNS, SMALL = 20000, 1100  # of a version that is no 300 chunks of a topic that takes so small batches


def empty(stage, up_to=-1):
    path = stage.dir / "offsets.json"
    path.write_text(json.dumps({"partitions": [{"topic": stage.topic("models"), "partition": 0, "offset": up_to}], "version": 1}))
    broker.script("tool", "org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server", stage.brokers, "--offset-json-file", str(path))


def make_anew(stage):
    broker.delete_topics(stage.brokers, [stage.topic("models")])
    broker.create_topics(stage.brokers, {stage.topic("models"): None}, 1, DELETABLE)


def policy(stage, *words):
    done = run("policy", "-c", stage.dir / "winnowd.yaml", *words)
    equal(done.returncode, 0, "policy %s: %s" % (" ".join(words), done.stderr))
    return done.stdout


def test(stage):
    stage.create()
    changes = {"budget": {"rate": 1, "burst": 1000}, "train": {"interval": "1s"},
               "features": [{"name": "x", "required": True}, {"name": "y"}, {"name": "kind", "type": "category", "hash": COLUMNS}]}
    daemon = stage.start(changes).ready()
    feed(stage, 200)
    stage.caught_up()
    tasks = stage.tasks()
    check(len(tasks) >= 150, "only %d tasks", len(tasks))

    answer(stage, tasks[:60])
    wait("a version of all of them", lambda: daemon.metric("model_labelled_rows") == 60)
    policy(stage, "budget", "0.5")
    wait("the operator's word", lambda: daemon.find("policy_read", budget_scale=0.5))
    for n, lose in enumerate((empty, make_anew)):
        live, since = daemon.metric("model_version"), len(daemon.events)
        lose(stage)
        daemon.await_event("versions_restored", since=since)
        late = stage.start({**changes, "service": {"instance": "late%d" % n, "learner": False, "state_dir": str(stage.dir / ("late%d" % n))}}, "late%d.yaml" % n).ready()
        wait("it has the live version", lambda: late.metric("model_version") == live)
        check(late.find("policy_read", budget_scale=0.5), "the operator's policy is lost")
        equal(daemon.metric("model_version"), live, "the version of who was there")
        late.stop()
        answer(stage, tasks[60 * (n + 1):60 * (n + 2)])
        wait("all of them are learned", lambda: daemon.metric("model_labelled_rows") == 60 * (n + 2) and daemon.metric("model_version") > live)
    since, live = len(daemon.events), daemon.metric("model_version")
    configure_topic(stage.brokers, stage.topic("models"), {**DELETABLE, "max.message.bytes": str(SMALL)})
    empty(stage)
    daemon.await_event("version_too_large", since=since)
    wait("the operator's word is on the topic", lambda: any(r.key.endswith(b"/operator") for r in stage.read("models")))
    configure_topic(stage.brokers, stage.topic("models"), {**DELETABLE, "max.message.bytes": str(1 << 20)})
    wait("the next version", lambda: daemon.metric("model_version") > live)
    check(json.loads(policy(stage, "show", "--json"))["operator"]["budget_scale"] == 0.5, "the operator's policy is lost")
    for up_to in (lambda: -1, lambda: [r.offset for r in stage.read("models") if r.key.endswith(b"/progress")][-1]):
        live = daemon.metric("model_version")
        daemon.stop()
        empty(stage, up_to())
        daemon = stage.start(changes).ready()
        daemon.await_event("versions_gone")
        wait("a version behind those that are gone", lambda: daemon.metric("model_version") > live)
    daemon.stop()


main(test)

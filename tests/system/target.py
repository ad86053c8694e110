"""budget.target: reached, the strategy arm rests and the random arm watches; a change of the learner, its store and a restart keep that; harm wakes
it. Another target by a reload is judged anew, and the operator's word goes before all of it."""
import json
import signal

from broker import check, equal, wait
from stream import Feeder, Inverted, Oracle
from winnowd import main, merge, run

BASE = {"budget": {"rate": 0.2, "random_share": 0.5, "target": {"accuracy": 0.7}}, "watch": {"window": 150}, "train": {"labels": 50}}


def policy(stage):
    """The learner's newest word, and its number."""
    r = [r for r in stage.read("models") if r.key.decode() == stage.name + "/policy"][-1]
    return json.loads(r.value), r.offset + 1


def feed(stage, n, seed, kind=Feeder):
    """The arms that asked of so many more samples."""
    before = {t["id"] for t in stage.tasks()}
    kind(stage, rate=1e9, total=n, seed=seed).work()
    stage.caught_up()
    return [t["arm"] for t in stage.tasks() if t["id"] not in before]


def feed_until(stage, daemon, seed, event, since=0, kind=Feeder):
    """Feeds until the learner says so."""
    feeder = kind(stage, rate=1500, seed=seed)
    feeder.start()
    said = daemon.await_event(event, since=since)
    feeder.end()
    stage.caught_up()
    return said


def only_random(arms, least, what):
    check(len(arms) >= least and set(arms) == {"random"}, "%s: %d tasks by %s", what, len(arms), set(arms))


def in_force(stage, daemon):
    """Waits until the workers have the learner's newest word."""
    wait("policy in force", lambda: daemon.metric("policy_number") >= policy(stage)[1])


def reload(stage, daemon, target, instance):
    since = len(daemon.events)
    stage.config(merge(merge(BASE, instance), {"budget": {"target": target}}))
    daemon.signal(signal.SIGHUP)
    daemon.await_event("config_reloaded", since=since)
    return since


def test(stage):
    stage.create()
    oracle = Oracle(stage)
    oracle.start()
    daemon = stage.start(BASE).ready()
    equal(daemon.metric("policy_flag", flag="rests"), 0, "rests")
    feed_until(stage, daemon, 1, "target_reached")
    in_force(stage, daemon)
    only_random(feed(stage, 2000, 2), 150, "the target is reached")
    equal(daemon.metric("policy_flag", flag="rests"), 1, "rests")
    equal(daemon.metric("target", figure="accuracy"), 0.7, "the target")
    equal(daemon.metric("target_reached", figure="accuracy"), 1, "reached")
    status = json.loads(daemon.get("/status")[1])
    equal((status["target"]["accuracy"], status["target"]["recall"], status["models"]["policy"]["rests"]), (0.7, None, True), "/status")
    shown = run("policy", "show", "-c", daemon.config)
    check("budget.target is reached" in shown.stdout, "policy show: %s", shown.stdout)
    said = run("status", "--listen", "127.0.0.1:%d" % daemon.port()).stdout
    check("accuracy 70 % is reached; the strategy arm rests" in said, "status: %s", said)
    daemon.leave()

    # Another process, whose store is filled anew from the topics, goes on as this one would.
    instance = {"service": {"instance": "two", "state_dir": str(stage.dir / "two")}}
    daemon = stage.start(merge(BASE, instance)).ready()
    daemon.await_event("learner_ready")
    only_random(feed(stage, 2000, 3), 150, "after a change of learners")
    equal(daemon.find("target_reached"), [], "it was reached before")

    # A higher target is judged anew; the former one again, when it is back.
    since = reload(stage, daemon, {"accuracy": 0.995}, instance)
    daemon.await_event("target_changed", since=since)
    in_force(stage, daemon)
    check("strategy" in feed(stage, 1500, 4), "another target: the strategy arm asks")
    since = reload(stage, daemon, {"accuracy": 0.7}, instance)
    daemon.await_event("target_reached", since=since)
    equal(daemon.metric("target_woken_total"), 0, "nothing has woken it")
    in_force(stage, daemon)

    # The operator's word goes before: paused is paused, whatever the target says.
    equal(run("policy", "pause", "-c", daemon.config).returncode, 0, "pause")
    wait("paused", lambda: daemon.metric("paused", why="operator") == 1)
    equal(feed(stage, 500, 5), [], "paused")
    equal(run("policy", "resume", "-c", daemon.config).returncode, 0, "resume")
    wait("resumed", lambda: daemon.metric("paused", why="operator") == 0)
    only_random(feed(stage, 1000, 6), 60, "resumed")

    # Harm: what the model says is wrong, the random arm sees it, and the strategy arm asks again.
    feed_until(stage, daemon, 7, "target_lost", since=since, kind=Inverted)
    in_force(stage, daemon)
    equal(policy(stage)[0]["rests"], 0, "it works again")
    check("strategy" in feed(stage, 1500, 8, Inverted), "harm: the strategy arm asks")
    equal(daemon.metric("target_woken_total"), 1, "woken")
    oracle.end()
    daemon.stop()


main(test)

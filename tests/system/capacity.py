"""watch.capacity_per_day: a share of what the policy says of a day's samples. The learner keeps that number across its start, and workers take it
over without one of their own; until it is known watch.capacity holds."""
import json

from accounts import learned
from broker import Writer, check, equal, wait
from stream import Feeder, Oracle
from winnowd import main

CHANGES = {"watch": {"capacity": 0.5, "capacity_per_day": 300}, "budget": {"rate": 1, "burst": 100}, "train": {"interval": "100ms", "labels": 400, "first": 100}}
A_DAY = 3000


def policy(stage):
    return [json.loads(r.value) for r in stage.read("models") if r.key.decode() == stage.name + "/policy"][-1]


def within(tasks):
    return sum(t["in_capacity"] for t in tasks) / len(tasks)


def feed(stage, daemon, feeder, n):
    """The tasks of n more samples, all of which are asked."""
    before = {t["id"] for t in stage.tasks()}
    feeder.total += n
    feeder.work()
    stage.caught_up()
    tasks = wait("all are asked", lambda: (lambda t: t if len(t) >= n - 200 else None)([t for t in stage.tasks() if t["id"] not in before and t["model"]]))
    learned(daemon, len(before) + n)
    return tasks


def test(stage):
    stage.create()
    daemon, oracle, feeder = stage.start(CHANGES).ready(), Oracle(stage), Feeder(stage, rate=1e9, total=2000)
    oracle.start()
    feeder.work()
    wait("a version", lambda: (daemon.metric("model_version") or 0) > 0)
    share = within(feed(stage, daemon, feeder, 2000))
    check(0.4 < share < 0.6, "nothing is known of a day: %s", share)
    daemon.stop()
    equal(policy(stage)["samples_a_day"], 0, "nobody knows yet")

    writer = Writer(stage.brokers)  # what a learner would have said after ten minutes
    writer.send(stage.topic("models"), json.dumps({**policy(stage), "samples_a_day": A_DAY}), key=stage.name + "/policy")
    writer.flush()
    daemon = stage.start(CHANGES).ready()
    tasks = feed(stage, daemon, feeder, 4000)
    check(0.05 < within(tasks) < 0.15, "300 of 3,000: %s", within(tasks))
    equal(policy(stage)["samples_a_day"], A_DAY, "the learner goes on with what was known")
    equal(json.loads(daemon.get("/status")[1])["settings"]["capacity_per_day"], 300, "/status")
    daemon.stop()
    oracle.end()


main(test)

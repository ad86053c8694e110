"""I3: delivery at_least_once under kill -9: every record has its outcome and no asked sample is missing; what comes twice carries an id
already seen, and says the same."""
import json
import time

from accounts import learned
from broker import check, equal
from stream import Feeder, Oracle
from winnowd import main

KILLS = 6
CHANGES = {"service": {"delivery": "at_least_once", "workers": 2}, "budget": {"rate": 0.05}, "route": {"interval": "20ms"}}


def same(records, what):
    """Repeats of a key must be equal in all that was decided; {key: the first}."""
    seen, repeats = {}, 0
    for key, value in records:
        if key in seen:
            equal(value, seen[key], "a repeat of %s %s" % (what, key))
            repeats += 1
        seen[key] = value
    return seen, repeats


def decided(task):
    """Without what may change from one life to the next: the clock, and which model happened to be live."""
    return task["sample_id"], task["source"], task["row"]


def test(stage):
    stage.create(partitions=4)
    feeder, oracle = Feeder(stage, rate=1500, bad_every=97), Oracle(stage, delay=0.1)
    feeder.start()
    oracle.start()
    for _ in range(KILLS):
        daemon = stage.start(CHANGES).ready()
        time.sleep(stage.random.uniform(0.5, 2.5))
        daemon.kill()
    feeder.end()
    daemon = stage.start(CHANGES).ready()
    stage.caught_up()
    samples = stage.samples()
    good = {p for p, name in samples.items() if not isinstance(name, tuple)}
    tasks, again = same(((t["id"], decided(t)) for t in stage.tasks()), "task")
    predictions = {}
    for r in stage.read("predictions"):
        p = json.loads(r.value)
        predictions.setdefault((p["partition"], p["offset"]), []).append(p["asked"])
    letters = {(int(r.headers["__connect.errors.partition"]), int(r.headers["__connect.errors.offset"])) for r in stage.read("dead_letters")}
    equal(set(predictions), good, "samples that were decided")
    equal(letters, set(samples) - good, "bad records with a dead letter")
    places = {(source["partition"], source["offset"]) for _, source, _ in tasks.values()}
    # A life that is killed may have sent a part of a cycle; the next one, with a newer model, decides anew: the last word counts.
    asked = {p for p, said in predictions.items() if said[-1]}
    check(asked <= places, "asked without a task: %s", sorted(asked - places)[:5])
    alone = len(places - asked)
    check(alone <= 0.02 * len(places) + 4 * KILLS, "%d tasks of samples that are not said to be asked", alone)
    print("%d records, %d tasks, %d of them came again, %d from a cycle that was cut off" % (len(samples), len(tasks), again, alone))
    oracle.end()
    learned(daemon, len(oracle.answers))
    daemon.stop()


main(test)

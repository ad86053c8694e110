"""I6: with the learner off and one model, a run cut by five kill -9 asks exactly the samples that an uncut run asks, with the same
utilities and propensities; with swaps scripted at fixed offsets (replay.switches), the same. And the budget is kept."""
import time

import broker

from accounts import place, within_budget
from broker import check, equal
from stream import feed
from taught import lend, taught
from winnowd import main

SAMPLES, RATE = 60000, 0.05


def decisions(stage, tasks):
    keys = ("id", "sample_id", "reason", "measure", "arm", "utility", "threshold", "propensity", "model", "admitted", "probabilities", "row")
    return {place(t): {k: t[k] for k in keys} for t in tasks}


def decide(stage, ends, name, records, switches, kills):
    """A service of its own on the same samples; what it decided."""
    topics = {"tasks": stage.topic(name + ".tasks"), "predictions": stage.topic(name + ".predictions"), "dead_letters": stage.topic(name + ".dead")}
    broker.create_topics(stage.brokers, {t: 2 for t in topics.values()}, 2)
    service = "%s-%s" % (stage.name, name)
    numbers = lend(stage, records, service)
    switches = ["%d %d %d" % (p, offset, numbers[n % len(numbers)][0]) for p, offset, n in switches]
    changes = {"service": {"name": service, "learner": False, "workers": 2, "state_dir": str(stage.dir / name)}, "topics": topics,
               "budget": {"rate": RATE}, "route": {"interval": "10ms", "cycle_bytes": "64KiB"}, "admit": {"batch": 64}, "replay": {"switches": switches}}
    cuts = 0
    for n in range(kills):
        daemon = stage.start(changes, name + ".yaml")
        # Killed after a share of what is left, while it works.
        before = stage.state(group=service)
        done = sum(max(o, 0) for o, _ in before.values())
        target = done + (sum(ends.values()) - done) * stage.random.uniform(0.08, 0.25)
        while sum(max(o, 0) for o, _ in stage.state(group=service).values()) < target:
            check(daemon.process.poll() is None, "the daemon ended with %s", daemon.process.returncode)
            time.sleep(0.002)
        daemon.kill()
        after = stage.state(group=service)
        cuts += any(0 < after[p][0] < ends[p] for p in ends)
    equal(cuts, kills, "kills that cut the run")
    daemon = stage.start(changes, name + ".yaml")
    stage.caught_up(group=service)
    daemon.stop()
    tasks = stage.tasks(topics["tasks"])
    print("%s: %d tasks, %.1f above the rate at most, models %s" % (name, len(tasks), within_budget(tasks, RATE), sorted({t["model"] for t in tasks})))
    return decisions(stage, tasks)


def same(a, b, what):
    check(a.keys() == b.keys(), "%s: only uncut %s, only cut %s", what, sorted(a.keys() - b.keys())[:5], sorted(b.keys() - a.keys())[:5])
    for key in a:
        equal(b[key], a[key], "%s, sample %s" % (what, key))


def test(stage):
    stage.create()
    records = taught(stage)
    last = max(r.value and int(k.split("/")[1]) or 0 for k, r in records if k.startswith("model/"))
    newest = [(k, r) for k, r in records if k.startswith("model/%d/" % last)] + [[(k, r) for k, r in records if k == "policy"][-1]]
    feed(stage, SAMPLES)
    places = stage.samples()
    ends = {p: max(o for q, o in places if q == p) + 1 for p in (0, 1)}
    uncut = decide(stage, ends, "uncut", newest, [], 0)
    check({t["model"] for t in uncut.values()} == {last}, "the model decided from the first sample on: %s", {t["model"] for t in uncut.values()})
    same(uncut, decide(stage, ends, "cut", newest, [], 5), "one model")
    swaps = [(p, offset, n) for p in (0, 1) for n, offset in enumerate((0, 5000, 11000, 20000 + p))]
    uncut = decide(stage, ends, "uncut-swaps", records, swaps, 0)
    check(len({t["model"] for t in uncut.values()}) >= 3, "swaps: %s", {t["model"] for t in uncut.values()})
    same(uncut, decide(stage, ends, "cut-swaps", records, swaps, 5), "scripted swaps")


main(test)

"""What must be true of a stage's topics, whatever crashed (promises I1, I2, I4), and how far its learner is.
"""
import json

from broker import check, equal, wait


def place(meta):
    """(partition, offset) of the sample that a task is about."""
    return meta["source"]["partition"], meta["source"]["offset"]


def once(items, what):
    """The items as a set; Failure when one comes twice."""
    seen, twice = set(), []
    for item in items:
        (twice.append if item in seen else seen.add)(item)
    check(not twice, "%d %s more than once: %s", len(twice), what, twice[:5])
    return seen


def accounts(stage):
    """Every record ended in exactly one outcome, and a task exists for exactly the samples that were asked; the tasks."""
    samples = stage.samples()
    good = {p for p, name in samples.items() if not isinstance(name, tuple)}
    bad = {p: name[1] for p, name in samples.items() if isinstance(name, tuple)}
    predictions = [json.loads(r.value) for r in stage.read("predictions")]
    tasks = stage.tasks()
    letters = [(int(r.headers["__connect.errors.partition"]), int(r.headers["__connect.errors.offset"]),
                r.headers["__connect.errors.exception.class.name"].decode()) for r in stage.read("dead_letters")]
    once((t["id"] for t in tasks), "task ids")
    decided = once(((p["partition"], p["offset"]) for p in predictions), "samples were decided")
    asked = once((place(t) for t in tasks), "samples were asked")
    refused = once(((p, o) for p, o, _ in letters), "records were dead letters")
    check(decided == good, "samples without an outcome: %s; outcomes without a sample: %s", sorted(good - decided)[:5], sorted(decided - good)[:5])
    equal(sorted(letters), sorted((p, o, reason) for (p, o), reason in bad.items()), "dead letters")
    equal(refused & decided, set(), "samples with two outcomes")
    said = {(p["partition"], p["offset"]) for p in predictions if p["asked"]}
    check(asked == said, "asked without a task: %s; tasks of samples not asked: %s", sorted(said - asked)[:5], sorted(asked - said)[:5])
    return tasks


def within_budget(tasks, rate, burst=10, grant=0):
    """I4: in any n admitted samples of a partition at most rate * n + burst + 1 tasks; the closest that it came."""
    worst = float("-inf")
    for partition in {t["source"]["partition"] for t in tasks}:
        counts = [t["admitted"] for t in sorted((t for t in tasks if t["source"]["partition"] == partition), key=place)]
        lowest = float("inf")
        for j, admitted in enumerate(counts):
            height = j - rate * admitted
            lowest = min(lowest, height)
            excess = height - lowest + 1 - rate
            worst = max(worst, excess)
            check(excess <= burst + 1 + grant + 1e-9, "partition %s: %.2f tasks above the rate up to admitted sample %s, allowed %s",
                  partition, excess, admitted, burst + 1 + grant)
    return worst


def progress(stage, name=None):
    """The learner's newest progress record, or {}."""
    key = ("%s/progress" % (name or stage.name)).encode()
    records = [r for r in stage.read("models") if r.key == key]
    return json.loads(records[-1].value) if records else {}


def learned(daemon, labels):
    """Waits until the labelled set has so many rows."""
    wait(lambda: "labelled rows: %s of %s" % (daemon.metric("labelled_rows"), labels), lambda: daemon.metric("labelled_rows") == labels, every=0.2)

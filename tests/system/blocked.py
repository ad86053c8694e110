"""Events that were blocked (admit.blocked): scored, never asked, never answered by the model, and outside of every figure, which are then of the others
alone. A field that says neither is a dead letter. Told by status, check and simulate."""
import json
import random

from broker import Writer, check, equal, wait
from stream import Oracle, sample, truth_of
from winnowd import main, run

TOTAL, EVERY, UNREADABLE = 6000, 3, 7
CHANGES = {"admit": {"id": "/id", "blocked": ["/blocked", "/status=declined"]}, "budget": {"rate": 0.2, "random_share": 0.5, "draws": "uniform"}, "train": {"interval": "100ms"}}


def records():
    """(id or None, blocked, JSON): of what is truly bad nearly all is blocked, as where blocking works; some flags say nothing."""
    rng, out = random.Random(3), []
    for n in range(TOTAL):
        name, value = sample(n, rng)
        event = json.loads(value)
        blocked = truth_of(name) == "bad" and n % EVERY > 0
        event.update(rng.choice([{"blocked": True}, {"status": "declined"}, {"blocked": "yes"}]) if blocked else rng.choice([{}, {"blocked": 0}, {"blocked": None}, {"status": "paid"}]))
        out.append((name, blocked, json.dumps(event)))
    return out + [(None, False, json.dumps({"id": "odd-good", "x": 1, "y": 2, "kind": "a", "blocked": "perhaps"}))] * UNREADABLE


def test(stage):
    stage.create()
    daemon, oracle = stage.start(CHANGES).ready(), Oracle(stage)
    oracle.start()
    sent, writer = records(), Writer(stage.brokers)
    for n, (name, _, value) in enumerate(sent):
        writer.send(stage.topic("samples"), value, key=name or "odd")
        if n == TOTAL // 10:  # figures are of what a model decided
            writer.flush()
            wait("a model", lambda: (daemon.metric("model_version") or 0) > 0)
    writer.flush()
    stage.caught_up()
    blocked = {name for name, is_, _ in sent if is_}
    others = [name for name, is_, _ in sent if name and not is_]
    equal([daemon.metric("samples_blocked_total"), daemon.metric("samples_admitted_total")], [float(len(blocked)), float(len(others))], "blocked and admitted")
    equal(daemon.metric("dead_letters_total", reason="wrong_type"), float(UNREADABLE), "flags that say neither")
    tasks = stage.tasks()
    check(len(tasks) > 0.1 * len(others), "%d tasks", len(tasks))
    check(len(tasks) <= 0.2 * len(others) + 11 * len({t["source"]["partition"] for t in tasks}), "%d tasks of %d samples", len(tasks), len(others))
    equal({t["sample_id"] for t in tasks} & blocked, set(), "blocked samples that somebody is asked about")

    predictions = [json.loads(r.value) for r in stage.read("predictions")]
    equal({p["sample_id"] for p in predictions if p.get("blocked")}, blocked, "predictions that say so")
    check(all(p["utility"] is None and not p["asked"] for p in predictions if p.get("blocked")), "a blocked sample was decided")
    equal(len(predictions), len(blocked) + len(others), "predictions")

    wait("all are answered", lambda: daemon.metric("open_tasks") == 0 and (daemon.metric("accuracy_answers") or 0) > 100)
    share = sum(truth_of(name) == "bad" for name in others) / len(others)
    everything = (share * len(others) + len(blocked)) / (len(others) + len(blocked))
    shown = json.loads(daemon.get("/status")[1])
    value, half = shown["estimate"]["prevalence"], shown["estimate_high"]["prevalence"] - shown["estimate"]["prevalence"]
    check(abs(value - share) <= 3 * half and value + 3 * half < everything, "prevalence %s ± %s: of the others %.3f, of all %.3f", value, half, share, everything)
    equal(daemon.metric("accuracy_covered_ratio"), 1.0, "share that the figures speak for")
    equal(shown["now"]["blocked"], len(blocked), "/status")
    done = run("status", "--listen", "127.0.0.1:%d" % daemon.port())
    check("blocked, so outside of every figure" in done.stdout, "status: %s", done.stdout)
    daemon.stop()
    oracle.end()

    file = stage.dir / "records.jsonl"
    file.write_text("".join(value[:-1] + ', "truth": "%s"}\n' % truth_of(name or "odd-good") for name, _, value in sent))
    done = run("check", "-c", stage.dir / "winnowd.yaml", "--sample", file)
    equal([done.returncode, done.stdout.count("a sample that was blocked (admit.blocked), ")], [65, len(blocked)], "check --sample")
    check("%d records, %d would be dead letters" % (len(sent), UNREADABLE) in done.stdout, "check --sample: %s", done.stdout[-200:])
    done = run("simulate", "-c", stage.dir / "winnowd.yaml", "--data", file, "--label", "truth")
    for words in ("%d samples of" % len(others), "blocked     %d rows" % len(blocked), "left out    %d rows" % UNREADABLE):
        check(words in done.stdout, "simulate does not say %r: %s %s", words, done.stdout, done.stderr)


main(test)

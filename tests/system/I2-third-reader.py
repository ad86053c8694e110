"""I2, I4: where two readers disagree a third one is asked: once, blind, whatever is killed in between (kill -9 while his task is written, not yet
readable, read back, or about to be made), and paid ahead by the block. Nobody is asked while the operator pauses, the budget is nothing, too many tasks are open, or two
opinions are enough; then he is. What all three say is the label; what stays undecided is told, the same by the
daemon, from the topics and from nothing."""
import json
import shutil
from itertools import islice

from accounts import progress
from broker import check, equal, wait
from readers import killed_at_any_moment, killed_unread, other, read_by, records, say, status, thirds
from stream import feed, truth_of
from winnowd import main, run

RATE, BURST, SAMPLES, AGREED, KILLS, STEP = 0.2, 10, 6000, 90, 8, 2
CHANGES = {"service": {"learner": True}, "people": {"double": 0.8, "opinions": 3}, "train": {"interval": "100ms", "labels": 400, "first": 100},
           "budget": {"rate": RATE, "random_share": 0.3}}
TWO = dict(CHANGES, people={"double": 0.8, "opinions": 2})
ANN, BOB, EVE = "ann", "bob", "eve"


def disagree(stage, rest, n):
    """The next n of the rest of the samples are answered by two, of whom one is wrong; the ids that third readers are due for."""
    picked, answers = list(islice(rest, n)), []
    for i, t in enumerate(picked):
        truth = truth_of(t["sample_id"])
        said = (truth, other(truth)) if i % 2 else (other(truth), truth)
        answers += [(read_by(t["id"], 2, 1), said[0], ANN), (t["id"], said[1], BOB)]
    say(stage, answers)
    return {read_by(t["id"], 2, 3) for t in picked}


def signs(stage, later):
    """Until the learner has heard the answers and then said twice more, at most ten seconds apart, that it learns: it looks for disputes each second."""
    def heard():
        said = progress(stage)
        return said if sum(said.get("labels", {}).values()) >= ends else {}
    ends = sum(1 for _ in stage.read("labels"))
    seen = {wait("the answers to %s are heard" % sorted(later), heard)["time_ms"]}
    wait("the learner's signs", lambda: seen.add(heard()["time_ms"]) or len(seen) > 3)


def test(stage):
    stage.create()
    daemon = stage.start(CHANGES).ready()
    feed(stage, SAMPLES)
    stage.caught_up()
    tasks = records(stage)
    by_id = {t["meta"]["id"]: t for t in tasks}
    seconds = [t["meta"] for t in tasks if t["meta"].get("reader") == 2]
    equal({t["opinions"] for t in seconds}, {3}, "what is paid for a doubled sample")
    check(len(seconds) >= AGREED + 12 + STEP * (KILLS + 4), "%d doubled samples are too few", len(seconds))
    check(len(tasks) + len(seconds) <= RATE * SAMPLES + 2 * (BURST + 1), "%d tasks and %d to come of %d samples", len(tasks), len(seconds), SAMPLES)

    # Who agrees wants nobody (and two who never do would be told apart by it, as one who is right and one who is wrong); who disagrees does, and he
    # sees what the second reader saw.
    agreed, rest = seconds[:AGREED], iter(seconds[AGREED:])
    say(stage, [(t["id"], truth_of(t["sample_id"]), BOB) for t in agreed] +
        [(read_by(t["id"], 2, 1), truth_of(t["sample_id"]), ANN) for t in agreed])
    due = disagree(stage, rest, 5)
    wait("the first five are asked", lambda: set(thirds(stage)) == due)
    for task_id, record in thirds(stage).items():
        two, meta = by_id[read_by(task_id, 3, 2)], record["meta"]
        equal([record["data"]["event"], record["data"]["sample_id"], meta["row"], meta["probabilities"], meta["source"]],
              [two["data"]["event"], two["data"]["sample_id"], two["meta"]["row"], two["meta"]["probabilities"], two["meta"]["source"]], "what he sees")
        equal([record["data"]["reader"], meta["reason"], meta["propensity"]], [3, "third", 0], "who he is")
        check(meta["expires_ms"] > meta["asked_ms"] > two["meta"]["asked_ms"] and "opinions" not in meta, "his time: %s", meta)
        check(not any(name in json.dumps(record) for name in (ANN, BOB)), "he is told what others said: %s", record)
    equal(daemon.metric("tasks_asked_total", reason="third"), float(len(due)), "counted")

    daemon = killed_unread(stage, CHANGES, daemon, due, lambda n: disagree(stage, rest, n))
    wait("and is on its way no more", lambda: not progress(stage).get("opinions"))
    daemon = killed_at_any_moment(stage, CHANGES, daemon, due, lambda: disagree(stage, rest, STEP), KILLS)

    # While nobody may be asked he waits: the operator pauses or sets the budget to nothing, or the configuration wants two opinions again, or the queue is full.
    for stop, start, changes in ((["pause"], ["resume"], CHANGES), (["budget", "0"], ["budget", "1"], CHANGES), ([], [], TWO), (["cap", "open_tasks", "1"], ["cap", "open_tasks", "default"], CHANGES)):
        if stop:
            equal(run("policy", "-c", stage.dir / "winnowd.yaml", *stop).returncode, 0, stop)
            wait("it is heeded", lambda: daemon.metric("paused", why="operator") or daemon.metric("paused", why="full") or daemon.metric("budget_rate") == 0)
        else:
            daemon.stop()
        later = disagree(stage, rest, STEP)
        if not stop:
            daemon = stage.start(changes).ready()
        signs(stage, later)
        equal(set(thirds(stage)), due, "nobody is asked: %s %s" % (stop, changes))
        if start:
            equal(run("policy", "-c", stage.dir / "winnowd.yaml", *start).returncode, 0, start)
        else:
            daemon.stop()
            daemon = stage.start(CHANGES).ready()
        due |= later
        wait("now he is", lambda: set(thirds(stage)) == due)

    # From nothing: what stands on the topics is asked no more.
    daemon.stop()
    shutil.rmtree(stage.dir / "one" / "labels")
    daemon = stage.start(CHANGES).ready()
    due |= disagree(stage, rest, STEP)
    wait("the new ones are asked", lambda: len(thirds(stage)) >= len(due))
    equal(set(thirds(stage)), due, "no others")
    everything = records(stage)
    check(len(everything) <= RATE * SAMPLES + 2 * (BURST + 1), "%d tasks of %d samples", len(everything), SAMPLES)

    # What three say: two of them are right. Eve knows: the bank told so of her.
    say(stage, [(task_id, truth_of(r["data"]["sample_id"]), EVE) for task_id, r in sorted(thirds(stage).items())][:-3])
    wait("they answered", lambda: status(daemon)["annotator_answers"].get(EVE, 0) == len(due) - 3)
    equal(daemon.metric("labels_total", outcome="second") > 0, True, "fates")
    shown = wait("the undecided are told", lambda: [s for s in [status(daemon)] if (s["undecided"] or 0) + (s["decided_by_third"] or 0) == len(due) - 3])[0]
    words = run("people", "-c", stage.dir / "winnowd.yaml").stdout
    for number, sentence in ((shown["undecided"], "%d samples stay undecided"), (shown["decided_by_third"], "a third reader decided %d of the others")):
        equal(sentence % number in words, number > 0, "by the topics: %s" % words)
    learned = daemon.metric("labelled_rows")
    equal(learned, float(len(due) + len(agreed)), "a sample is learned once")
    code = run("audit", "-c", stage.dir / "winnowd.yaml", "--listen", "127.0.0.1:%d" % daemon.port())
    equal(code.returncode, 0, "audit: %s" % code.stdout)
    found = run("tasks", "-c", stage.dir / "winnowd.yaml", "show", sorted(due)[0])
    check("third time" in found.stdout, "tasks: %s", found.stdout + found.stderr)


main(test)

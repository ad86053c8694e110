"""I2, I4: a sample that is settled is asked about once more, as a gold question: once, blind, whatever is killed in between (kill -9 while the task is
written, not yet readable, read back, or about to be made), and out of what the block has paid. What is said of it is nobody's label; it tells of who
said it, the same by the daemon, from the topics and from nothing."""
import json
import shutil

from broker import Writer, check, equal, wait
from readers import killed_at_any_moment, killed_unread, other, read_by, records, say, status, thirds
from stream import feed, truth_of
from winnowd import main, run

RATE, BURST, BEFORE, SAMPLES, AGREED, KILLS, STEP, CERTAIN, CHECKS = 0.2, 10, 1000, 6000, 50, 6, 4, 6, 40
CHANGES = {"service": {"learner": True}, "people": {"double": 0.8, "opinions": 3, "gold": 1, "certain": ["bank"]},
           "train": {"interval": "100ms", "labels": 400, "first": 100}, "budget": {"rate": RATE, "random_share": 0.3}}
TWO = dict(CHANGES, people={"double": 0.8})
ANN, BOB, EVE, LOT = "ann", "bob", "eve", "lot"


def read(stage, seconds, disputed=()):
    """Two answer each of these samples, rightly but for the second one where it is disputed; the ids that third readers are due for."""
    for reader, who in ((1, ANN), (2, BOB)):
        say(stage, [(read_by(t["id"], 2, reader), (other if reader == 2 and t in disputed else str)(truth_of(t["sample_id"])), who) for t in seconds])
    return {read_by(t["id"], 2, 3) for t in seconds}


def shape(value):
    """What an object has, without what it says: how somebody would tell one task from another."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return "number" if type(value) in (int, float) else type(value).__name__


def people(stage):
    done = run("people", "-c", stage.dir / "winnowd.yaml", "--json")
    equal(done.returncode, 0, "exit code of people: %s" % done.stderr)
    return {row["annotator"]: row for row in json.loads(done.stdout)}


def gold(daemon):
    shown = status(daemon)
    return {who: [n, shown["annotator_gold_accuracy"][who], shown["annotator_accuracy"][who], shown["annotator_checked"][who]]
            for who, n in shown["annotator_gold_answers"].items() if n}


def test(stage):
    stage.create()
    daemon = stage.start(TWO).ready()
    feed(stage, BEFORE)
    stage.caught_up()
    daemon.stop()
    daemon = stage.start(CHANGES).ready()
    feed(stage, SAMPLES)
    stage.caught_up()
    doubled = [t["meta"] for t in records(stage) if t["meta"].get("reader") == 2]
    seconds = [t for t in doubled if t.get("opinions") == 3]
    check(len(seconds) < len(doubled) - 5, "of %d doubled samples %d are paid for three", len(doubled), len(seconds))
    check(len(seconds) >= AGREED + 10 + STEP * (KILLS + 2) + CERTAIN, "%d doubled samples are too few", len(seconds))
    paid = len(records(stage)) + len(seconds)
    bound = RATE * (BEFORE + SAMPLES) + 2 * (BURST + 1)
    check(paid <= bound, "%d tasks and %d to come, at most %g", paid - len(seconds), len(seconds), bound)

    def next_(n):
        return [seconds.pop(0) for _ in range(n)]

    # Two who agree are gold when enough is known of them, and a third one is paid; nothing tells such a task from one about a dispute.
    read(stage, [t for t in doubled if "opinions" not in t][:5])
    due = read(stage, next_(AGREED))
    wait("those who agree are checked", lambda: set(thirds(stage)) == due)
    equal(daemon.metric("undecided_samples"), 0.0, "nothing is disputed")
    disputed = next_(2)
    due |= read(stage, disputed, disputed)
    wait("and those who do not", lambda: set(thirds(stage)) == due)
    found = thirds(stage)
    of_dispute = [found[read_by(t["id"], 2, 3)] for t in disputed]
    for record in found.values():
        equal(shape(record), shape(of_dispute[0]), "what he sees")
        equal([record["data"]["reader"], record["meta"]["reason"], record["data"]["reason"], record["meta"]["propensity"]], [3, "third", "third", 0], "who he is")
        check(not any(name in json.dumps(record) for name in (ANN, BOB)), "he is told what others said: %s", record)

    def mixed():
        """Samples of both kinds."""
        some = next_(STEP)
        disputed.append(some[0])
        return read(stage, some, some[:1])

    daemon = killed_unread(stage, CHANGES, daemon, due, lambda n: read(stage, next_(n)))
    daemon = killed_at_any_moment(stage, CHANGES, daemon, due, mixed, KILLS)

    # What is certain, whoever has answered.
    writer, certain = Writer(stage.brokers), next_(CERTAIN)
    for t in certain:
        first = read_by(t["id"], 2, 1)
        writer.send(stage.topic("labels"), json.dumps({"id": first, "label": truth_of(t["sample_id"]), "source": "bank"}), key=first)
        due.add(read_by(t["id"], 2, 3))
    writer.flush()
    wait("what is certain is asked", lambda: set(thirds(stage)) == due)

    # From nothing: what stands on the topics is asked no more.
    daemon.stop()
    shutil.rmtree(stage.dir / "one" / "labels")
    daemon = stage.start(CHANGES).ready()
    due |= read(stage, next_(STEP))
    wait("the new ones are asked", lambda: len(thirds(stage)) >= len(due))
    equal(set(thirds(stage)), due, "no others")
    check(len(records(stage)) <= paid, "%d tasks, of %d that were paid", len(records(stage)), paid)

    # Eve is right, lots are drawn, and who answered before is not checked by it.
    learned = daemon.metric("labelled_rows")
    golds = sorted(due - {read_by(t["id"], 2, 3) for t in disputed + certain})
    truth = {i: truth_of(r["data"]["sample_id"]) for i, r in thirds(stage).items()}
    say(stage, [(read_by(t["id"], 2, 3), truth_of(t["sample_id"]), EVE) for t in certain])
    wait("she is checked", lambda: gold(daemon).get(EVE, [0])[0] == CERTAIN)
    answered = status(daemon)["annotator_answers"][ANN]
    say(stage, [(i, truth[i] if n % 2 else other(truth[i]), LOT) for n, i in enumerate(golds[:CHECKS])])
    say(stage, [(i, truth[i], ANN) for i in golds[CHECKS:CHECKS + 3]])
    wait("they are checked", lambda: gold(daemon).get(LOT, [0])[0] == CHECKS and status(daemon)["annotator_answers"][ANN] == answered + 3)
    shown, table = gold(daemon), people(stage)
    equal(table[ANN]["gold"], 0, "who answered before")
    equal({who: n for who, (n, *_) in shown.items()}, {EVE: CERTAIN, LOT: CHECKS}, "who was checked by gold")
    for who, (n, by_gold, accuracy, checked) in shown.items():
        row = table[who]
        equal([row["gold"], row["gold"], row["checked"] + row["settled"]], [n, checked, 0], "%s by the topics: %s" % (who, row))
        check(abs(row["gold_accuracy"] - by_gold) < 1e-4 and abs(row["accuracy"] - accuracy) < 1e-4, "%s: %s, %s", who, row, shown)
        check(row["gold_low"] < by_gold < row["gold_high"], "%s: %s", who, row)
    equal([table[who]["at_chance"] for who in (EVE, LOT, ANN)], ["no", "yes", "no"], "who draws lots")
    check(0.35 < table[LOT]["gold_accuracy"] < 0.65 and table[LOT]["gold_high"] < 0.75, "lots: %s", table[LOT])
    equal(status(daemon)["gold_questions"], float(len(due) - len(disputed)), "gold questions")
    check("to check him" in run("people", "-c", stage.dir / "winnowd.yaml").stdout, "words for people")
    check('winnowd_annotator_gold_accuracy_ratio{annotator="lot"} 0.' in daemon.get("/metrics")[1], "no series of an annotator")

    # Nobody's label, in no figure; the same from nothing.
    equal(daemon.metric("labelled_rows"), learned, "what is learned")
    code = run("audit", "-c", stage.dir / "winnowd.yaml", "--listen", "127.0.0.1:%d" % daemon.port())
    equal(code.returncode, 0, "audit: %s" % code.stdout)
    daemon.stop()
    shutil.rmtree(stage.dir / "one" / "labels")
    daemon = stage.start(CHANGES).ready()
    wait("the same from nothing", lambda: gold(daemon) == shown)
    equal(set(thirds(stage)), due, "no others")


main(test)

"""`winnowd audit` does every sum again from the topics alone: it finds what the daemon shows, says so where it cannot compare, and finds a
figure that is no longer what the topics say. Figures by segment are told beside the whole."""
import http.server
import json
import shutil
import threading

from accounts import learned
from broker import Writer, check, equal, wait
from stream import Feeder, Oracle
from winnowd import main, run

CHANGES = {"watch": {"segments": ["kind"], "cost": {"bad.good": "x", "good.bad": 0.5}}, "train": {"interval": "100ms", "labels": 400, "first": 100}, "budget": {"rate": 0.1, "random_share": 0.4},
           "features": [{"name": "x"}, {"name": "y"}, {"name": "kind", "type": "category", "values": ["a", "b"]}]}
SEGMENTS = ["kind=a", "kind=b", "kind, others"]


def status(daemon):
    return json.loads(daemon.get("/status")[1])


def audit(stage, daemon, *words):
    done = run("audit", "-c", stage.dir / "winnowd.yaml", "--listen", "127.0.0.1:%d" % daemon.port(), *words)
    return done.returncode, done.stdout


def rows(stage, daemon, *words):
    code, text = audit(stage, daemon, "--json", *words)
    return code, {row["figure"]: row for row in json.loads(text)}


def shows_the_same(stage, daemon):
    wait("the figures are told", lambda: status(daemon)["estimate"]["accuracy"] is not None)
    code, found = rows(stage, daemon)
    shown = status(daemon)
    equal(code, 0, "exit code; %s" % found)
    for figure in ("accuracy", "prevalence", "precision", "recall", "precision_at_capacity", "recall_at_capacity", "cost", "average_precision"):
        equal([found[figure]["same"], found[figure]["differs"]], ["yes", ""], figure)
        check(abs(found[figure]["value"] - shown["estimate"][figure]) < 2e-6, "%s: %s", figure, found[figure])
    return found


def finds_what_is_forged(stage, daemon):
    """One number of what is shown is another one: it is named, be it the figure or the end of a range."""
    shown = status(daemon)

    class Forger(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(shown).encode())

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Forger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    listen = "127.0.0.1:%d" % server.server_address[1]
    for key, name in (("estimate", "value"), ("estimate_low", "low"), ("estimate_always_high", "always_high")):
        true = shown[key]["recall"]
        shown[key]["recall"] = true - 0.01
        code, found = rows(stage, daemon, "--listen", listen)
        equal([code, found["recall"]["same"], found["recall"]["differs"], found["precision"]["same"]], [1, "no", name, "yes"], "a forged %s" % key)
        shown[key]["recall"] = true
    server.shutdown()


def segments(daemon):
    shown = status(daemon)
    equal(sorted(shown["segment_draws"]), sorted(SEGMENTS), "segments")
    check(sum(shown["segment_draws"].values()) <= shown["estimate_draws"] and min(shown["segment_draws"].values()) >= 10, "draws: %s", shown["segment_draws"])
    for name in SEGMENTS:
        low, is_, high = (shown["segment_now" + end][name]["accuracy"] for end in ("_low", "", "_high"))
        check(0 <= low < is_ <= high <= 1, "%s: %s %s %s", name, low, is_, high)
    check('winnowd_segment_estimate{segment="kind, others",figure="recall"} ' in daemon.get("/metrics")[1], "no series of a segment")


def classes(daemon):
    """The positive class's figures by the plain ratio are those of the whole within their ranges."""
    shown = status(daemon)
    equal(sorted(shown["class_now"]), ["bad", "good"], "classes")
    for figure in ("prevalence", "precision", "recall"):
        low, is_, high = (shown["class_now" + end]["bad"][figure] for end in ("_low", "", "_high"))
        check(0 <= low <= is_ <= high <= 1 and low <= shown["estimate_now"][figure] <= high, "%s: %s %s %s", figure, low, is_, high)
    check('winnowd_class_estimate{class="good",figure="recall"} ' in daemon.get("/metrics")[1], "no series of a class")


def test(stage):
    stage.create()
    daemon, oracle = stage.start(CHANGES).ready(), Oracle(stage)
    oracle.start()
    feeder = Feeder(stage, rate=1e9, total=3000)
    feeder.work()
    wait("a first version, of whose predictions the figures are", lambda: (daemon.metric("model_version") or 0) > 0)
    feeder.total = 6000
    feeder.work()
    stage.caught_up()
    tasks = stage.tasks()
    wait("answered", lambda: len(oracle.answers) == len(tasks))
    learned(daemon, len(tasks))
    oracle.end()
    found = shows_the_same(stage, daemon)
    for figure in ("accuracy", "prevalence", "precision", "recall"):
        equal([found[figure]["worst_low"], found[figure]["worst_high"]], 2 * [found[figure]["value"]], "%s with nothing open" % figure)
    finds_what_is_forged(stage, daemon)
    segments(daemon)
    classes(daemon)
    days = status(daemon)["cohort_tasks"]  # of the tasks that had a model; the day is not over
    check(1 <= len(days) <= 2 and 0 < sum(days.values()) <= len(tasks) and status(daemon)["cohort"][max(days)] == {}, "days: %s", days)

    # A task that nobody answers, and half of the time: what is open could be anything, and a span is not compared.
    asked = sorted(r["asked_ms"] for r in (json.loads(t.value)["meta"] for t in stage.read("tasks")))
    code, part = rows(stage, daemon, "--from", "1970-01-01", "--to", "2100-01-01")
    equal([code, part["recall"]["shown"], part["recall"]["value"]], [0, None, found["recall"]["value"]], "a span of all")
    check(audit(stage, daemon, "--to", "1990-01-01")[1].startswith("0 tasks"), "a span before the first task")
    feeder.total = 7000
    feeder.work()
    stage.caught_up()
    wait("tasks that are open", lambda: (daemon.metric("open_tasks") or 0) > 5)
    found = shows_the_same(stage, daemon)
    for figure in ("accuracy", "recall", "precision"):
        check(found[figure]["worst_low"] < found[figure]["worst_high"], "%s with open tasks: %s", figure, found[figure])
    check("open (" in audit(stage, daemon)[1], "the words: %s", audit(stage, daemon)[1])

    # From nothing the store has the same figures. Another answer on the topic, which the daemon that runs has not counted: a first one counts.
    daemon.stop()
    shutil.rmtree(stage.dir / "one" / "labels")
    daemon = stage.start(CHANGES).ready()
    learned(daemon, len(tasks))
    wait("all is read", lambda: status(daemon)["now"]["answers"] == daemon.metric("accuracy_answers") and (daemon.metric("open_tasks") or 0) > 5)
    shows_the_same(stage, daemon)
    writer = Writer(stage.brokers)
    for task, answer in list(oracle.answers.items())[-40:]:
        writer.send(stage.topic("labels"), json.dumps({"id": task, "label": "good" if answer == "bad" else "bad", "revision": 1}), key=task)
    writer.flush()
    wait("revised", lambda: (daemon.metric("labels_total", outcome="revised") or 0) >= 40)
    code, found = rows(stage, daemon)
    equal(code, 1, "exit code of other figures")
    equal(found["accuracy"]["same"], "no", "accuracy: %s" % found["accuracy"])
    daemon.stop()
    code, text = audit(stage, daemon)
    equal(code, 0, "exit code without a daemon")
    check("not compared" in text, "without a daemon: %s", text)
    check(len(asked) == len(tasks), "tasks: %d, %d", len(asked), len(tasks))

    # A task that was written once more, as it was and with another propensity.
    check("another thing" not in text, "contradictions: %s", text)
    first = stage.read("tasks")[0]
    other = json.loads(first.value)
    other["meta"]["propensity"] /= 2
    for value in (first.value, json.dumps(other)):
        writer.send(stage.topic("tasks"), value, key=first.key)
    writer.flush()
    forged = audit(stage, daemon)[1]
    check("1 records say another thing of a task" in forged, "a forged task: %s", forged)
    equal([line for line in forged.splitlines() if "another thing" not in line], text.splitlines(), "the figures stay")


main(test)

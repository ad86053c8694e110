"""`winnowd bridge` against a stand-in for Label Studio: each task is there once and each answer comes back once, whatever the tool
answers and wherever the process is killed; a second bridge takes over; tokens of both kinds."""
import json
import time

from broker import Writer, check, equal, wait
from label_studio import LabelStudio
from stream import send_tasks
from winnowd import main, run

KILLS = 6


def set_up(stage, studio, settings):
    """The project is made once, and one that lacks a class is refused by its name."""
    done = run("bridge", "-c", stage.config({"bridge": {"url": studio.url}}))
    check(done.returncode == 78 and "bridge.token_file is missing" in done.stderr and "Account & Settings" in done.stderr,
          "without a token: %s %s", done.returncode, done.stderr)
    (stage.dir / "two-lines").write_text("legacy\ntoken\n")
    done = run("bridge", "-c", stage.config({"bridge": {"url": studio.url, "token_file": str(stage.dir / "two-lines")}}))
    check(done.returncode == 78 and "more than a token" in done.stderr and "legacy" not in done.stderr, "what is no token: %s", done.stderr)
    gone = stage.config({"bridge": {"url": studio.url, "token_file": str(stage.dir / "gone"), "ca": str(stage.dir / "token")}}, "gone.yaml")
    done = run("check", "-c", gone)
    check(done.returncode == 0 and "warning: bridge.token_file: cannot read" in done.stderr and "warning: bridge.ca: cannot read" in done.stderr and
          "no certificate" in done.stderr, "check of a bridge's files: %s", done.stderr)
    done = run("bridge", "-c", gone)
    check(done.returncode == 78 and "bridge.ca: cannot read" in done.stderr, "authorities that are none: %s", done.stderr)
    config = stage.config({"bridge": settings})
    done = run("bridge", "-c", config)
    check(done.returncode == 78 and "bridge setup" in done.stderr, "without a project: %s %s", done.returncode, done.stderr)
    for _ in range(2):
        done = run("bridge", "-c", config, "setup")
        equal((done.returncode, done.stdout), (0, studio.url + "/projects/1/data\n"), "setup: " + done.stderr)
    equal(len(studio.projects), 1, "projects")
    labels = studio.projects[1]["parsed_label_config"]["label"]["labels"]
    equal(labels, ["good", "bad"], "choices")
    gone = labels.pop()
    done = run("bridge", "-c", config)
    check(done.returncode == 78 and '"bad"' in done.stderr, "a class is missing: %s %s", done.returncode, done.stderr)
    labels.append(gone)
    studio.token, kept = "another", studio.token
    done = run("bridge", "-c", config)
    check(done.returncode == 78 and "token" in done.stderr, "a wrong token: %s %s", done.returncode, done.stderr)
    studio.token = kept
    several = stage.config({"bridge": {**settings, "opinions": 2}}, "several.yaml")
    done = run("bridge", "-c", several)
    check(done.returncode == 78 and "bridge.opinions" in done.stderr, "too few may answer: %s %s", done.returncode, done.stderr)
    done = run("bridge", "-c", several, "setup")
    equal((done.returncode, studio.projects[1]["maximum_annotations"]), (0, 2), "setup for two: " + done.stderr)
    return config


def age(studio, ids):
    """Four tasks expire: one that somebody began, one that somebody skipped, two that nobody looked at. The fifth is there twice."""
    with studio.lock:
        for task_id in ids[:4]:
            studio.of(task_id)["meta"]["expires_ms"] = 1
        studio.begin(ids[0])
        studio.answer(ids[1], None, skipped=True)
        studio.copy(ids[4])


def shown(stage, bridge_counts):
    """The daemon shows what the bridge says of itself."""
    daemon = stage.start(file="daemon.yaml").ready()
    for outcome, least in bridge_counts.items():
        wait("the daemon to show " + outcome, lambda: daemon.metric("bridge_carried_total", outcome=outcome) >= least)
    status = json.loads(daemon.get("/status")[1])
    check(status["bridge_heard_s"] > 0 and status["bridge"]["imported"] > 0, "in /status: %s", status["bridge"])
    done = run("status", "--listen", "127.0.0.1:%d" % daemon.port())
    check("tasks imported" in done.stdout, "in `winnowd status`: %s", done.stdout)
    daemon.stop()


def test(stage):
    stage.create()
    sent, writer = [], Writer(stage.brokers)

    def send(n):
        return send_tasks(stage, writer, sent, n)

    def labels():
        return [json.loads(r.value) for r in stage.read("labels")]

    with LabelStudio() as studio:
        (stage.dir / "token").write_text(studio.token + "\n")
        settings = {"url": studio.url, "token_file": str(stage.dir / "token"), "batch": 20, "poll": "100ms", "timeout": "3s"}

        def arrived(what):
            wait(what, lambda: set(studio.counts()) >= set(sent))
            equal({i: n for i, n in studio.counts().items() if n != 1}, {}, "tasks that are there more than once, " + what)

        config = set_up(stage, studio, settings)
        bridge = stage.start_with(config, command="bridge")
        bridge.await_event("bridge_ready")
        send(50)
        writer.send(stage.topic("tasks"), "no task")
        arrived("the first tasks")

        for trouble in (429, 503, "cut", "slow", 401):
            studio.trouble.append(trouble)
            send(30)
            arrived("tasks after %s" % trouble)
            check(not studio.trouble, "no import was answered with %s", trouble)

        studio.refuses = "01a2025d-5200-7000-8000-%012x" % (len(sent) + 7)
        refused = send(20)[7]
        sent.remove(refused)
        arrived("the others of a batch")
        letter, = wait("the refused task's dead letter", lambda: stage.read("dead_letters"))
        equal(letter.headers["__connect.errors.exception.class.name"], b"bridge_refused", "its reason")
        equal(json.loads(letter.value)["meta"]["id"], refused, "its task")
        place = "%d/%d" % (letter.partition, letter.offset)
        done = run("dead-letters", "-c", config, "retry", place)
        check(done.returncode == 65 and "no sample" in done.stdout, "a task fed as a sample: %s %s", done.returncode, done.stdout)
        sent.append(refused)  # so that numbers stay new
        studio.refuses = None

        def said(task_id):
            return [(l.get("label"), l.get("outcome"), l.get("annotator")) for l in labels() if l["id"] == task_id]

        one, two, three, four = sent[:4]
        studio.answer(one, "good")
        studio.answer(two, "good")
        studio.answer(three, None, skipped=True)
        studio.answer(four, "ugly")
        wait("answers", lambda: len(labels()) == 3)
        studio.answer(two, "bad", who="bob")
        bridge.await_event("bridge_unknown_class")
        wait("an edit", lambda: said(two)[-1][0] == "bad")
        studio.delete(one)
        wait("a deletion", lambda: len(said(one)) == 2)
        wait("what is no class to be taken away", lambda: not studio.of(four)["annotations"])
        check(said(one)[0][0] == "good" and said(one)[1][1] == "skipped", "what was said of it: %s", said(one))
        equal((said(two)[-1][2], len(said(three)), said(four)), ("bob", 1, []), "who answered, a skip, and what is no class")

        sent.remove(refused)
        for n in range(KILLS):
            studio.trouble = ["slow"] if n % 3 == 2 else []
            send(25)
            studio.answer(sent[10 + n], "good")
            time.sleep(stage.random.random() * 0.4)
            bridge.kill()
            bridge = stage.start_with(config, command="bridge")
        arrived("tasks around kills")
        for n in range(KILLS):
            wait("an answer around a kill", lambda: said(sent[10 + n]))
            equal(said(sent[10 + n]), [("good", "labelled", "ann@example.com")], "said once")

        bridge.await_event("bridge_ready")
        bridge.stop()
        old = sent[20:25]
        age(studio, old)
        bridge = stage.start_with(config, command="bridge")
        wait("what nobody needs to answer to leave", lambda: [studio.counts().get(i) for i in old] == [1, 1, None, None, 1])
        for gone in old[2:4]:
            sent.remove(gone)
        shown(stage, {"imported": 100, "refused": 1, "answered": KILLS, "skipped": 1, "unknown_class": 1, "withdrawn": 3})

        studio.token = "a.personal.token"  # a JWT is exchanged
        (stage.dir / "token").write_text(studio.token + "\n")
        second = stage.start_with(config, command="bridge")
        second.await_event("bridge_ready")
        send(1)
        arrived("a task by the second bridge")
        studio.answer(sent[20], "bad")
        wait("its answer", lambda: said(sent[20]))
        studio.token = "legacy-token"  # the first one works again, but has lost its right
        studio.access = set()
        send(1)
        bridge.ended(69)
        second.stop()


main(test)

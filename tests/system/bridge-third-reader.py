"""`winnowd bridge` and three opinions: where two people disagree in the tool, the third reader's task is imported as any other, blind: nothing in it
tells what was said before. What he answers comes back as the third opinion, and to the first one's task nothing is added."""
import json

from broker import check, equal, wait
from label_studio import LabelStudio
from readers import other, read_by
from stream import feed, truth_of
from winnowd import main, run

PEOPLE = {"people": {"double": 0.8, "opinions": 3}, "budget": {"rate": 0.2, "random_share": 0.3}, "train": {"interval": "100ms"}}
ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"
DISPUTES = 3


def test(stage):
    stage.create()
    with LabelStudio() as studio:
        (stage.dir / "token").write_text(studio.token + "\n")
        settings = {"url": studio.url, "token_file": str(stage.dir / "token"), "poll": "100ms", "timeout": "3s"}
        config = stage.config(dict(PEOPLE, bridge=settings), "bridge.yaml")
        equal(run("bridge", "-c", config, "setup").returncode, 0, "setup")
        daemon = stage.start(PEOPLE).ready()
        bridge = stage.start_with(config, command="bridge")
        bridge.await_event("bridge_ready")
        feed(stage, 500)
        stage.caught_up()
        tasks = [json.loads(r.value)["meta"] for r in stage.read("tasks")]
        wait("all are imported", lambda: set(studio.counts()) == {t["id"] for t in tasks})
        seconds = [t for t in tasks if t.get("reader") == 2]
        check(len(seconds) > DISPUTES, "%d second readers", len(seconds))

        truth = {t["id"]: truth_of(t["sample_id"]) for t in seconds[:DISPUTES]}
        wrong = {i: other(c) for i, c in truth.items()}
        for second in truth:
            studio.answer(read_by(second, 2, 1), wrong[second], who=ANN)
            studio.answer(second, truth[second], who=BOB)
        thirds = {read_by(i, 2, 3): i for i in truth}
        wait("third readers' tasks", lambda: set(thirds) <= set(studio.counts()))
        for third, second in thirds.items():
            task, two = studio.of(third), studio.of(second)
            equal([task["data"]["reader"], task["data"]["reason"]], [3, "third"], "who he is")
            equal(task["data"]["event"], two["data"]["event"], "what he sees")
            check(not task["annotations"] and not any(name in json.dumps(task) for name in (ANN, BOB)), "he is told what others said: %s", task)
            equal(task.get("predictions", []), two.get("predictions", []), "what the model said, which is what the second reader saw")

        for third, second in thirds.items():
            studio.answer(third, truth[second], who=EVE)

        def said(task_id):
            return [(l["label"], l["annotator"]) for l in (json.loads(r.value) for r in stage.read("labels")) if l["id"] == task_id]

        for third, second in thirds.items():
            wait("his answer", lambda: said(third))
            equal([said(i) for i in (read_by(second, 2, 1), second, third)], [[(wrong[second], ANN)], [(truth[second], BOB)], [(truth[second], EVE)]],
                  "each answered for himself")
        wait("the learner has heard him", lambda: json.loads(daemon.get("/status")[1])["annotator_answers"].get(EVE) == DISPUTES)
        equal(daemon.metric("tasks_asked_total", reason="third"), float(DISPUTES), "third readers")
        equal({i: n for i, n in studio.counts().items() if n != 1}, {}, "tasks that are there more than once")
        rows = {row["annotator"]: row["answers"] for row in json.loads(run("people", "-c", stage.dir / "winnowd.yaml", "--json").stdout)}
        equal(rows, dict.fromkeys((ANN, BOB, EVE), DISPUTES), "by the topics")
        bridge.stop()


main(test)

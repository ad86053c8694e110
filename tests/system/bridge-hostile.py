"""`winnowd bridge` and a tool that answers nonsense: no JSON, other types, too much, too deep, out of order, the same for ever. The bridge says so and
asks again; it neither dies nor believes it, and when the tool comes to its senses every task is there once and every answer is said once."""
import datetime
import json

from broker import Writer, check, equal, wait
from label_studio import LabelStudio
from stream import send_tasks
from winnowd import main, run

TIMES = 4  # nonsense of one kind is served so often
PAUSE_S = 1.6  # a pause after trouble that has grown; a line of the log that repeats is held back for a second


def each(**members):
    """The same members in every task of an answer."""
    def mangle(answer, text):
        if not isinstance(answer, dict) or not isinstance(answer.get("tasks"), list):
            return text
        return json.dumps({**answer, "tasks": [{**t, **members} for t in answer["tasks"]]}).encode()
    return mangle


def whole(value):
    return lambda answer, text: value if isinstance(value, bytes) else json.dumps(value).encode()


def member(**members):
    return lambda answer, text: json.dumps({**answer, **members}).encode() if isinstance(answer, dict) else text


def backwards(answer, text):
    tasks = answer.get("tasks") if isinstance(answer, dict) else None
    return json.dumps({**answer, "tasks": tasks[::-1]}).encode() if tasks else text


def longest_s(events):
    """The longest time between two of them."""
    at = [datetime.datetime.fromisoformat(e["ts"].replace("Z", "+00:00")).timestamp() for e in events]
    return max((b - a for a, b in zip(at, at[1:])), default=0)


ANNOTATION = {"id": 1, "result": [], "created_username": "x, 1", "was_cancelled": False, "updated_at": "2026-11-28T00:00:00.000000Z"}
NONSENSE = {
    "a page for people": whole(b"<html><body>It works!</body></html>"), "nothing": whole(b""), "a number": whole(5), "null": whole(None), "a list": whole([[], {}]),
    "half of it": lambda answer, text: text[:len(text) // 2], "too deep": whole(b"[" * 100000), "no UTF-8": whole(b'{"tasks": ["\xff\xfe"]}'),
    "more than is read": whole(b'{"tasks": "' + b"x" * (65 << 20) + b'"}'), "more values than are read": whole(b'{"tasks": [' + b"0," * (3 << 20) + b"0]}"),
    "tasks of no shape": member(tasks=[1, "a", None, [], {}, {"id": {}}], total=6), "no list of tasks": member(tasks={"id": 1}), "a total below zero": member(total=-1),
    "a total beyond all": member(total=1e300, queue_total=1e300), "words for numbers": member(total="3", queue_total="3", task_count="1", id="1"),
    "more tasks than a page": member(tasks=[{"id": n + 1, "data": {"id": "x"}, "annotations": [], "updated_at": "2026-11-28T00:00:00.000000Z"} for n in range(101)], total=101),
    "times of no shape": each(updated_at="soon"), "times before all": each(updated_at="1969-12-31T23:59:59.000000Z"), "times of another calendar": each(updated_at={"$date": 1}),
    "out of order": backwards, "data of no shape": each(data=[1]), "ids of no shape": each(data={"id": {"id": 1}}), "numbers below zero": each(id=-5),
    "annotations of no shape": each(annotations="none"), "annotations without members": each(annotations=[{}, None, 7]),
    "a result of no shape": each(annotations=[{**ANNOTATION, "result": {"choices": 1}, "updated_at": 7}, {**ANNOTATION, "id": "x"}]), "a time to come": each(meta={"expires_ms": -1}),
}


def test(stage):
    stage.create()
    sent, writer = [], Writer(stage.brokers)

    def send(n):
        return send_tasks(stage, writer, sent, n)

    def said(task_id):
        return [l for l in (json.loads(r.value) for r in stage.read("labels")) if l["id"] == task_id]

    with LabelStudio() as studio:
        (stage.dir / "token").write_text(studio.token)
        config = stage.config({"bridge": {"url": studio.url, "token_file": str(stage.dir / "token"), "batch": 5, "poll": "100ms", "timeout": "3s"}})
        equal(run("bridge", "-c", config, "setup").returncode, 0, "setup")
        bridge = stage.start_with(config, command="bridge")
        bridge.await_event("bridge_ready")
        first = send(3)
        wait("the first tasks", lambda: len(studio.counts()) == 3)
        studio.answer(first[0], "good")
        wait("an answer", lambda: said(first[0]))
        for name, mangle in NONSENSE.items():
            studio.mangle, before = mangle, studio.mangled
            send(2)
            wait("questions answered by " + name, lambda: studio.mangled >= before + TIMES)
            check(bridge.process.poll() is None, "%s ended the bridge", name)
            studio.mangle = None
            wait("all tasks after " + name, lambda: set(studio.counts()) == set(sent))
        begun = len(bridge.events)
        studio.token, right = "another", studio.token
        wait("longer pauses", lambda: longest_s(bridge.find("bridge_tool_refused", begun)) > PAUSE_S)
        studio.token = right
        studio.answer(first[1], "bad", who="x" * 5000)
        wait("all tasks", lambda: set(studio.counts()) == set(sent))
        equal({i: n for i, n in studio.counts().items() if n != 1}, {}, "tasks that are there more than once")
        wait("an answer after it all", lambda: said(first[1]))
        equal([l["annotator"] for l in said(first[1])], ["1"], "a name that is longer than a label takes")
        equal([l.get("label") for l in said(first[0])], ["good"], "what was said of the first one")
        bridge.stop()
        check(studio.token not in bridge.text and "It works!" not in bridge.text, "the log repeats what the tool says")


main(test)

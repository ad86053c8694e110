"""`winnowd bridge` that hears Label Studio's webhook: a hint to poll at once and nothing else, whatever is posted and how often. And an answer that
cannot be read: the others go on, it is named, and it becomes a dead letter."""
import json
import time
import urllib.error
import urllib.request

from broker import PATIENCE, Writer, check, equal, wait
from label_studio import LabelStudio
from stream import send_tasks
from winnowd import main, run

POSTS = 400
A_SECOND = 4   # polls by hints, at most


def post(port, body, token="webhook-token", path="/webhook"):
    """The status of a webhook."""
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path), method="POST", data=body, headers={"Authorization": "Bearer " + token})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def polls(studio):
    return sum(r == ("GET", "/api/tasks") for r in studio.requests)


def odd(task_id):
    """An annotation of that task comes in a shape that nobody knows."""
    def mangle(answer, text):
        if not isinstance(answer, dict) or not isinstance(answer.get("tasks"), list):
            return text
        tasks = [{**t, "annotations": [{**a, "result": {"choices": 1}} for a in t["annotations"]]} if t["data"]["id"] == task_id else t for t in answer["tasks"]]
        return json.dumps({**answer, "tasks": tasks}).encode()
    return mangle


def hinted(studio, port, sent, said):
    equal([post(port, b"", token="guess"), post(port, b"", path="/labels")], [401, 405], "without the token, and another page")
    studio.answer(sent[0], "good")
    event = {"action": "ANNOTATION_CREATED", "task": {"data": {"id": sent[1]}}, "annotation": {"result": [{"from_name": "label", "value": {"choices": ["bad"]}}]}}
    equal(post(port, json.dumps(event).encode()), 200, "a webhook")
    wait("the answer long before a poll", lambda: said(sent[0]) == ["good"])
    equal(said(sent[1]), [], "what only the webhook says")
    for n, body in enumerate((b"", b"no JSON", b"\x00" * 1000, b"[" * 100000)):
        studio.answer(sent[2 + n], "bad")
        equal(post(port, body), 200, "nonsense that is %d bytes long" % len(body))
        wait("an answer after it", lambda: said(sent[2 + n]) == ["bad"])
    before, begun = polls(studio), time.monotonic()
    for _ in range(POSTS):
        post(port, b"{}")
    took_s, polled = time.monotonic() - begun, polls(studio) - before
    check(polled <= 2 + A_SECOND * took_s, "%d webhooks in %.1f s made it poll %d times", POSTS, took_s, polled)


def passed_over(stage, config, bridge, studio, port, sent, said):
    studio.answer(sent[10], "bad")
    studio.answer(sent[11], "good")
    studio.mangle = odd(sent[10])
    post(port, b"")
    wait("the answer beside it", lambda: said(sent[11]) == ["good"])
    equal(bridge.await_event("bridge_unreadable")["id"], sent[10], "what is unreadable")
    letter, = wait("its dead letter", lambda: stage.read("dead_letters"))
    event = bridge.await_event("bridge_passed_over")
    number = next(t["id"] for t in studio.tasks.values() if t["data"]["id"] == sent[10])
    equal((event["id"], int(event["task"])), (sent[10], number), "what is passed over")
    equal(letter.headers["__connect.errors.exception.class.name"], b"bridge_unreadable", "its reason")
    check(b"task %d " % number in letter.headers["__connect.errors.exception.message"], "it names no task: %s", letter.headers)
    equal(json.loads(letter.value)["data"]["id"], sent[10], "its task")
    studio.answer(sent[12], "bad")
    post(port, b"")
    wait("an answer behind it", lambda: said(sent[12]) == ["bad"])
    equal((said(sent[10]), len(stage.read("dead_letters"))), ([], 1), "what is said of it, and how often")
    done = run("dead-letters", "-c", config, "retry", "--all")
    check("would be a dead letter again" in done.stdout + done.stderr, "retry: %s", done.stdout + done.stderr)
    studio.mangle = None
    studio.answer(sent[10], "good")
    post(port, b"")
    wait("its answer when it is given anew", lambda: said(sent[10]) == ["good"])


def test(stage):
    stage.create()
    sent, writer = [], Writer(stage.brokers)

    def said(task_id):
        return [l.get("label") for l in (json.loads(r.value) for r in stage.read("labels")) if l["id"] == task_id]

    with LabelStudio() as studio:
        (stage.dir / "token").write_text(studio.token)
        (stage.dir / "webhook").write_text("webhook-token\n")
        settings = {"url": studio.url, "token_file": str(stage.dir / "token"), "poll": "1h", "listen": "127.0.0.1:0"}
        done = run("bridge", "-c", stage.config({"bridge": settings}, "no-token.yaml"))
        check(done.returncode == 78 and "bridge.listen_token_file is missing" in done.stderr, "a webhook without a token: %s", done.stderr)
        config = stage.config({"bridge": {**settings, "listen_token_file": str(stage.dir / "webhook")}})
        equal(run("bridge", "-c", config, "setup").returncode, 0, "setup")
        bridge = stage.start_with(config, command="bridge")
        bridge.await_event("bridge_ready")
        port = int(bridge.await_event("bridge_listening")["port"])
        send_tasks(stage, writer, sent, 20)
        wait("the tasks", lambda: set(studio.counts()) == set(sent))
        hinted(studio, port, sent, said)
        passed_over(stage, config, bridge, studio, port, sent, said)
        studio.token, right = "another", studio.token  # a tool in trouble is not asked more often because it hints
        wait("trouble", lambda: post(port, b"") and bridge.find("bridge_tool_refused"))
        before, begun = len(studio.requests), time.monotonic()
        while time.monotonic() - begun < 5:
            post(port, b"")
        check(len(studio.requests) - before < 40, "%d requests to a tool in trouble", len(studio.requests) - before)
        studio.token = right
        bridge.stop()
        check("webhook-token" not in bridge.text, "the token is in the log")


main(test)

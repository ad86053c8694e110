"""`winnowd bridge` with `tool: http`: every task reaches a receiver that knows nothing of winnowd, once by its Idempotency-Key whatever the
receiver answers and wherever the bridge is killed; answers are taken by POST, and 200 means that they are on the topic."""
import json
import threading
import time
import urllib.error
import urllib.request

from broker import PATIENCE, Writer, check, equal, wait
from stand_in import Quiet, StandIn
from stream import send_tasks
from winnowd import main, run

KILLS = 4
# Answers as a case tool has them: its own id, and words of ours that mean something else.
MAPPING = {"id": "/case/task", "label": "/outcome", "values": ["chargeback=bad", "refund=good", "open=skipped"], "time": "/closed", "time_unit": "s", "annotator": "/by/name"}


class Receiver(StandIn):
    """A case tool of twenty lines: one case an Idempotency-Key."""

    def __init__(self):
        receiver, self.cases, self.requests, self.answers, self.lock = self, {}, [], [], threading.Lock()

        class Handler(Quiet):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with receiver.lock:
                    status = receiver.answers.pop(0) if receiver.answers else 201
                    receiver.requests.append((self.path, dict(self.headers), status))
                    if record["meta"]["id"] == receiver.refuses:
                        status = 422
                    if status == 201:
                        receiver.cases.setdefault(self.headers["Idempotency-Key"], record)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                if status == 429:
                    self.send_header("Retry-After", "1")
                self.end_headers()

        self.refuses = None
        self.serve(Handler)


def post(port, token, body):
    """(status, text) of answers by POST."""
    request = urllib.request.Request("http://127.0.0.1:%d/labels" % port, method="POST", data=body.encode(),
                                     headers={"Authorization": "Bearer " + token})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def refused(stage):
    """A template with a place that no task fills is named with its line."""
    for settings, word in (({"path": "/cases/{nothing}"}, "bridge.path"), ({"headers": {"X-Case": "{id"}}, "bridge.headers"),
                           ({"headers": {"X Case": "1"}}, "a key must have"), ({"path": "/{token}"}, "belongs into a header"),
                           ({"url": "http://user:secret@host"}, "holds an '@'")):
        done = run("check", "-c", stage.config({"bridge": {"tool": "http", **settings}}, "refused.yaml"))
        check(done.returncode == 78 and word in done.stderr + done.stdout, "%s: %s %s", settings, done.returncode, done.stderr)
    done = run("bridge", "-c", stage.config({"bridge": {"tool": "http", "url": "http://127.0.0.1:1", "listen": "127.0.0.1:0"}}, "refused.yaml"))
    check(done.returncode == 78 and "bridge.listen_token_file is missing" in done.stderr, "no token for answers: %s", done.stderr)


def mapped(config, port, said, sent):
    """Answers in the tool's own shape by POST: on the topic in ours, and learned as they were meant."""
    closed = int(time.time()) - 60
    answers = [{"id": 991, "case": {"task": sent[20 + n]}, "outcome": outcome, "closed": closed + n, "by": {"name": "eva"}}
               for n, outcome in enumerate(("chargeback", "refund", "open"))]
    equal(post(port, "from-the-tool", "\n".join(map(json.dumps, answers))), (200, "3 taken\n"), "answers in their shape")
    equal([(said()[i].get("label"), said()[i]["outcome"], said()[i]["time"], said()[i]["annotator"]) for i in sent[20:23]],
          [("bad", "labelled", closed * 1000, "eva"), ("good", "labelled", (closed + 1) * 1000, "eva"), (None, "skipped", (closed + 2) * 1000, "eva")], "in ours")
    status, text = post(port, "from-the-tool", json.dumps({"case": {"task": sent[23]}, "outcome": "lost"}))
    check(status == 400 and "none of model.classes" in text, "an outcome that is no class: %s %s", status, text)
    shown = [json.loads(run("tasks", "-c", config, "show", i, "--json").stdout) for i in sent[20:23]]
    equal([(s["state"], s["answers"][0]["answer"], s["answers"][0]["time_ms"]) for s in shown],
          [("answered", "bad", closed * 1000), ("answered", "good", (closed + 1) * 1000), ("skipped", "skipped", (closed + 2) * 1000)], "as they are joined")


def test(stage):
    stage.create()
    receiver, sent, writer = Receiver(), [], Writer(stage.brokers)
    (stage.dir / "token").write_text("to-the-tool\n")
    (stage.dir / "answers").write_text("from-the-tool\n")
    refused(stage)
    settings = {"tool": "http", "url": receiver.url, "path": "/queues/a b/cases/{id}".replace(" ", "-"),
                "headers": {"X-Reason": "{reason} {priority}", "X-Secret": "s3cret"}, "token_file": str(stage.dir / "token"),
                "listen": "127.0.0.1:0", "listen_token_file": str(stage.dir / "answers"), "batch": 20, "timeout": "2s"}
    config = stage.config({"bridge": settings, "labels": MAPPING})
    shown = run("check", "-c", config)
    check("s3cret" not in shown.stdout + shown.stderr, "a header's value is shown: %s", shown.stdout)

    def send(n):
        return send_tasks(stage, writer, sent, n)

    def arrived(what, besides=()):
        wait(what, lambda: set(receiver.cases) >= set(sent) - set(besides))
        equal(set(receiver.cases) - set(sent), set(), "cases of nobody, " + what)

    bridge = stage.start_with(config, command="bridge")
    bridge.await_event("bridge_ready")
    first = send(30)[0]
    arrived("the first tasks")
    path, headers, _ = next(r for r in receiver.requests if r[0].endswith(first))  # partitions have no order
    equal((path, headers["Authorization"], headers["X-Reason"]), ("/queues/a-b/cases/" + first, "Bearer to-the-tool", "random 0.5"), "a request")
    equal(len(receiver.requests), 30, "requests without trouble")
    for status in (429, 503, 401):
        receiver.answers.append(status)
        send(10)
        arrived("tasks after %d" % status)
    receiver.answers.append(409)
    send(10)
    has, = wait("a task that the tool has", lambda: [path.rsplit("/", 1)[1] for path, _, status in receiver.requests if status == 409])
    arrived("the others", besides=[has])
    check(has not in receiver.cases, "a task that the tool has was sent again")
    receiver.cases[has] = None
    receiver.refuses = "01a2025d-5200-7000-8000-%012x" % (len(sent) + 3)
    bad = send(8)[3]
    arrived("the others", besides=[bad])
    letter, = wait("the refused task's dead letter", lambda: stage.read("dead_letters"))
    equal(json.loads(letter.value)["meta"]["id"], bad, "its task")
    receiver.cases[bad], receiver.refuses = None, None

    def said():
        return {l["id"]: l for l in (json.loads(r.value) for r in stage.read("labels"))}

    port = int(bridge.await_event("bridge_listening")["port"])
    equal(post(port, "guess", json.dumps({"id": first, "label": "good"}))[0], 401, "a wrong token")
    status, text = post(port, "from-the-tool", json.dumps({"id": first, "label": "good", "annotator": "ann", "confidence": 0.75}, indent=1))
    equal((status, text), (200, "1 taken\n"), "one answer")
    equal([said()[first][m] for m in ("label", "annotator", "confidence", "source")], ["good", "ann", 0.75, "http"], "the answer")
    lines = "\n".join(json.dumps({"id": i, "label": "bad", "source": "desk"}) for i in sent[1:4])
    equal(post(port, "from-the-tool", lines), (200, "3 taken\n"), "one a line")
    equal({said()[i]["source"] for i in sent[1:4]}, {"desk"}, "their source")
    for body, why in ((lines + '\n{"id": "%s", "label": "ugly"}' % sent[5], "line 4: the label is none of model.classes"),
                      ('{"label": "good"}', "it names neither"), ("no JSON", "is not one JSON object"), ("", "")):
        status, text = post(port, "from-the-tool", body)
        check(status == 400 and why in text, "%r: %s %s", body[-60:], status, text)
    equal(len(said()), 4, "labels")
    mapped(config, port, said, sent)

    for n in range(KILLS):
        send(25)
        time.sleep(stage.random.random() * 0.4)
        bridge.kill()
        bridge = stage.start_with(config, command="bridge")
    arrived("tasks around kills")
    check(bridge.await_event("bridge_ready") and not bridge.find("bridge_unfit"), "fit")
    bridge.stop()
    log = "".join(d.text for d in stage.daemons)
    check("to-the-tool" not in log and "from-the-tool" not in log and "s3cret" not in log, "a secret is in the log")


main(test)

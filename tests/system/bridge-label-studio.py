"""`winnowd bridge` and a real Label Studio (scripts/label-studio): set-up, tasks once each around kills of both, an answer, an edit, a
skip and a deletion back. Skipped where Label Studio is not installed (scripts/label-studio fetch): it is 1 GB."""
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request

import broker
from broker import Writer, check, equal, wait
from stream import task
from winnowd import main, run

SCRIPT = str(broker.ROOT / "scripts" / "label-studio")
KILLS = int(os.environ.get("BRIDGE_KILLS", "3"))
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))


class Project:
    """What the test asks of Label Studio itself."""

    def __init__(self, url, token):
        self.url, self.token = url, token

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=json.dumps(body).encode() if body is not None else None,
                                         headers={"Authorization": "Token " + self.token, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def tasks(self):
        """{task id: [Label Studio's numbers]}."""
        out, page, total = {}, 1, 1
        while page <= (total + 199) // 200:
            got = self.call("GET", "/api/tasks?project=1&page_size=200&page=%d" % page)
            total, page = got["total"], page + 1
            for t in got["tasks"]:
                out.setdefault(t["data"]["id"], []).append(t["id"])
        return out

    def annotate(self, number, choice):
        """A person answers, or skips (None); the annotation's number."""
        result = [{"from_name": "label", "to_name": "event", "type": "choices", "value": {"choices": [choice]}}] if choice else []
        return self.call("POST", "/api/tasks/%d/annotations/" % number, {"result": result, "was_cancelled": choice is None})["id"]


def test(stage):
    stage.create()
    home = stage.dir / "label-studio"
    url = subprocess.run([SCRIPT, "start", str(home)], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    try:
        carry(stage, home, url)
    finally:
        subprocess.run([SCRIPT, "stop", str(home)], check=True)


def carry(stage, home, url):
    project = Project(url, (home / "token").read_text())
    config = stage.config({"bridge": {"url": url, "token_file": str(home / "token"), "batch": 50, "open_tasks": 100000, "poll": "200ms", "timeout": "5s"}})
    done = run("bridge", "-c", config, "setup")
    equal((done.returncode, done.stdout), (0, url + "/projects/1/data\n"), "setup: " + done.stderr)
    sent, writer = [], Writer(stage.brokers)

    def send(n):
        for _ in range(n):
            task_id, record = task(len(sent))
            sent.append(task_id)
            writer.send(stage.topic("tasks"), record, key=task_id.encode())
        writer.flush()

    def said(task_id):
        return [l.get("label", l["outcome"]) for l in (json.loads(r.value) for r in stage.read("labels")) if l["id"] == task_id]

    bridge = stage.start_with(config, command="bridge")
    bridge.await_event("bridge_ready")
    send(20)
    wait("the first tasks", lambda: len(project.tasks()) == 20, 60)
    one, two, three = (project.tasks()[i][0] for i in sent[:3])
    first = project.annotate(one, "good")
    project.annotate(two, None)
    gone = project.annotate(three, "bad")
    wait("answers", lambda: (said(sent[0]), said(sent[1]), said(sent[2])) == (["good"], ["skipped"], ["bad"]))
    project.call("PATCH", "/api/annotations/%d/" % first, {"result": [{"from_name": "label", "to_name": "event", "type": "choices", "value": {"choices": ["bad"]}}]})
    project.call("DELETE", "/api/annotations/%d/" % gone)
    wait("an edit and a deletion", lambda: (said(sent[0]), said(sent[2])) == (["good", "bad"], ["bad", "skipped"]))
    for n in range(KILLS):
        send(120)
        time.sleep(stage.random.random() * 1.5)
        bridge.kill()
        if n % 3 == 1:
            subprocess.run([SCRIPT, "kill", str(home)], check=True)
            subprocess.run([SCRIPT, "resume", str(home)], check=True, stdout=subprocess.DEVNULL)
        bridge = stage.start_with(config, command="bridge")
    wait("all tasks", lambda: set(project.tasks()) == set(sent), 120)
    equal({i: n for i, n in project.tasks().items() if len(n) != 1}, {}, "tasks that are there more than once")
    equal((said(sent[0]), said(sent[1])), (["good", "bad"], ["skipped"]), "answers around kills")
    bridge.await_event("bridge_ready")
    bridge.stop()
    check(not stage.read("dead_letters"), "tasks were refused")


if not list((CACHE / "winnowd").glob("label-studio-*/.ready-*")):
    print("skipped: scripts/label-studio fetch installs Label Studio")
    sys.exit(77)
main(test)

"""`winnowd bridge` and a real Label Studio (scripts/label-studio): set-up, tasks once each around kills of both, an answer, an edit, a
skip and a deletion back, by polling and by its webhook. Skipped where Label Studio is not installed (scripts/label-studio fetch): it is 1 GB."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import broker
from broker import Writer, check, equal, wait
from label_studio_real import Project, installed
from stream import send_tasks
from winnowd import main, run

SCRIPT = str(broker.ROOT / "scripts" / "label-studio")
KILLS = int(os.environ.get("BRIDGE_KILLS", "3"))
TASKS = int(os.environ.get("BRIDGE_TASKS", "60"))  # before each of them
LIFE_S = float(os.environ.get("BRIDGE_LIFE", "3"))  # that a bridge lives at most
RUNNING = os.environ.get("BRIDGE_LABEL_STUDIO")  # DIR of one that was started by hand: for long runs in parts
RESTARTS = int(os.environ.get("BRIDGE_RESTARTS", "3"))  # with each of so many kills Label Studio is killed, too; it starts slowly


def test(stage):
    stage.create()
    home = pathlib.Path(RUNNING or stage.dir / "label-studio")
    url = subprocess.run([SCRIPT, "url" if RUNNING else "start", str(home)], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    try:
        carry(stage, home, url)
    finally:
        if not RUNNING:
            subprocess.run([SCRIPT, "stop", str(home)], check=True)


def touched_and_not(stage, project, config, sent, send):
    """Two people answer one task; a choice that is no class is taken away; what has expired leaves, but for what somebody began or skipped."""
    done = run("bridge", "-c", config, "setup")
    equal(done.returncode, 0, "setup for two: " + done.stderr)
    equal(project.call("GET", "/api/projects/%d/" % project.number)["maximum_annotations"], 2, "people who may answer a task")
    bridge = stage.start_with(config, command="bridge")
    bridge.await_event("bridge_ready")
    send(5)
    wait("five more tasks", lambda: project.count() == len(sent))
    ids = sent[-5:]
    number = [project.tasks()[i][0] for i in ids]

    def said(task_id):
        return [(l.get("label"), l.get("confidence", 1)) for l in (json.loads(r.value) for r in stage.read("labels")) if l["id"] == task_id]

    project.annotate(number[0], "good")
    wait("one answer", lambda: said(ids[0]) == [("good", 1)])
    project.annotate(number[0], "bad", who=project.second())
    wait("both answers", lambda: said(ids[0])[-2:] == [("good", 0.5), ("bad", 0.5)])
    project.annotate(number[1], "ugly")
    bridge.await_event("bridge_unknown_class")
    wait("the task to wait again", lambda: not project.call("GET", "/api/tasks/%d/" % number[1])["annotations"])
    equal(said(ids[1]), [], "what is said of it")
    bridge.stop()
    for n in number[2:]:
        project.call("PATCH", "/api/tasks/%d/" % n, {"meta": {"expires_ms": 1}})
    project.call("POST", "/api/tasks/%d/drafts" % number[2], {"result": []})
    project.annotate(number[3], None)
    project.call("POST", "/api/projects/%d/import" % project.number, [project.call("GET", "/api/tasks/%d/" % number[1])["data"]])
    bridge = stage.start_with(config, command="bridge")
    wait("what nobody touched to leave", lambda: [len(project.tasks().get(i, [])) for i in ids] == [1, 1, 1, 1, 0])
    equal([project.tasks()[i][0] for i in ids[:4]], number[:4], "the tasks that stay")
    bridge.stop()
    sent.remove(ids[4])


def webhook(stage, project, settings, sent, send):
    """Label Studio's own webhook makes the bridge poll: answers come back long before the next poll is due."""
    (stage.dir / "webhook").write_text("webhook-token")
    config = stage.config({"bridge": {**settings, "poll": "10m", "listen": "127.0.0.1:0", "listen_token_file": str(stage.dir / "webhook")}}, "webhook.yaml")
    bridge = stage.start_with(config, command="bridge")
    bridge.await_event("bridge_ready")
    port = int(bridge.await_event("bridge_listening")["port"])
    actions = ["ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED"]
    hook = project.call("POST", "/api/webhooks/", {"project": project.number, "url": "http://127.0.0.1:%d/webhook" % port, "send_payload": True, "send_for_all_actions": False,
                                                   "actions": actions, "headers": {"Authorization": "Bearer webhook-token"}, "is_active": True})
    ids = send(2)
    wait("two more tasks", lambda: all(i in project.tasks() for i in ids))

    def said():
        return [l.get("label", l["outcome"]) for l in (json.loads(r.value) for r in stage.read("labels")) if l["id"] == ids[0]]

    made = project.annotate(project.tasks()[ids[0]][0], "good")
    wait("an answer by the webhook", lambda: said() == ["good"])
    project.call("DELETE", "/api/annotations/%d/" % made)
    wait("a deletion by the webhook", lambda: said() == ["good", "skipped"])
    project.call("DELETE", "/api/webhooks/%d/" % hook["id"])
    bridge.stop()


def carry(stage, home, url):
    settings = {"url": url, "token_file": str(home / "token"), "batch": 50, "open_tasks": 100000, "poll": "200ms", "timeout": "5s"}
    config = stage.config({"bridge": settings})
    done = run("bridge", "-c", config, "setup")
    address = re.fullmatch(re.escape(url) + r"/projects/(\d+)/data\n", done.stdout)
    check(done.returncode == 0 and address, "setup: %s %s", done.stdout, done.stderr)
    project = Project(url, (home / "token").read_text(), int(address.group(1)))
    sent, writer = [], Writer(stage.brokers)

    def send(n):
        return send_tasks(stage, writer, sent, n)

    def said(task_id):
        return [l.get("label", l["outcome"]) for l in (json.loads(r.value) for r in stage.read("labels")) if l["id"] == task_id]

    bridge = stage.start_with(config, command="bridge")
    bridge.await_event("bridge_ready")
    send(20)
    wait("the first tasks", lambda: project.count() == 20)
    one, two, three = (project.tasks()[i][0] for i in sent[:3])
    first = project.annotate(one, "good")
    project.annotate(two, None)
    gone = project.annotate(three, "bad")
    wait("answers", lambda: (said(sent[0]), said(sent[1]), said(sent[2])) == (["good"], ["skipped"], ["bad"]))
    project.call("PATCH", "/api/annotations/%d/" % first, {"result": [{"from_name": "label", "to_name": "event", "type": "choices", "value": {"choices": ["bad"]}}]})
    project.call("DELETE", "/api/annotations/%d/" % gone)
    wait("an edit and a deletion", lambda: (said(sent[0]), said(sent[2])) == (["good", "bad"], ["bad", "skipped"]))
    for n in range(KILLS):
        send(TASKS)
        time.sleep(stage.random.random() * LIFE_S)
        bridge.kill()
        if n % RESTARTS == 1:
            subprocess.run([SCRIPT, "kill", str(home)], check=True)
            subprocess.run([SCRIPT, "resume", str(home)], check=True, stdout=subprocess.DEVNULL)
        bridge = stage.start_with(config, command="bridge")
    wait("all tasks", lambda: project.count() >= len(sent), 600)
    there = project.tasks()
    equal({i: n for i, n in there.items() if len(n) != 1}, {}, "tasks that are there more than once")
    equal(set(there), set(sent), "tasks")
    print("%d kills, %d of Label Studio: %d tasks sent, %d there, %d more than once" %
          (KILLS, len(range(1, KILLS, RESTARTS)), len(sent), len(there), sum(len(n) > 1 for n in there.values())))
    equal((said(sent[0]), said(sent[1])), (["good", "bad"], ["skipped"]), "answers around kills")
    bridge.await_event("bridge_ready")
    bridge.stop()
    several = stage.config({"bridge": {**settings, "opinions": 2}}, "several.yaml")
    webhook(stage, project, settings, sent, send)
    touched_and_not(stage, project, several, sent, send)
    check(not stage.read("dead_letters"), "tasks were refused")


if not installed():
    print("skipped: scripts/label-studio fetch installs Label Studio")
    sys.exit(77)
main(test)

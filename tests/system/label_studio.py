"""A stand-in for Label Studio: the calls that the bridge makes, answered as 1.23.2 answers them, and what a real one does at bad
moments: it refuses, is busy, loses its answer, is slow, is restarted.

    with LabelStudio() as studio:
        studio.token                      # what it takes
        studio.answer(task_id, "good")    # a person answers, or edits; delete(); begin(): a draft that is not sent
        studio.trouble.append(503)        # the next import is answered so; also "cut" (done, no answer), "slow" (done after a while)
        studio.counts()                   # {task id: how often it is there}
        studio.mangle = lambda answer, text: b"[" * 9  # what is sent instead of each good answer
"""
import datetime
import json
import threading
import time
import urllib.parse

from stand_in import Quiet, StandIn

MEMBERS = ("id", "data", "meta", "annotations", "updated_at")


def stamp(us):
    """Microseconds since 1970 as Label Studio writes them."""
    return datetime.datetime.fromtimestamp(us // 1000000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + "%06dZ" % (us % 1000000)


class LabelStudio(StandIn):
    """The server and what it holds: projects and tasks by number."""

    def __init__(self):
        self.token, self.lock, self.trouble, self.requests = "legacy-token", threading.RLock(), [], []
        self.projects, self.tasks, self.refuses, self.clock, self.access = {}, {}, None, 0, set()
        self.mangle, self.mangled = None, 0

    def __enter__(self):
        studio = self

        class Handler(Quiet):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                studio.handle(self, self.command, self.path, json.loads(body) if body else None)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any

        return self.serve(Handler)

    def now_us(self):
        """A clock that never stands."""
        self.clock = max(self.clock + 1, time.time_ns() // 1000)
        return self.clock

    # ---- what people do ----

    def of(self, task_id):
        """The task with that id; the first of several."""
        with self.lock:
            return next(t for t in self.tasks.values() if t["data"]["id"] == task_id)

    def answer(self, task_id, choice, who="ann@example.com", skipped=False):
        """Somebody answers, and again: an edit."""
        with self.lock:
            task, now = self.of(task_id), self.now_us()
            result = [] if skipped else [{"from_name": "label", "to_name": "event", "type": "choices", "value": {"choices": [choice]}}]
            kept = [a for a in task["annotations"] if a["created_username"] != " %s, 1" % who]
            task["annotations"] = kept + [{"id": now, "result": result, "created_username": " %s, 1" % who, "completed_by": 1,
                                           "was_cancelled": skipped, "updated_at": stamp(now)}]
            task["us"] = now

    def begin(self, task_id):
        """Somebody has a draft."""
        with self.lock:
            self.of(task_id)["draft_exists"] = True

    def copy(self, task_id):
        """Somebody imports a task by hand that is there already."""
        with self.lock:
            number = max(self.tasks) + 1
            self.tasks[number] = {**self.of(task_id), "id": number, "annotations": [], "draft_exists": False, "us": self.now_us()}

    def delete(self, task_id):
        """All annotations of a task are deleted."""
        with self.lock:
            task = self.of(task_id)
            task["annotations"], task["us"] = [], self.now_us()

    def counts(self):
        with self.lock:
            out = {}
            for task in self.tasks.values():
                out[task["data"]["id"]] = out.get(task["data"]["id"], 0) + 1
            return out

    # ---- HTTP ----

    def handle(self, h, method, path, body):
        url = urllib.parse.urlsplit(path)
        arguments = dict(urllib.parse.parse_qsl(url.query))
        with self.lock:
            self.requests.append((method, url.path))
        if url.path == "/api/token/refresh":
            with self.lock:
                access = "access-%d" % self.now_us()
                self.access = {access}
            return self.say(h, 200, {"access": access}) if body == {"refresh": self.token} else self.say(h, 401, {"detail": "no"})
        given = h.headers.get("Authorization", "")
        if given != "Token " + self.token and given.removeprefix("Bearer ") not in self.access:
            return self.say(h, 401, {"id": "5c251aaa", "status_code": 401, "detail": "Invalid token."})
        if method == "POST" and url.path.endswith("/import"):
            return self.take_import(h, body)
        with self.lock:
            status, answer = self.look(method, url.path, arguments, body)
        return self.say(h, status, answer)

    def say(self, h, status, answer, **headers):
        text = json.dumps(answer).encode() if answer is not None else b""
        if self.mangle and status < 300:
            text, self.mangled = self.mangle(answer, text), self.mangled + 1
        h.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
            h.send_header(name.replace("_", "-"), value)
        h.end_headers()
        h.wfile.write(text)

    def look(self, method, path, arguments, body):
        if path == "/api/projects/" and method == "POST":
            number = len(self.projects) + 1
            classes = [part.split('"')[0] for part in body["label_config"].split('<Choice value="')[1:]]
            parsed = {"label": {"type": "Choices", "to_name": ["event"], "labels": classes}}
            self.projects[number] = {"id": number, "title": body["title"], "parsed_label_config": parsed,
                                     "maximum_annotations": body["maximum_annotations"]}
            return 201, self.projects[number]
        if path == "/api/dm/views/":
            return 201, {"id": 1}
        if path == "/api/dm/actions":
            for number in body["selectedItems"]["included"]:
                self.tasks.pop(number, None)
            return 200, {"processed_items": len(body["selectedItems"]["included"])}
        if path.startswith("/api/annotations/"):
            return self.remove_annotation(int(path.split("/")[3]))
        if path == "/api/projects/":
            return 200, {"next": None, "results": list(self.projects.values())}
        if path == "/api/tasks":
            return self.look_at_tasks(arguments)
        project = self.projects.get(int(path.split("/")[3]))
        if not project:
            return 404, {"detail": "Not found."}
        if method == "PATCH":
            project.update(body)
        return 200, {**project, "queue_total": len(self.tasks), "queue_done": sum(bool(t["annotations"]) for t in self.tasks.values())}

    def remove_annotation(self, number):
        for task in self.tasks.values():
            kept = [a for a in task["annotations"] if a["id"] != number]
            if len(kept) < len(task["annotations"]):
                task["annotations"], task["us"] = kept, self.now_us()
                return 204, None
        return 404, {"detail": "No Annotation matches the given query."}

    def look_at_tasks(self, arguments):
        query = json.loads(arguments["query"])
        found = sorted(self.tasks.values(), key=lambda t: t["id"])
        for item in query["filters"]["items"]:
            what, wanted = item["filter"].removeprefix("filter:tasks:"), item["value"]
            if what == "updated_at" and "." not in wanted:
                return 500, {"detail": "a time without a fraction"}
            value = {"data.id": lambda t: t["data"]["id"], "id": lambda t: t["id"], "updated_at": lambda t: stamp(t["us"]),
                     "total_annotations": lambda t: sum(not a["was_cancelled"] for a in t["annotations"]),
                     "cancelled_annotations": lambda t: sum(a["was_cancelled"] for a in t["annotations"]),
                     "draft_exists": lambda t: t.get("draft_exists", False)}[what]
            holds = {"in_list": lambda v: v in wanted, "greater": lambda v: v > wanted, "equal": lambda v: v == wanted}[item["operator"]]
            found = [t for t in found if holds(value(t))]
        if query.get("ordering") == ["tasks:updated_at"]:
            found.sort(key=lambda t: t["us"])
        page, size = int(arguments["page"]), int(arguments["page_size"])
        part = found[(page - 1) * size:page * size]
        if page > 1 and not part:
            return 404, {"detail": "Invalid page."}
        return 200, {"total": len(found), "tasks": [{**{m: t[m] for m in MEMBERS if m in t}, "updated_at": stamp(t["us"])} for t in part]}

    def take_import(self, h, body):
        with self.lock:
            trouble = self.trouble.pop(0) if self.trouble else None
        if trouble == 401:
            self.access = set()
            return self.say(h, 401, {"detail": "expired"})
        if trouble == 429:
            return self.say(h, 429, {"detail": "slow down"}, Retry_After="1")
        if isinstance(trouble, int):
            return self.say(h, trouble, {"detail": "in trouble"})
        if any(t["data"]["event"] is None or t["data"]["id"] == self.refuses for t in body):
            return self.say(h, 400, {"id": "f087c1cc", "status_code": 400, "detail": "Validation error", "validation_errors": [body]})
        if trouble == "slow":
            time.sleep(3.3)  # longer than the bridge waits; done all the same
        with self.lock:
            for task in body:
                number = max(self.tasks, default=0) + 1
                self.tasks[number] = {**task, "id": number, "annotations": [], "us": self.now_us()}
        if trouble in ("cut", "slow"):
            h.close_connection = True
            return h.connection.shutdown(2)
        return self.say(h, 201, {"task_count": len(body), "task_ids": []})

"""A real Label Studio (scripts/label-studio): what a test asks of it itself."""
import json
import subprocess
import urllib.request

from broker import PATIENCE, ROOT


def installed():
    """Whether it was fetched and runs here: it is 1 GB, so it is nobody's set-up."""
    return subprocess.run([ROOT / "scripts" / "label-studio", "fetched"]).returncode == 0


class Project:
    """What the test asks of Label Studio itself."""

    def __init__(self, url, token, number=1):
        self.url, self.token, self.number = url, token, number

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, method=method, data=json.dumps(body).encode() if body is not None else None,
                                         headers={"Authorization": "Token " + self.token, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def tasks(self):
        """{task id: [Label Studio's numbers]}."""
        out, page, total = {}, 1, 1
        while page <= (total + 199) // 200:
            got = self.call("GET", "/api/tasks?project=%d&page_size=200&page=%d" % (self.number, page))
            total, page = got["total"], page + 1
            for t in got["tasks"]:
                out.setdefault(t["data"]["id"], []).append(t["id"])
        return out

    def count(self):
        """How many tasks there are, cheaply."""
        return self.call("GET", "/api/tasks?project=%d&page_size=1&page=1" % self.number)["total"]

    def second(self):
        """The number of a second person, who is made."""
        token = self.call("GET", "/api/users/")
        if len(token) == 1:
            self.call("POST", "/api/users/", {"email": "second@example.com", "username": "second@example.com", "password": "not-for-people-1"})
        return self.call("GET", "/api/users/")[-1]["id"]

    def annotate(self, number, choice, who=None):
        """A person answers, or skips (None); the annotation's number."""
        result = [{"from_name": "label", "to_name": "event", "type": "choices", "value": {"choices": [choice]}}] if choice else []
        body = {"result": result, "was_cancelled": choice is None, **({"completed_by": who} if who else {})}
        return self.call("POST", "/api/tasks/%d/annotations/" % number, body)["id"]

"""I11: while the broker hangs the label page takes answers at once, so many and no more, and says that they wait; when it is back each of them is on the
labels topic. More open tasks than are held in memory are offered all the same."""
import json
import urllib.error
import urllib.request

import broker
from broker import PATIENCE, check, equal, wait
from stream import feed
from winnowd import main

TOKEN, SLIPS, HELD = "let-me-label", 256, 1000


def post(daemon, path, body):
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (daemon.port(), path), method="POST", headers={"Authorization": "Bearer " + TOKEN}, data=json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def offered(daemon, session="s"):
    return post(daemon, "/label/next", {"session": session})[1]


def answer_next(daemon):
    """(status, task id) of answering what is offered next."""
    task = wait("a task is offered", lambda: offered(daemon)["task"])
    return post(daemon, "/label/answer", {"id": task["id"], "outcome": "labelled", "label": "good", "annotator": "ann"})[0], task["id"]


def until_refused(daemon):
    """The ids that were taken before an answer was refused."""
    taken = set()
    while len(taken) <= 2 * SLIPS:
        status, task = answer_next(daemon)
        if status != 202:
            equal(status, 503, "the answer after %d" % len(taken))
            return taken
        taken.add(task)
    check(False, "%d answers were taken with no broker", len(taken))


def test(stage):
    stage.create()
    token = stage.dir / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    daemon = stage.start({"budget": {"rate": 0.9, "random_share": 1, "burst": 5000}, "watch": {"label": True, "token_file": str(token)}}).ready()
    feed(stage, 1600)
    stage.caught_up()
    tasks = {t["id"] for t in stage.tasks()}
    check(len(tasks) > HELD + SLIPS, "only %d tasks", len(tasks))
    wait("the page has as many as it holds", lambda: (now := offered(daemon))["waiting"] == HELD and now["more"])

    broker.script("pause", broker.DIR)
    taken = until_refused(daemon)
    equal(len(taken), SLIPS, "answers that were taken while the broker hangs")
    equal(offered(daemon)["unconfirmed"], SLIPS, "what the page says of them")
    broker.script("continue", broker.DIR)
    wait("they have arrived", lambda: offered(daemon)["unconfirmed"] == 0)

    while len(taken) < len(tasks):  # what did not fit is read again when the rest is done
        status, task = answer_next(daemon)
        check(status in (202, 503), "an answer: %s", status)
        if status == 202:
            taken.add(task)
    wait("all have arrived", lambda: offered(daemon)["unconfirmed"] == 0)
    equal(taken, tasks, "tasks that were offered")
    equal({one["id"] for one in map(lambda r: json.loads(r.value), stage.read("labels"))}, tasks, "tasks that have a label")
    wait("the learner has them", lambda: daemon.metric("labelled_rows") == len(tasks))
    daemon.stop()


main(test)

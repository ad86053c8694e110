"""The label page in a real browser: refuses without the token, shows a task, takes answers by key and by button, skips, takes back; the labels topic says
just that and the learner learns it. By keyboard alone, in light and dark, on a phone, without an error on the console."""
import json
import os
import urllib.error
import urllib.request

from selenium.webdriver.common.keys import Keys

from browser import Phone, background, complaints, opened, prefer_dark, spoken
from broker import PATIENCE, Writer, check, equal, wait
from stream import feed
from winnowd import main

TOKEN = "let-me-label"


def ask(daemon, path, body, headers):
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (daemon.port(), path), method="POST", headers=headers, data=json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def guarded(daemon, tasks):
    """No task and no answer without the token, and none from another site's page."""
    bearer = {"Authorization": "Bearer " + TOKEN}
    for path, body in (("/label/next", {"session": "x"}), ("/label/answer", {"id": tasks[0]["id"], "outcome": "skipped", "annotator": "x"})):
        for headers, wanted in (({}, 401), ({"Authorization": "Bearer x"}, 401), ({**bearer, "Origin": "http://evil.example"}, 403), ({**bearer, "Host": "evil.example"}, 421)):
            status, said = ask(daemon, path, body, headers)
            equal(status, wanted, "%s with %s" % (path, headers))
            check(not any(t["sample_id"] in said for t in tasks), "a task without the token: %s", said)
        equal(daemon.get(path)[0], 405, "GET " + path)
        equal(ask(daemon, path, {}, bearer)[0], 400, "nonsense at " + path)
    page = daemon.get("/label")
    check(page[0] == 200 and TOKEN not in page[1], "/label: %s", page)


class Page:
    def __init__(self, driver, tasks):
        self.driver, self.tasks, self.given = driver, {t["id"]: t for t in tasks}, []

    def text(self, selector):
        return self.driver.execute_script("return document.querySelector(arguments[0]).innerText", selector)

    def task(self):
        return self.driver.execute_script("return document.documentElement.dataset.task || ''")

    def buttons(self, selector):
        """[name, key that is shown, key that is spoken] of each."""
        return self.driver.execute_script("return [...document.querySelectorAll(arguments[0])].map(b => [b.querySelector('span').textContent, b.querySelector('kbd').textContent, b.getAttribute('aria-keyshortcuts')])", selector)

    def await_task(self, other=""):
        return wait(lambda: "a task; the page says: %s" % self.text("#note"), lambda: [t] if (t := self.task()) and t != other else None)[0]

    def key(self, key):
        self.driver.switch_to.active_element.send_keys(key)

    def answer(self, act, outcome, revision=0):
        """act() answers the task on the screen."""
        shown = self.await_task()
        self.given.append((shown, outcome, revision))
        act()
        self.await_task(shown)
        return shown

    def click(self, selector):
        self.driver.execute_script("document.querySelector(arguments[0]).click()", selector)

    def sign_in(self, token):
        wait("the form", lambda: self.driver.execute_script("return !document.getElementById('enter').hidden"))
        self.driver.execute_script("document.getElementById('annotator').value = 'ann'; document.getElementById('token').value = ''; document.getElementById('token').focus()")
        self.key(token)
        self.key(Keys.ENTER)


def shows(page, classes):
    task = page.tasks[page.await_task()]
    equal(page.text("#sample"), task["sample_id"], "the sample")
    equal(page.text("#why"), "asked for: " + task["reason"], "why")
    fields = dict(zip(*(page.driver.execute_script("return [...document.querySelectorAll('#fields %s')].map(e => e.textContent)" % e) for e in ("dt", "dd"))))
    check(fields["id"] == task["sample_id"] and set(fields) == {"id", "x", "y", "kind"}, "fields: %s", fields)
    equal(page.buttons("#classes button"), [[c, str(i + 1), str(i + 1)] for i, c in enumerate(classes)], "a button and a key for each class")
    equal(page.buttons(".more button"), [["Skip", "s", "s"], ["Cannot tell", "c", "c"], ["Undo", "u", "u"]], "the other buttons")


def answers(page):
    page.answer(lambda: page.key("1"), "good")
    page.answer(lambda: page.key("2"), "bad")
    page.answer(lambda: page.key("s"), "skipped")
    page.answer(lambda: page.click("#cannot"), "cannot_tell")
    page.answer(lambda: page.click("#classes button"), "good")
    check(page.text("#progress").startswith("5 answered, "), "progress: %s", page.text("#progress"))
    before = page.task()
    page.key("7")  # no class has that key
    equal(page.task(), before, "a key without a meaning")


def takes_back(page):
    """Two steps back, each replaced."""
    before = page.task()
    for back in (-1, -2):
        page.key("u")
        wait("the task comes back", lambda: page.task() == page.given[back][0])
    check("cannot tell" in page.text("#note") and page.text("#progress").startswith("3 answered"), "undo says: %s; %s", page.text("#note"), page.text("#progress"))
    page.answer(lambda: page.key("2"), "bad", 1)
    equal(page.task(), before, "then the task that was on the screen")


def someone_else(stage, page):
    shown = page.task()
    writer = Writer(stage.brokers)
    writer.send(stage.topic("labels"), json.dumps({"id": shown, "label": "good", "annotator": "bob"}))
    writer.flush()
    page.await_task(shown)
    check("someone else" in page.text("#note"), "the page says: %s", page.text("#note"))


def speaks(page):
    equal([role for role, name in spoken(page.driver, ("button", "textbox", "heading", "group", "region")) if not name], [], "nodes without a name")
    page.driver.execute_script("document.activeElement.blur()")
    reached = []
    for _ in range(10):
        page.key(Keys.TAB)
        reached.append(page.driver.execute_script("return document.activeElement.id || document.activeElement.getAttribute('aria-keyshortcuts')"))
    check({"leave", "theme", "fields", "1", "2", "skip", "cannot", "undo"} <= set(reached), "the keyboard reaches %s", reached)


def looks(page):
    shot = os.environ.get("WINNOWD_SHOT")
    light = background(page.driver)
    if shot:
        page.driver.save_screenshot(shot + "-light.png")
    prefer_dark(page.driver)
    check(light != background(page.driver), "dark is as light: %s", light)
    with Phone(page.driver) as phone:
        check(phone.wide() <= 360, "on a phone the page is %d wide", phone.wide())
        inside = page.driver.execute_script("const r = document.getElementById('undo').getBoundingClientRect(); return r.bottom <= innerHeight && r.height >= 40")
        check(inside, "the buttons are not under the thumb")
        if shot:
            page.driver.save_screenshot(shot + "-phone.png")


def shows_no_prediction(stage, daemon, page):
    """Once a model is live tasks have a prediction, and neither the page nor what it is sent says a word of it."""
    wait("a model is live", lambda: daemon.metric("model_version") >= 1)
    feed(stage, 300)
    stage.caught_up()
    said, foreseen = {}, {}

    def offered(session):
        said[session] = ask(daemon, "/label/next", {"session": session}, {"Authorization": "Bearer " + TOKEN})[1]
        task = json.loads(said[session])["task"]
        return task and task["id"] in foreseen

    def offer():
        foreseen.update((t["id"], t) for t in stage.tasks() if t["model"])
        return next((s for s in ("p%d" % n for n in range(100)) if offered(s)), None)

    session = wait("a task that has a prediction", offer)
    check("predict" not in said[session] and "prob" not in said[session], "the page is sent: %s", said[session])
    page.driver.execute_script("sessionStorage.setItem('winnowd-session', arguments[0])", session)
    page.driver.refresh()
    equal(page.await_task(), json.loads(said[session])["task"]["id"], "the task")
    page.tasks = {t["id"]: t for t in stage.tasks()}
    check("predict" not in page.text("body") and "sure" not in page.text("body"), "the page says: %s", page.text("body"))


def names_are_keys(stage, page, token):
    """Classes 0 and 1, in either order: the key 1 answers "1"."""
    for classes in (["0", "1"], ["1", "0"]):
        name = "names" + classes[0]
        config = stage.config({"service": {"instance": name, "state_dir": str(stage.dir / name), "learner": False, "workers": 0}, "model": {"classes": classes, "positive": "1"},
                               "watch": {"label": True, "token_file": token}}, file=name + ".yaml")
        other = stage.start_with(config).ready()
        page.driver.get("http://127.0.0.1:%d/label" % other.port())
        page.sign_in(TOKEN)
        wait("the classes", lambda: page.driver.execute_script("return state.classes.length"))
        equal(page.buttons("#classes button"), [[c, c, c] for c in classes], "classes that are keys")
        shown = page.await_task()
        page.key("1")
        wait("the answer", lambda: any(one["id"] == shown and one.get("label") == "1" for one in map(lambda r: json.loads(r.value), stage.read("labels"))))
        other.stop()


def learned(stage, daemon, page):
    """The labels topic says what was done, and the learner has taken it, the last revision of each."""
    got = lambda: sorted((one["id"], one["label"] if one["outcome"] == "labelled" else one["outcome"], one.get("revision", 0)) for one in map(lambda r: json.loads(r.value), stage.read("labels"))
                         if one["annotator"] == "ann")
    wait(lambda: "labels: %s, wanted %s" % (got(), sorted(page.given)), lambda: got() == sorted(page.given))
    final = {}
    for task, outcome, revision in sorted(page.given, key=lambda g: g[2]):
        final[task] = outcome
    rows = 1 + sum(o in ("good", "bad") for o in final.values())  # one is bob's
    wait(lambda: "%d labelled rows, wanted %d" % (daemon.metric("labelled_rows"), rows), lambda: daemon.metric("labelled_rows") == rows)


def test(stage):
    stage.create()
    token = stage.dir / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    config = stage.config({"budget": {"rate": 0.2}, "watch": {"label": True, "token_file": str(token)}})
    daemon = stage.start_with(config).ready()
    feed(stage, 120)
    stage.caught_up()
    tasks = wait("tasks", lambda: t if len(t := stage.tasks()) >= 12 else None)
    guarded(daemon, tasks)
    with opened(stage.dir, 900, 860) as driver:
        page = Page(driver, tasks)
        driver.get("http://127.0.0.1:%d/label" % daemon.port())
        page.sign_in("wrong")
        wait("the token is refused", lambda: "not the token" in page.text("#note"))
        equal(page.task(), "", "a task without the token")
        page.sign_in(TOKEN)
        shows(page, ("good", "bad"))
        answers(page)
        takes_back(page)
        someone_else(stage, page)
        speaks(page)
        shown = page.task()
        driver.refresh()
        equal(page.await_task(), shown, "the task after loading again")
        learned(stage, daemon, page)
        shows_no_prediction(stage, daemon, page)
        looks(page)
        equal(complaints(driver, lambda e: "401" in e["message"]), [], "the console")
        daemon.stop()
        wait("the page says that nobody answers", lambda: "does not answer" in page.text("#note"))
        # Again: nothing that was answered is offered.
        daemon = stage.start_with(config).ready()
        answered, left = {t for t, _, _ in page.given}, set()
        offer = lambda n: json.loads(ask(daemon, "/label/next", {"session": "s%d" % n}, {"Authorization": "Bearer " + TOKEN})[1])
        wait("the tasks are read", lambda: offer(0)["ready"])
        for n in range(offer(0)["waiting"]):
            left.add(offer(n)["task"]["id"])
        equal(left, set(page.tasks) - answered - {json.loads(r.value)["id"] for r in stage.read("labels")}, "what is left")
        daemon.stop()
        names_are_keys(stage, page, str(token))


main(test)

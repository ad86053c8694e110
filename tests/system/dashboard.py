"""The dashboard in a real browser: it loads from the daemon alone, draws, follows the figures, speaks to a screen reader, obeys the keyboard, in
light and dark and on a phone, without an error on the console and without growing."""
import json
import os
import time

from selenium.webdriver.common.keys import Keys

from browser import Phone, background, complaints, opened, prefer_dark, spoken
from broker import Writer, check, equal, wait
from stream import Feeder, Oracle, feed
from winnowd import main

CHARTS = ("curve", "reliability", "speed", "accuracy", "budget", "labels", "utility", "late")
PAGE_MOST = 300 * 1024


def drawn(page):
    return int(page.execute_script("return document.documentElement.dataset.drawn || 0"))


def redrawn(page, times=1):
    before = drawn(page)
    wait("the page draws again", lambda: drawn(page) >= before + times)


def text(page, selector):
    return page.execute_script("return document.querySelector(arguments[0]).textContent", selector)


def loads(page, daemon):
    page.get("http://127.0.0.1:%d/" % daemon.port())
    wait("the first figures", lambda: drawn(page) >= 1)
    equal(text(page, "#health-word"), "Healthy", "health")
    loaded = page.execute_script("return performance.getEntries().filter(e => e.name.startsWith('http')).map(e => [e.name, e.transferSize])")
    origin = "http://127.0.0.1:%d/" % daemon.port()
    check(all(name.startswith(origin) for name, _ in loaded), "loads from elsewhere: %s", loaded)
    page_bytes = sum(size for name, size in loaded if name[len(origin):] in ("", "dashboard.css", "dashboard.js", "chart.js"))
    check(150000 < page_bytes <= PAGE_MOST, "the page has %d bytes", page_bytes)


def colours(page, chart):
    """How many colours there are on a canvas."""
    return page.execute_script("""
        const c = document.getElementById(arguments[0]), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, seen = new Set();
        for (let i = 0; i < d.length; i += 4) if (d[i + 3]) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]);
        return seen.size""", chart)


def draws(page):
    for chart in CHARTS:
        check(colours(page, chart) > 3, "chart %s is empty", chart)
    for axis in page.execute_script("return Object.values(charts).flatMap(c => ['y', 'right'].filter(a => c.scales[a]).map(a => c.scales[a].ticks.map(t => t.label).filter(l => l)))"):
        equal(len(set(axis)), len(axis), "different ticks of an axis that read alike: %s" % axis)
    check(len(page.execute_script("return [...document.querySelectorAll('#tasks tr')].map(r => r.cells.length)")) >= 5, "no tasks in the table")
    check("live" in text(page, "#models"), "no live model: %s", text(page, "#models"))
    check("random" in text(page, "#by-reason") and "bad" in text(page, "#by-class"), "the bars: %s %s", text(page, "#by-reason"), text(page, "#by-class"))
    check("not json" in text(page, "#failed") or "missing field" in text(page, "#failed"), "no dead letter: %s", text(page, "#failed"))


def answers(page):
    """The manager's questions, in their order, each with a number; and where."""
    wait("the answers", lambda: "too few" not in text(page, "#answers"))
    asked = page.execute_script("return [...document.querySelectorAll('#answers dt')].map(e => e.textContent)")
    equal([q.split()[1] for q in asked], ["much", "much", "many", "does", "it"], "questions: %s" % asked)
    values = page.execute_script("return [...document.querySelectorAll('#answers .value')].map(e => e.textContent)")
    check(all(any(c.isdigit() for c in v) for v in values[:4]) and values[4].strip() in ("no sign", "looks worse", "yes", "no, better"), "answers: %s", values)
    for chart in ("curve", "reliability"):
        xs = page.execute_script("return charts[arguments[0]].data.datasets[0].data.map(p => p.x)", chart)
        equal(xs, sorted(xs), "%s goes from left to right" % chart)
    where = text(page, "#segments")
    check(all(name in where for name in ("kind=a", "kind=b", "kind=c", "kind, others")) and "too few answers" in where, "segments: %s", where)
    classes = page.execute_script("return [...document.querySelectorAll('#classes tr')].map(e => [...e.children].map(c => c.textContent))")
    equal([row[0] for row in classes], ["good", "bad", "odd"], "classes")
    check(" to " in classes[1][2] and classes[2][2] == "–", "of a class that never came nothing is said: %s", classes)
    check("not yet: its time is not over" in text(page, "#cohorts"), "cohorts: %s", text(page, "#cohorts"))
    waits = page.execute_script("return [...document.querySelectorAll('#cohorts tr')].map(tr => [...tr.cells].map(c => c.colSpan))")
    check(waits and all(row == [1, 3, 1, 1] for row in waits), "what a cohort waits for is in a figure's column: %s", waits)
    check("budget.target" in text(page, "#tiles"), "how many more labels: %s", text(page, "#tiles"))
    check("to what the live version, v" in text(page, "#figures-more"), "figures: %s", text(page, "#figures-more"))


def said_of_others(page, daemon):
    """What this run's figures do not show: the page is handed the status of another one."""

    def shown(change, read):
        """What `read` finds, before the page asks anew."""
        return page.execute_script("const s = arguments[0]; %s; show_status(s); return %s" % (change, read), json.loads(daemon.get("/status")[1]))

    said = lambda change, id: shown(change, "document.getElementById('%s').textContent" % id)
    worse = said("s.worse = {outcome: 'looks worse', says: 'accuracy 96.0 % now, 98.6 % since the start; not yet beyond doubt'}", "answers")
    check("looks worse" in worse and "not yet beyond doubt" in worse, "worse: %s", worse)
    loose = said("s.settings.auto = {error: .02, confidence: .05}; s.models.auto_loose = ['the bound permits it to close all of it']", "auto-loose")
    equal(loose, "the bound permits it to close all of it", "a loose certificate")
    # Small ones added first count, added last they do not: the sum of all is a hair less than that of the curve.
    ends = shown("Object.keys(s.score_samples).sort((a, b) => a - b).forEach((bin, i) => { s.score_samples[bin] = s.score_positives[bin] = i ? 1e-16 : 1; })",
                 "[charts.curve.scales.x.max, charts.curve.scales.y.max, Math.max(...charts.curve.data.datasets[0].data.map(p => p.x))]")
    equal(ends, [1, 1, 1], "shares end at 100 %")
    target = said("s.forecast = {recall: {outcome: 'labels', says: 'about 1,300 more labels to recall 80 %'}}; s.target = {recall: .8}", "tiles")
    check("about 1,300 more labels" in target and "budget.target" not in target, "a target: %s", target)
    day = said("""for (const [key, recall] of [["cohort", .27], ["cohort_low", .16], ["cohort_high", .39], ["cohort_worst_low", .2], ["cohort_worst_high", .3]])
        for (const name in s.cohort_tasks) { s[key][name] = {accuracy: .9, prevalence: .1, precision: .5, recall}; }""", "cohorts")
    check("27 (16 to 39); open: 20 to 30" in day, "a matured day: %s", day)
    equal(shown("", "document.getElementById('figures-truth').hidden"), True, "a column of the truth without double answers")
    freed = said("""for (const [key, recall] of [["truth", .57], ["truth_low", .36], ["truth_high", .81]]) {
        s[key] = {accuracy: .98, prevalence: .05, precision: .9, recall, recall_at_capacity: .5, precision_at_capacity: .5}; }""", "figures")
    check("57 (36 to 81)" in freed, "by the truth: %s", freed)
    tile = said("s.truth.recall = .57; s.truth_low.recall = .36; s.truth_high.recall = .81", "answers")
    check("without the annotators’ errors, since the start, 57 (36 to 81)" in tile and tile.count("annotators") == 1, "by the truth, in the tile: %s", tile)
    none = said("s.estimate_now.precision = s.estimate_now.recall = null", "answers")
    check("–no alarm among the answers yet" in none and "–no “bad” among the answers yet" in none, "nothing to be right or caught: %s", none)
    for mature, why in ((.63, "not yet: 62\u00a0% of its tasks are closed"), (.61, "not yet: its time is not over")):
        waits = said("s.cohort_mature = %g; for (const day in s.cohort_closed) { s.cohort_closed[day] = .62; }" % mature, "cohorts")
        check(why in waits, "cohorts: %s", waits)


def named_oddly(page):
    """A class that is called as what every object of JavaScript has."""
    auto = page.execute_async_script("""const done = arguments[0];
        fetch_json('/status').then((s) => {
            Object.assign(s.settings, { auto: { error: .02 }, classes: ['constructor', '__proto__'] });
            show_status(s);
            done([...document.querySelectorAll('#auto tr')].map(tr => tr.cells[1].textContent));
        }).catch((e) => done(String(e)))""")
    equal(auto, ["–", "–"], "thresholds of classes without a certificate")


def fails_aloud(page):
    """A fault of the page is told, there and on the console, and does not pass for the daemon's silence."""
    page.execute_script("show_answers = () => { throw new Error('planted'); }")
    redrawn(page, 4)
    notes = page.execute_script("return [...document.querySelectorAll('#notes li')].map(li => li.textContent)")
    equal(notes[-1:], ["this page could not draw all of it: Error: planted"], "the fault among the notes, once: %s" % notes)
    check(len(notes) == len(set(notes)) and text(page, "#health-word") != "No answer", "notes: %s", notes)
    check(any("planted" in e["message"] for e in complaints(page, lambda e: False)), "nothing on the console")


def speaks(page):
    """Whatever can be reached or looked at has a name; pictures say what they show."""
    found = spoken(page, ("button", "link", "image", "img", "progressbar", "progressIndicator", "region", "heading"))
    equal([role for role, name in found if not name], [], "nodes without a name")
    images = [name for role, name in found if role in ("image", "img")]
    check(len(images) >= len(CHARTS) and all(any(c.isdigit() for c in i) for i in images), "pictures say: %s", images)
    equal(page.execute_script("return document.documentElement.lang"), "en", "language")


def keyboard(page):
    page.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached = []
    for _ in range(16):
        page.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(page.execute_script("const e = document.activeElement; return e.dataset.span || e.id || e.className || e.tagName"))
        if reached[-1] == "hour":
            page.switch_to.active_element.send_keys(Keys.ENTER)
    check({"skip", "minutes", "hour", "day", "theme", "scroll"} <= set(reached), "the keyboard reaches %s", reached)
    equal(page.execute_script("return document.querySelector('[data-span=hour]').getAttribute('aria-pressed')"), "true", "the hour is chosen")
    redrawn(page, 2)
    equal(page.execute_script("return past.span + ' ' + (past.rows.length > 0)"), "hour true", "the hour is shown")
    page.execute_script("document.querySelector('[data-span=minutes]').click()")
    redrawn(page)


def looks(page):
    light = background(page)
    prefer_dark(page)
    dark = background(page)
    check(light != dark, "dark is as light: %s", dark)
    page.execute_script("document.getElementById('theme').click()")
    equal(background(page), light, "the button")
    page.execute_script("document.getElementById('theme').click()")
    with Phone(page) as phone:
        redrawn(page, 2)
        check(phone.wide() <= 360, "on a phone the page is %d wide", phone.wide())
        draws(page)
        seen = page.execute_script("""const box = document.getElementById('figures').closest('.scroll').getBoundingClientRect();
            return [...document.querySelectorAll('#figures tr')].map(tr => tr.cells[2].getBoundingClientRect().right - box.right)""")
        check(seen and max(seen) <= 0, "figures of now that a phone shows only sideways: %s", seen)
        if os.environ.get("WINNOWD_SHOT"):
            page.save_screenshot(os.environ["WINNOWD_SHOT"] + "-phone.png")
    redrawn(page)


def bounded(page):
    page.execute_script("for (let i = 1; i <= 4000; i++) append(Object.assign({}, Object.fromEntries(past.columns.map(c => [c, 1])), {time_ms: Date.now() + 1000 * i}))")
    rows = page.execute_script("return past.rows.length")
    equal(rows, 360, "rows that are kept")
    equal(page.execute_script("return document.querySelectorAll('#tasks tr').length <= 12"), True, "rows of the table")


TILES = """const box = document.getElementById("tiles").getBoundingClientRect(), rows = {};
for (const t of document.querySelectorAll(".tile")) { const r = t.getBoundingClientRect(); (rows[Math.round(r.top)] ||= []).push(r); }
return Object.values(rows).map((row) => [row.length, Math.round(row[0].left - box.left), Math.round(box.right - row.at(-1).right), Math.round(Math.min(...row.map((r) => r.width)))]);"""


def tiles(page, stage):
    """The bridge has a tile where one was heard of; however many there are, each row is filled and no tile is narrow."""
    figures = {"imported": 1234, "answered": 841, "skipped": 17, "refused": 2, "unreadable": 1, "open": 376, "lag_ms": 42000, "time_ms": int(time.time() * 1000), "away": False}
    writer = Writer(stage.brokers)
    writer.send(stage.topic("models"), json.dumps({"format": 1, "until_ms": 0, "poll_us": 0, "tasks": [], "figures": figures}), key=stage.name + "/bridge")
    writer.flush()
    wait("the bridge's tile", lambda: "376 tasks" in text(page, "#tiles") and "1 unreadable" in text(page, "#tiles"))
    for more in range(3):
        if more:
            page.execute_script("tile('more%d', 'More', '1', '', 'of a longer text that tells more'); document.getElementById('tiles').classList.add('many')" % more)
        for row in page.execute_script(TILES):
            check(row[1:3] == [0, 0] and row[3] > 200, "a row of tiles: %s", row)


def test(stage):
    stage.create()
    daemon = stage.start({"model": {"classes": ["good", "bad", "odd"], "positive": "bad"}, "watch": {"segments": ["kind"], "cost": {"bad.good": 10, "good.bad": 1}}}).ready()
    oracle, feeder = Oracle(stage), Feeder(stage, rate=300, bad_every=97)
    feed(stage, 3000, bad_every=97)
    stage.caught_up()
    oracle.start()
    feeder.start()
    wait("a model is live", lambda: daemon.metric("model_version") >= 1)
    wait("labels came back", lambda: daemon.metric("accuracy_answers") > 100 and json.loads(daemon.get("/status")[1])["utility"])
    with opened(stage.dir, 1300, 900) as page:
        loads(page, daemon)
        redrawn(page, 6)
        before = text(page, "#tiles")
        draws(page)
        answers(page)
        if os.environ.get("WINNOWD_SHOT"):
            page.set_window_size(1300, 2600)
            redrawn(page, 2)
            page.save_screenshot(os.environ["WINNOWD_SHOT"])
            page.set_window_size(1300, 900)
        said_of_others(page, daemon)
        named_oddly(page)
        speaks(page)
        wait("the figures move", lambda: text(page, "#tiles") != before)
        keyboard(page)
        looks(page)
        tiles(page, stage)
        feeder.end()
        bounded(page)
        equal(complaints(page, lambda e: e.get("source") == "rendering"), [], "the console")  # rendering: of our looking at the canvases
        fails_aloud(page)
        daemon.stop()
        wait("the page says that nobody answers", lambda: text(page, "#health-word") == "No answer")
    oracle.end()


main(test)

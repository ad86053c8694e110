"""What looking costs a daemon that works (`winnowd demo`): answers over a connection that is kept, in time and in processor time; and the dashboard in a real
browser: its bytes, its first paint, and an hour of seconds, played faster.

A scrape's effect on throughput is the processor time of the thread that answers, once a second, as a share of one core: no worker waits for it, and
what the other threads do for the figures they do unasked. The hour is 3,600 turns of the page's own clock, each a second further on, with answers of the
daemon whose times are moved with it.
"""
import argparse
import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import browser  # noqa: E402
from streams import replace_section  # noqa: E402

HEADING = "What looking costs (`scripts/bench scrape`)"
PAGES, FILES = ("/metrics", "/metrics.json", "/status"), ("/", "/dashboard.css", "/dashboard.js", "/chart.js")
HOUR, WARM, MINUTES, LOADS = 3600, 2160, 360, 10  # WARM: the browser has compiled what it will

# key: (what, most, unit)
MUST = {
    "metrics_ms": ("one /metrics, median", 2, "ms"),
    "throughput_percent": ("scraped once a second: processor time of the answers, of one core", 1, "%"),
    "dashboard_kib": ("the dashboard in all", 300, "KiB"),
    "first_paint_ms": ("its first paint, median of %d loads with an empty cache" % LOADS, 1000, "ms"),
    "hour_growth_kib": ("an hour of seconds: JavaScript heap, more than after 36 minutes (rows that stayed would be 230)", 128, "KiB"),
    "hour_growth_nodes": ("an hour of seconds: DOM nodes, more than after 36 minutes", 50, ""),
}

FIRST_FIGURES = """new MutationObserver((_, me) => { if (document.documentElement.dataset.drawn) { window.figures_ms = performance.now(); me.disconnect(); } })
    .observe(document, {subtree: true, attributes: true, attributeFilter: ["data-drawn"]})"""
FASTER = """window.ahead_ms = 0;
    const now = Date.now.bind(Date), ask = fetch_json;
    Date.now = () => now() + ahead_ms;
    window.fetch_json = async (path) => {
      const got = await ask(path);
      if (got.now) { got.time_ms += ahead_ms; got.now.time_ms += ahead_ms; }
      if (got.rows) {
        for (const row of got.rows) row[0] += ahead_ms;
        while (got.rows.length < 360) got.rows.unshift([got.rows[0][0] - 1000, ...got.rows[0].slice(1)]); // as of a daemon that is up for long
      }
      return got;
    };"""
SECONDS = """const [n, done] = arguments;
    (async () => { for (let i = 0; i < n; i++) { ahead_ms += 1000; await tick(); } done(past.rows.length); })();"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def urlopen(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    return connection.getresponse().read()


def wait_for(port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if json.loads(urlopen(port, "/status"))["now"]["model"] >= 1:
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.1)
    raise SystemExit("bench: the demo does not answer")


# ---- answers ----


def answering_seconds(pid):
    """Processor time of the thread that answers, to the nanosecond."""
    for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
        if (task / "comm").read_text().startswith("MHD"):
            return int((task / "schedstat").read_text().split()[0]) * 1e-9
    raise SystemExit("bench: no thread answers")


def scrape(port, pid, path, n):
    connection, took, before = http.client.HTTPConnection("127.0.0.1", port, timeout=20), [], answering_seconds(pid)
    for _ in range(n):
        started = time.perf_counter()
        connection.request("GET", path)
        body = connection.getresponse().read()
        took.append(1000 * (time.perf_counter() - started))
    took.sort()
    return {"median_ms": statistics.median(took), "p99_ms": took[int(0.99 * (n - 1))], "cpu_ms": 1000 * (answering_seconds(pid) - before) / n, "bytes": len(body)}


# ---- the page ----


def load(driver, port):
    """(first paint, first figures) in ms."""
    driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    driver.get("http://127.0.0.1:%d/" % port)
    for _ in range(1200):
        got = driver.execute_script("return [performance.getEntriesByName('first-paint')[0]?.startTime, window.figures_ms]")
        if None not in got:
            return got
        time.sleep(0.05)
    raise SystemExit("bench: the page does not draw")


def held(driver):
    """What the page holds: (bytes of the JavaScript heap, DOM nodes)."""
    for _ in range(3):  # what one round lets go may hold more
        driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
        time.sleep(0.2)
    return driver.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"], driver.execute_cdp_cmd("Memory.getDOMCounters", {})["nodes"]


def hour(driver):
    driver.execute_script(FASTER)
    driver.set_script_timeout(600)
    at, started = {}, time.monotonic()
    for second in range(MINUTES, HOUR + 1, MINUTES):
        rows = driver.execute_async_script(SECONDS, MINUTES)
        at[second] = held(driver)
        print("%5d s: heap %.0f KiB, %d nodes, %d rows" % (second, at[second][0] / 1024, at[second][1], rows), file=sys.stderr, flush=True)
    first, warm, last = at[MINUTES], at[WARM], at[HOUR]
    return {"hour_growth_kib": (last[0] - warm[0]) / 1024, "hour_growth_nodes": last[1] - warm[1], "first_heap_kib": first[0] / 1024, "warm_heap_kib": warm[0] / 1024, "hour_heap_kib": last[0] / 1024, "hour_rows": rows, "hour_times": HOUR / (time.monotonic() - started)}


def look(port):
    with tempfile.TemporaryDirectory(prefix="winnowd-bench-") as place:
        driver = browser.start(pathlib.Path(place), 1300, 900)
        try:
            driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FIRST_FIGURES})
            loads = [load(driver, port) for _ in range(LOADS)]
            paints = sorted(paint for paint, _ in loads)
            return {"first_paint_ms": statistics.median(paints), "first_paint_most_ms": paints[-1], "first_figures_ms": statistics.median(f for _, f in loads), **hour(driver)}
        finally:
            driver.quit()


# ---- the table ----


def section(figures, answers):
    lines = ["On a daemon at work (`winnowd demo`, some 5,000 samples/s), load %.1f; `tests/bench/scrape.py` says how." % os.getloadavg()[0], "", "| figure | measured | at most |", "|---|---|---|"]
    lines += ["| %s | %s %s | %g %s |" % (what, ("%.2f" if most < 10 else "%.0f") % figures[key], unit, most, unit) for key, (what, most, unit) in MUST.items()]
    lines += ["", "| page | median | p99 | processor time | bytes |", "|---|---|---|---|---|"]
    lines += ["| `%s` | %.2f ms | %.2f ms | %.2f ms | %d |" % (path, a["median_ms"], a["p99_ms"], a["cpu_ms"], a["bytes"]) for path, a in answers.items()]
    lines += ["", "The page's figures were on the screen after %.0f ms (median); its slowest first paint took %.0f. The hour was played %.0f times as fast; the page holds %d rows"
              " and %.2f MiB of heap after six minutes, %.2f after 36, %.2f at its end."
              % (figures["first_figures_ms"], figures["first_paint_most_ms"], figures["hour_times"], figures["hour_rows"], *(figures[k] / 1024 for k in ("first_heap_kib", "warm_heap_kib", "hour_heap_kib")))]
    return "\n".join(lines).replace("  |", " |")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench scrape", description=__doc__)
    parser.add_argument("--scrapes", type=int, default=500)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the tables into docs/BENCHMARKS.md")
    options = parser.parse_args()
    port = free_port()
    demo = subprocess.Popen([os.environ["WINNOWD"], "demo", "--samples", "10000000", "--listen", "127.0.0.1:%d" % port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        answers = {path: scrape(port, demo.pid, path, options.scrapes) for path in PAGES}
        figures = {"metrics_ms": answers["/metrics"]["median_ms"], "throughput_percent": answers["/metrics"]["cpu_ms"] / 10,
                   "dashboard_kib": sum(len(urlopen(port, path)) for path in FILES) / 1024, **look(port)}
    finally:
        demo.terminate()
        demo.wait(60)
    text = section(figures, answers)
    print(text)
    if options.write:
        replace_section(HEADING, text)
    if options.json:
        print(json.dumps({"scrape": {**figures, "answers": answers}}))
    return 1 if any(figures[key] > most for key, (_, most, _) in MUST.items()) else 0


sys.exit(main())

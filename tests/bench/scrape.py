"""What looking costs: one /metrics and one /status of a daemon that works (`winnowd demo`), over a connection that is kept; and the dashboard's bytes."""
import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def scrape(port, path, n):
    """Milliseconds, ascending, and the bytes of the last answer."""
    connection, took = http.client.HTTPConnection("127.0.0.1", port, timeout=20), []
    for _ in range(n):
        started = time.perf_counter()
        connection.request("GET", path)
        body = connection.getresponse().read()
        took.append(1000 * (time.perf_counter() - started))
    return sorted(took), len(body)


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


def urlopen(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    return connection.getresponse().read()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scrapes", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    port, figures = free_port(), {}
    demo = subprocess.Popen([os.environ["WINNOWD"], "demo", "--samples", "2000000", "--listen", "127.0.0.1:%d" % port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        for path in ("/metrics", "/metrics.json", "/status"):
            took, size = scrape(port, path, options.scrapes)
            figures[path] = {"median_ms": round(statistics.median(took), 3), "p99_ms": round(took[int(0.99 * (len(took) - 1))], 3), "bytes": size}
            print("%-14s median %.2f ms, p99 %.2f ms, %d bytes" % (path, figures[path]["median_ms"], figures[path]["p99_ms"], size))
        figures["dashboard_bytes"] = sum(len(urlopen(port, path)) for path in ("/", "/dashboard.css", "/dashboard.js", "/chart.js"))
        print("%-14s %d bytes in all" % ("dashboard", figures["dashboard_bytes"]))
    finally:
        demo.terminate()
        demo.wait(60)
    if options.json:
        print(json.dumps(figures))


main()

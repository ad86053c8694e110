"""What the daemon shows over HTTP while it works: metrics that promtool likes, the same as JSON, status, models, what happened last; `winnowd status`
and its exit codes; writing with the token; a Unix socket; and nothing that clients do disturbs the work or costs memory."""
import http.client
import json
import random
import shutil
import socket
import subprocess
import urllib.error
import urllib.request

from accounts import accounts
from broker import PATIENCE, check, equal, wait
from stream import Feeder, Oracle, feed
from winnowd import main, run

TOKEN = "let-me-write"


def ask(daemon, path, method="GET", headers=None):
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (daemon.port(), path), method=method, headers=headers or {}, data=b"" if method == "POST" else None)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def metrics(daemon):
    status, headers, text = ask(daemon, "/metrics")
    equal((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "/metrics")
    promtool = shutil.which("promtool")
    check(promtool, "promtool is missing: scripts/packages test")
    linted = subprocess.run([promtool, "check", "metrics"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    equal((linted.returncode, linted.stdout), (0, ""), "promtool check metrics")
    as_json = json.loads(ask(daemon, "/metrics.json")[2])
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    equal(sorted(as_json), sorted(families), "families in JSON and text")
    equal(ask(daemon, "/metrics", headers={"Accept": "application/json"})[1]["Content-Type"], "application/json", "/metrics for who accepts JSON")
    for name in ("winnowd_transactions_total", "winnowd_cycles_total"):
        check(as_json[name]["values"]["committed"] > 0, "%s: %s", name, as_json[name])
    for name in ("process_resident_memory_bytes", "process_start_time_seconds", "winnowd_state_dir_free_bytes", "winnowd_last_commit_timestamp_seconds", "winnowd_query_random_propensity_ratio"):
        check(as_json[name]["value"] > 0, "%s: %s", name, as_json[name])
    check(as_json["winnowd_query_utility"]["values"]["p50"] <= as_json["winnowd_query_utility"]["values"]["p99"], "utility: %s", as_json["winnowd_query_utility"])


def figures(daemon, stage):
    status = json.loads(ask(daemon, "/status")[2])
    tasks = stage.tasks()
    equal((status["health"], status["ready"], status["notes"]), ("ok", True, []), "health")
    equal(status["now"]["asked"], len(tasks), "tasks in /status")
    equal(sum(status["asked_by_class"].values()), len(tasks), "tasks by predicted class")
    equal(status["now"]["labels"], len(tasks), "labels in /status, each once")
    equal(sum(sum(u["counts"]) for u in status["utility"]), sum(u["n"] for u in status["utility"]), "the histogram of utilities")
    check(status["models"]["live"] == status["now"]["model"] > 0, "models: %s", status["models"])
    history = json.loads(ask(daemon, "/history/minutes")[2])
    check(history["rows"] and all(len(r) == len(history["columns"]) for r in history["rows"]), "history: %s", history["columns"])
    check(len(json.loads(ask(daemon, "/history/hour")[2])["rows"]) < len(history["rows"]), "the hour is not coarser")
    models = json.loads(ask(daemon, "/models")[2])
    check([v["version"] for v in models["versions"] if v["live"]] == [models["live"]], "models: %s", models)


def stories(daemon, stage):
    recent = json.loads(ask(daemon, "/recent")[2])
    equal(len(recent["tasks"]), 100, "tasks that are kept")
    by_id = {t["id"]: t for t in stage.tasks()}
    for told in recent["tasks"]:
        real = by_id[told["id"]]
        equal((told["sample"], told["reason"], told["propensity"], told["model"]), (real["sample_id"], real["reason"], real["propensity"], real["model"]), "a task in /recent")
        check(told["why"] and (told["reason"] != "random" or "random arm" in told["why"]), "why: %s", told)
    check(recent["decisions"] and all(d["why"] for d in recent["decisions"]), "decisions: %s", recent["decisions"][:3])
    letters = {(int(r.headers["__connect.errors.partition"]), int(r.headers["__connect.errors.offset"])) for r in stage.read("dead_letters")}
    check(recent["dead_letters"] and all((d["partition"], d["offset"]) in letters for d in recent["dead_letters"]), "dead letters: %s", recent["dead_letters"][:3])
    shown = ask(daemon, "/config")[2]
    check("rate: 0.05" in shown and TOKEN not in shown, "/config: %s", shown)


def status_command(daemon, stage):
    address = "127.0.0.1:%d" % daemon.port()
    said = run("status", "--listen", address)
    equal(said.returncode, 0, "status: " + said.stderr)
    check("healthy" in said.stdout and "accuracy" in said.stdout, "status says: %s", said.stdout)
    as_json = run("status", "--listen", address, "--json")
    equal(json.loads(as_json.stdout)["name"], stage.name, "status --json")
    equal(run("status", "--listen", "127.0.0.1:1").returncode, 69, "status of nobody")
    for name, code in ((stage.name, 0), ("another", 69)):
        same_place = run("status", "-c", stage.config({"service": {"name": name}, "watch": {"listen": address}}, "same-place.yaml"))
        equal(same_place.returncode, code, "status of %s, where %s answers: %s" % (name, stage.name, same_place.stdout + same_place.stderr))
    check("%s answers at %s, not another" % (stage.name, address) in same_place.stderr, "who answers: %s", same_place.stderr)
    equal(run("status").returncode, 64, "status of whom?")
    equal(run("top", "--listen", address, stdin=subprocess.DEVNULL).returncode, 64, "top without a terminal")


def writing(daemon, stage):
    for headers, wanted in (({}, 401), ({"Authorization": "Bearer x"}, 401), ({"Authorization": "Bearer " + TOKEN, "Origin": "http://evil.example"}, 403)):
        equal(ask(daemon, "/reload", "POST", headers)[0], wanted, "POST with %s" % headers)
    equal(daemon.metric("config_reloads_total", result="ok"), 0, "reloads")
    equal(ask(daemon, "/reload", "POST", {"Authorization": "Bearer " + TOKEN})[0], 202, "POST with the token")
    wait("it is read again", lambda: daemon.metric("config_reloads_total", result="ok") == 1)
    icon = ask(daemon, "/favicon.ico")
    check(icon[0] == 200 and icon[1]["Content-Type"] == "image/svg+xml" and "<svg" in icon[2], "the icon: %s", icon)
    equal(ask(daemon, "/status", headers={"Host": "evil.example"})[0], 421, "a foreign host")
    equal(ask(daemon, "/status", "POST")[0], 405, "POST on a page")
    equal([ask(daemon, "/label" + p, headers={"Authorization": "Bearer " + TOKEN})[0] for p in ("", ".js", "/next")], [404] * 3, "the label page, which is off")


def request_of(rng):
    """A request, whole or broken."""
    good = "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % rng.choice(["/metrics", "/status", "/recent", "/history/hour", "/", "/chart.js", "/livez"])
    data = bytearray(good.encode())
    kind = rng.randrange(6)
    if kind == 0:
        for _ in range(rng.randrange(1, 20)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif kind == 1:
        data = data[:rng.randrange(len(data))]
    elif kind == 2:
        data = bytearray(rng.randbytes(rng.randrange(1, 3000)))
    elif kind == 3:
        data[4:4] = b"/" + b"a" * rng.choice([10, 5000, 70000])
    elif kind == 4:
        data[-2:] = b"X: " + b"b" * rng.choice([10, 20000, 300000]) + b"\r\n\r\n"
    return bytes(data)


def hammer(daemon, rng):
    for _ in range(600):
        with socket.create_connection(("127.0.0.1", daemon.port()), 10) as s:
            s.settimeout(0.02)
            try:
                s.sendall(request_of(rng))
                s.recv(rng.choice([1, 100, 100000]))
            except OSError:
                pass


def crowd(daemon):
    """A thousand that come and say little; who asks meanwhile is answered."""
    held = []
    for n in range(1000):
        s = socket.create_connection(("127.0.0.1", daemon.port()), 10)
        if n % 2:
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n" + (b"\r\n" if n % 4 == 1 else b""))
        held.append(s)
    for _ in range(10):
        equal(daemon.get("/livez")[0], 200, "/livez in the crowd")
    fds = daemon.metrics()["process_open_fds"]
    check(fds < 300, "%d descriptors are open in the crowd", fds)
    for s in held:
        s.close()


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def over_a_socket(stage):
    path = str(stage.dir / "pages.sock")
    config = stage.config({"service": {"instance": "two", "state_dir": str(stage.dir / "two"), "learner": False}, "watch": {"listen": "unix:" + path}}, file="two.yaml")
    daemon = stage.start_with(config).ready()
    connection = Unix(path)
    connection.request("GET", "/status")
    equal(json.loads(connection.getresponse().read())["instance"], "two", "/status over a socket")
    wait("status finds the socket by the configuration", lambda: run("status", "-c", config).returncode == 0)
    daemon.leave()
    equal(run("status", "-c", config).returncode, 69, "status of a daemon that has ended")


def test(stage):
    (stage.dir / "token").write_text(TOKEN + "\n")
    stage.create()
    daemon = stage.start({"watch": {"token_file": str(stage.dir / "token")}}).ready()
    oracle = Oracle(stage)
    oracle.start()
    feed(stage, 6000, bad_every=83)
    stage.caught_up()
    wait("all are answered and a model is live", lambda: (lambda m: m["winnowd_model_version"] >= 1 and m["winnowd_open_tasks"] == 0)(daemon.metrics()))
    feed(stage, 2000, seed=2)
    stage.caught_up()
    wait("all figures are fresh", lambda: (lambda s: s["now"]["lag"] == 0 and s["utility"] and s["health"] == "ok" and s["now"]["age_s"] == 0)(json.loads(ask(daemon, "/status")[2])))
    metrics(daemon)
    figures(daemon, stage)
    stories(daemon, stage)
    status_command(daemon, stage)
    writing(daemon, stage)
    over_a_socket(stage)

    feeder = Feeder(stage, rate=1000)
    feeder.start()
    hammer(daemon, random.Random(7))
    crowd(daemon)
    before = daemon.metrics()["process_resident_memory_bytes"]
    hammer(daemon, random.Random(8))
    crowd(daemon)
    grown = daemon.metrics()["process_resident_memory_bytes"] - before
    check(grown < 32 << 20, "memory grew by %d bytes under bad clients", grown)
    feeder.end()
    stage.caught_up()
    daemon.stop()
    oracle.end()
    accounts(stage)


main(test)

"""How long the daemon keeps its service manager and its operator waiting, on a real Kafka: from its start to READY, from TERM to its end, also with the broker
hanging or dead, and from `winnowd model rollback` to an older model in force. After all of it every sample has one outcome and nobody was asked twice.
"""
import argparse
import json
import os
import pathlib
import signal
import statistics
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

import broker  # noqa: E402
from streams import replace_section  # noqa: E402
from accounts import accounts  # noqa: E402
from broker import check, wait  # noqa: E402
from stream import Feeder, Oracle  # noqa: E402
from winnowd import Stage, run  # noqa: E402

HEADING = "Start, stop, rollback (`scripts/bench service`)"
RATE = 2000

# key: (what, most seconds)
MUST = {
    "ready": ("start to READY: configuration checked, model loaded, subscribed", 3),
    "ready_after": ("the same after an end without the broker: the transaction that was left open is aborted first", None),
    "stop": ("TERM to the end, at work (%d samples/s)" % RATE, 5),
    "stop_hanging": ("the same, the broker hangs", 5),
    "stop_dead": ("the same, the broker is dead", 5),
    "rollback": ("`winnowd model rollback` to the older model in force, the command's own start included", 1),
}


class Bench:
    def __init__(self, options):
        self.options, self.stage = options, Stage("service")
        self.took = {key: [] for key in MUST}

    def start(self, key):
        began = time.monotonic()
        daemon = self.stage.start()
        with daemon.changed:
            while not any(e["event"] == "ready" for e in daemon.events):
                check(daemon.changed.wait(60), "no READY in a minute")
        self.took[key].append(time.monotonic() - began)
        return daemon

    def stop(self, daemon, key):
        began = time.monotonic()
        daemon.signal(signal.SIGTERM)
        daemon.process.wait(120)
        self.took[key].append(time.monotonic() - began)
        check(daemon.process.returncode == 0, "the daemon ended with %s", daemon.process.returncode)

    def at_work(self, daemon):
        before = daemon.metric("samples_total")
        wait("it works", lambda: daemon.metric("samples_total") > before + RATE / 10 and daemon.metric("ready") == 1, 90)

    def stop_without(self, hurt, mend, key):
        daemon = self.start("ready" if key == "stop_hanging" else "ready_after")
        self.at_work(daemon)
        broker.script(hurt, broker.DIR)
        try:
            self.stop(daemon, key)
        finally:
            broker.script(mend, broker.DIR)

    def newest(self, daemon):
        """The version that is live when nothing is on the way any more."""
        def settled():
            before = daemon.metric("model_version")
            time.sleep(1)
            return before == daemon.metric("model_version") and before
        return wait("no new version comes", settled, 60)

    def roll_back(self, daemon):
        wait("two versions", lambda: daemon.metric("models_published_total") >= 2, 90)
        config = daemon.config
        check(run("policy", "-c", config, "freeze").returncode == 0, "freeze")
        newest = self.newest(daemon)
        began, done = time.monotonic(), threading.Thread(target=run, args=("model", "-c", config, "rollback"))
        done.start()
        wait("an older one is live", lambda: daemon.metric("model_version") < newest, 60, 0.002)
        self.took["rollback"].append(time.monotonic() - began)
        done.join()
        check(run("model", "-c", config, "rollback", "%d" % newest).returncode == 0, "rollback to the newest")
        wait("the newest is live again", lambda: daemon.metric("model_version") == newest, 30)
        check(run("policy", "-c", config, "unfreeze").returncode == 0, "unfreeze")

    def measure(self):
        self.stage.create(partitions=4)
        feeder, oracle = Feeder(self.stage, rate=RATE), Oracle(self.stage)
        self.stage.start().ready(90).stop()  # a new broker makes its own topics first
        feeder.start()
        oracle.start()
        for n in range(self.options.rounds):
            daemon = self.start("ready_after" if n else "ready")
            self.at_work(daemon)
            self.roll_back(daemon)
            self.stop(daemon, "stop")
            self.stop_without("pause", "continue", "stop_hanging")
            self.stop_without("kill", "resume", "stop_dead")
            print("round %d: %s" % (n + 1, ", ".join("%s %.2f s" % (key, t[-1]) for key, t in self.took.items() if t)), file=sys.stderr, flush=True)
        daemon = self.start("ready_after")
        feeder.end()
        self.stage.caught_up(120)
        daemon.stop()
        oracle.end()
        return len(accounts(self.stage)), feeder.n


def section(took, tasks, samples):
    lines = ["Seconds, of %d starts and stops; `%s`, load %.1f." % (sum(len(t) for key, t in took.items() if key != "rollback"), "tests/bench/service.py", os.getloadavg()[0]), "",
             "| what | median | most | at most |", "|---|---|---|---|"]
    lines += ["| %s | %.2f | %.2f | %s |" % (what, statistics.median(took[key]), max(took[key]), most or "") for key, (what, most) in MUST.items()]
    return "\n".join(lines + ["", "After all of it each of the %s samples had exactly one outcome, and each of the %s that were asked one task." % (format(samples, ","), format(tasks, ","))])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench service", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    options = parser.parse_args()
    bench, failed = Bench(options), True
    try:
        tasks, samples = bench.measure()
        failed = False
    finally:
        bench.stage.close(failed)
    text = section(bench.took, tasks, samples)
    print(text)
    if options.write:
        replace_section(HEADING, text)
    if options.json:
        print(json.dumps({"service": bench.took}))
    sys.stdout.flush()
    os._exit(1 if any(most and statistics.median(bench.took[key]) > most for key, (_, most) in MUST.items()) else 0)  # as broker's main: an abandoned handle must not hold up the end


main()

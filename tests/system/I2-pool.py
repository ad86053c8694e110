"""I2, I1 with a pool: kill -9 while windows are open. A reader sees each asked sample once, none missing; the pool, the stream and the random arm
all ask; an idle window ends by itself; a stop drops the open windows and the next owner reads them again."""
import json
import os
import time

from accounts import accounts, learned
from broker import check, equal, wait
from stream import Feeder, Oracle
from winnowd import main

KILLS = int(os.environ.get("WINNOWD_KILLS", "20")) // 3
RATE, BURST = 0.05, 20
CHANGES = {"service": {"workers": 2}, "budget": {"rate": RATE, "burst": BURST}, "route": {"interval": "20ms"},
           "pool": {"window": 400, "share": 0.5, "rule": "badge", "idle": "2s"}}


def test(stage):
    stage.create(partitions=4)
    feeder, oracle = Feeder(stage, rate=1500, bad_every=97), Oracle(stage, delay=0.2)
    feeder.start()
    oracle.start()
    for n in range(KILLS):
        daemon = stage.start(CHANGES)
        if n == 0:
            wait("the first version", lambda: any("/model/" in r.key.decode() for r in stage.read("models")))
        time.sleep(stage.random.uniform(0.1, 1.0) if n % 5 == 4 else stage.random.uniform(2.0, 5.0))
        if n % 3 == 2:
            daemon.stop()
        else:
            daemon.kill()
    feeder.end()
    daemon = stage.start(CHANGES).ready()
    stage.caught_up()
    wait("the last windows end by themselves", lambda: len(stage.read("predictions")) + len(stage.read("dead_letters")) >= feeder.n)
    tasks = accounts(stage)
    reasons = [t["reason"] for t in tasks]
    print("%d records, %d tasks: %s" % (feeder.n, len(tasks), {r: reasons.count(r) for r in set(reasons)}))
    check(len(tasks) <= RATE * feeder.n + 4 * (BURST + 1), "%d tasks of %d records", len(tasks), feeder.n)
    check(all(reasons.count(r) >= 20 for r in ("pool", "random", "uncertain")), "an arm is missing: %s", reasons)
    for t in tasks:
        equal(t["propensity"] == 1, t["reason"] != "random", "propensity of " + json.dumps(t["id"]))
    wait("every task is answered: %d of %d" % (len(oracle.answers), len(tasks)), lambda: len(oracle.answers) == len(tasks))
    oracle.end()
    learned(daemon, len(oracle.answers))


main(test)

"""I2, I1, I8: kill -9 at random moments, under load and learning. A read_committed reader sees each asked sample once, none missing;
each bad record is a dead letter once; the labelled set is the labels that were sent. Twice the broker is killed and resumed as well."""
import os
import time

import broker
from accounts import accounts, learned, progress, within_budget
from broker import equal, wait
from stream import Feeder, Oracle
from winnowd import main

KILLS = int(os.environ.get("WINNOWD_KILLS", "20"))
RATE = 0.05
CHANGES = {"service": {"workers": 2, "learner": True}, "budget": {"rate": RATE}, "route": {"interval": "20ms"}}  # an elected one would wait for the dead one's session


def test(stage):
    stage.create(partitions=4)
    feeder, oracle = Feeder(stage, rate=1500, bad_every=97), Oracle(stage, delay=0.2)
    feeder.start()
    oracle.start()
    for n in range(KILLS):
        daemon = stage.start(CHANGES)
        # Most kills strike while it works, some while it starts; uniform moments hit begun, filled and committing cycles alike.
        time.sleep(stage.random.uniform(0.1, 1.0) if n % 5 == 4 else stage.random.uniform(2.0, 5.0))
        if n in (KILLS // 3, 2 * KILLS // 3):
            broker.script("kill", broker.DIR)
            time.sleep(0.5)
            daemon.kill()
            broker.script("resume", broker.DIR)
        daemon.kill()
    feeder.end()
    daemon = stage.start(CHANGES).ready()
    stage.caught_up()
    tasks = accounts(stage)
    print("%d records, %d tasks, %.1f above the rate at most" % (feeder.n, len(tasks), within_budget(tasks, RATE)))
    wait(lambda: "every task is answered: %d of %d" % (len(oracle.answers), len(tasks)), lambda: len(oracle.answers) == len(tasks))
    oracle.end()
    learned(daemon, len(oracle.answers))
    labels = {r.key.decode() for r in stage.read("labels")}
    equal(labels, {t["id"] for t in tasks}, "labels on the topic")
    wait("the progress record says so", lambda: progress(stage).get("labelled") == len(tasks), every=0.5)
    asked, admitted = asked_and_admitted(stage, daemon)
    equal(admitted, sum(not isinstance(name, tuple) for name in stage.samples().values()), "admitted by the states")
    equal(asked, len(tasks), "asked by the states")


def asked_and_admitted(stage, daemon):
    """What the committed selection states say, over all partitions: a restart reads them back and tells."""
    daemon.stop()
    again = stage.start(CHANGES).ready()
    wait("4 partitions are owned", lambda: len(again.find("partition_owned")) == 4)
    owned = again.find("partition_owned")
    return sum(int(e["asked"]) for e in owned), sum(int(e["admitted"]) for e in owned)


main(test)

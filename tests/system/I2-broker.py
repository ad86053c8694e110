"""I2, I10: the daemon lives on while the broker hangs past every timeout, and while it is killed and comes back; then each sample is
asked once and none is missing, and it says the trouble while it lasts."""
import time

import broker
from accounts import accounts, within_budget
from broker import check, equal, wait
from stream import Feeder
from winnowd import main


def test(stage):
    stage.create(partitions=4)
    daemon = stage.start({"service": {"workers": 2}, "kafka": {"session_timeout": "6s"}}).ready()
    feeder = Feeder(stage, rate=1000, bad_every=89)
    feeder.start()
    daemon.await_event("policy_in_force")
    time.sleep(2)

    broker.script("pause", broker.DIR)
    time.sleep(9)  # longer than session and transaction
    broker.script("continue", broker.DIR)
    wait("it goes on after the pause", lambda: daemon.metric("outside_trouble", system="kafka") == 0 and daemon.metric("partitions_assigned") == 4)
    time.sleep(2)

    broker.script("kill", broker.DIR)
    time.sleep(3)
    check(daemon.process.poll() is None, "the daemon ended with the broker: %s", daemon.process.returncode)
    broker.script("resume", broker.DIR)
    wait("it goes on after the kill", lambda: daemon.metric("outside_trouble", system="kafka") == 0 and daemon.metric("partitions_assigned") == 4)
    time.sleep(3)
    feeder.end()
    stage.caught_up()
    tasks = accounts(stage)
    print("%d records, %d tasks, %.1f above the rate at most" % (feeder.n, len(tasks), within_budget(tasks, 0.05)))
    equal(daemon.get("/livez")[0], 200, "/livez")
    daemon.stop()


main(test)

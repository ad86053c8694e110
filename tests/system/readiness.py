"""/readyz says the truth, with the reason, in every phase: start, work, rebalance, broker loss, drain; /livez says yes in all of them."""
import signal
import time
import urllib.error

import broker
from broker import check, equal, wait
from stream import Job, feed
from winnowd import main


class Watch(Job):
    """Asks /readyz all the time; .answers: [(status, body)] without repeats of the last."""

    def __init__(self, stage, daemon):
        super().__init__(stage)
        self.daemon, self.answers = daemon, []

    def work(self):
        while not self.stopping.is_set():
            try:
                answer = self.daemon.get("/readyz")
                equal(self.daemon.get("/livez")[0], 200, "/livez")
            except (OSError, urllib.error.URLError):
                answer = (0, "")  # not there (any more)
            if not self.answers or self.answers[-1] != answer:
                self.answers.append(answer)
            time.sleep(0.005)


def ready(daemon, seconds=40):
    wait(lambda: "ready; now: %s" % (daemon.get("/readyz"),), lambda: daemon.get("/readyz")[0] == 200, seconds)


def not_ready(daemon, reason, seconds=40):
    wait(lambda: "not ready because of '%s'; now: %s" % (reason, daemon.get("/readyz")), lambda: (lambda a: a[0] == 503 and reason in a[1])(daemon.get("/readyz")), seconds)
    equal(daemon.get("/livez")[0], 200, "/livez")


def test(stage):
    stage.create(partitions=4, without=("models",))
    one = stage.start()
    not_ready(one, "the models topic has not been read")
    equal(one.metric("ready"), 0, "metric ready")
    broker.create_topics(stage.brokers, {stage.topic("models"): 1}, 1)
    ready(one)
    wait("metric ready", lambda: one.metric("ready") == 1)
    feed(stage, 500)
    stage.caught_up()

    watch = Watch(stage, one)
    watch.start()
    two = stage.start({"service": {"instance": "two", "state_dir": str(stage.dir / "two"), "learner": False}}, file="two.yaml")
    wait("the second one has its share", lambda: two.metric("partitions_assigned") == 2 and one.metric("partitions_assigned") == 2)
    ready(one)
    ready(two)
    check(any(status == 503 and "rebalanced" in body for status, body in watch.answers), "no word of the rebalance: %s", watch.answers)
    watch.end()

    broker.script("kill", broker.DIR)  # nothing is in flight: nobody would notice who does not look
    try:
        not_ready(one, "no broker answers")
        wait("metric ready", lambda: one.metric("ready") == 0 and one.metric("outside_trouble", system="kafka") == 1)
    finally:
        broker.script("resume", broker.DIR)
    ready(one)
    ready(two)

    feed(stage, 2000, seed=2)
    stage.caught_up()
    watch = Watch(stage, one)
    watch.start()
    broker.script("pause", broker.DIR)
    try:
        one.signal(signal.SIGTERM)
        wait(lambda: "it says that it is stopping: %s" % watch.answers, lambda: any(status == 503 and body.startswith("stopping") for status, body in watch.answers))
    finally:
        broker.script("continue", broker.DIR)
    one.ended(0)
    wait("it is gone", lambda: watch.answers[-1][0] == 0)
    watch.end()
    two.stop()


main(test)

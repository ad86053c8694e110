"""watch.shift: the samples of a stream move to where the model is in doubt. It is told without a label of them, once a version, and
not while the stream stays as it was."""
import json

from broker import check, equal, wait
from stream import Feeder, Oracle, feed, sample
from winnowd import main, run

# A few versions of some labels, one of some 860; then none.
BASE = {"budget": {"rate": 0.3, "random_share": 0.5}, "train": {"labels": 500, "growth": 10, "interval": "1h"}}


class Moved(Feeder):
    """Only samples near the line that separates the classes."""

    def send_one(self):
        while True:
            name, value = sample(self.n + 1, self.rng)
            event = json.loads(value)
            if abs(event["x"] + 0.5 * event["y"] - 1) < 0.2:
                break
        self.n += 1
        self.writer.send(self.topic, value, key=name)


def test(stage):
    stage.create()
    oracle = Oracle(stage)
    oracle.start()
    daemon = stage.start(BASE).ready()
    feed(stage, 100)
    wait("the first version", lambda: daemon.metric("model_version") > 0)
    feed(stage, 3900, seed=4)
    wait("a version of so many labels", lambda: daemon.metric("model_labelled_rows") >= 500)
    oracle.end()
    stage.caught_up()
    version, before = daemon.metric("model_version"), daemon.metric("samples_admitted_total")
    feed(stage, 20000, seed=2)
    wait("all is decided", lambda: daemon.metric("samples_admitted_total") == before + 20000)
    wait("it is looked at", lambda: daemon.metric("shift_evidence") > 0)
    equal((daemon.find("samples_shifted"), daemon.metric("shift_evidence") < 1000), ([], True), "nothing has shifted")

    feeder = Moved(stage, rate=4000, seed=3)
    feeder.start()
    event = daemon.await_event("samples_shifted")
    equal(event["version"], "%d" % version, "the version in force")
    decided = daemon.metric("samples_admitted_total")
    wait("as many again", lambda: daemon.metric("samples_admitted_total") > 2 * decided - before - 20000)
    feeder.end()
    equal((daemon.metric("model_version"), len(daemon.find("samples_shifted"))), (version, 1), "once a version")
    equal(daemon.metric("shifts_total", way="more"), 1, "which way")
    status = json.loads(daemon.get("/status")[1])
    check("became others" in run("status", "--listen", "127.0.0.1:%d" % daemon.port()).stdout, "status")
    equal(status["shifts"], {"more": 1, "less": 0}, "/status")
    daemon.leave()

    # A life that begins with the version cannot know whether it was fitted for the same measure.
    daemon = stage.start({**BASE, "query": {"measure": "entropy"}, "service": {"learner": False}}).ready()
    feed(stage, 20000, seed=5)
    wait("all is decided", lambda: daemon.metric("samples_admitted_total") >= 20000)
    equal((daemon.metric("model_version"), daemon.find("samples_shifted")), (version, []), "another measure is no shift")
    daemon.leave()


main(test)

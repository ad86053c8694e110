"""The label store is harmed while it is open: its file cut to nothing or to half, its directory removed or moved away. Learning fails and says so, scoring
never stops, and all that was answered is learned again from the topics; nothing is asked for that."""
import os
import shutil

from broker import check, equal, wait
from stream import Feeder, Oracle
from winnowd import main

SLOW = 120


def cut(part):
    def harm(labels):
        file = labels / "data.mdb"
        os.truncate(file, int(file.stat().st_size * part) // 4096 * 4096)
    return harm


HARMS = {"store_damaged": (cut(0), cut(0.5)), "store_gone": (shutil.rmtree, lambda labels: labels.rename(labels.parent / "elsewhere"))}


def test(stage):
    stage.create()
    daemon, oracle = stage.start({"budget": {"rate": 0.2}}).ready(), Oracle(stage)
    oracle.start()
    feeder = Feeder(stage, rate=200)
    feeder.start()
    labels = stage.dir / "one" / "labels"
    for event, harms in HARMS.items():
        for harm in harms:
            rows = daemon.metric("labelled_rows")
            wait("something is learned", lambda: daemon.metric("labelled_rows") >= rows + 100, SLOW)
            since = len(daemon.events)
            harm(labels)
            daemon.await_event(event, SLOW, since)
            daemon.await_event("learner_failed", SLOW, since)
            scored = daemon.metric("samples_total")
            wait("scoring goes on", lambda: daemon.metric("samples_total") > scored + 200, SLOW)
            equal(daemon.get("/readyz")[0], 200, "/readyz")
            wait("a new store has what the old one had", lambda: daemon.metric("labelled_rows") > rows + 100, SLOW)
    feeder.end()
    stage.caught_up()
    tasks = stage.tasks()
    equal(len({t["sample_id"] for t in tasks}), len(tasks), "samples asked about")
    wait(lambda: "all is learned: %s of %d" % (daemon.metric("labelled_rows"), len(tasks)), lambda: daemon.metric("labelled_rows") == len(tasks), SLOW)
    oracle.end()
    check(daemon.process.poll() is None, "it never ended")
    daemon.stop()


main(test)

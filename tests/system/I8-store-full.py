"""I8, I10: when the label store is full, learning waits and says so, scoring goes on; a process that has room takes over.
With room again everything is learned, nothing twice."""
from accounts import accounts, learned, progress
from broker import check, equal, wait
from stream import Oracle, feed
from winnowd import main

SMALL = {"budget": {"rate": 0.5}, "train": {"store": "1MiB"}}


def test(stage):
    stage.create()
    daemon, oracle = stage.start(SMALL).ready(), Oracle(stage)
    oracle.start()
    daemon.await_event("learner_ready")
    roomy = stage.start({"budget": {"rate": 0.5}, "service": {"instance": "two", "state_dir": str(stage.dir / "two")}}, "two.yaml").ready()
    writer, seed = feed(stage, 5000), 1
    while not daemon.find("store_full"):
        seed += 1
        check(seed < 12, "1 MiB is never full")
        feed(stage, 5000, seed=seed)
        stage.caught_up()
    equal(daemon.metric("outside_trouble", system="store"), 1, "trouble is shown")
    scored = daemon.metric("samples_admitted_total")
    feed(stage, 5000, seed=seed + 1)
    stage.caught_up()
    wait("scoring goes on", lambda: daemon.metric("samples_admitted_total") > scored)
    equal(daemon.get("/livez")[0], 200, "/livez")
    roomy.await_event("learner_ready")
    daemon.await_event("learner_failed")
    tasks = accounts(stage)
    wait("answered", lambda: len(oracle.answers) == len(tasks))
    learned(roomy, len(tasks))
    equal(daemon.metric("outside_trouble", system="store"), 1, "trouble is still shown")
    roomy.stop()
    daemon.stop()

    daemon = stage.start({"budget": {"rate": 0.5}}, "roomy.yaml").ready()
    tasks = accounts(stage)
    wait("answered", lambda: len(oracle.answers) == len(tasks))
    learned(daemon, len(tasks))
    wait("progress", lambda: progress(stage).get("labelled") == len(tasks), every=0.3)
    oracle.end()
    daemon.stop()


main(test)

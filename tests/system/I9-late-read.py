"""I9: a version that was published is read back before the next one is made, however long the broker's answers take: else two models
would have one number, and workers would score with either."""
from accounts import progress
from broker import check, equal, wait
from kafka_proxy import Proxy
from stream import Oracle, feed
from winnowd import main


def versions(stage):
    """The numbers of all versions ever written, in order."""
    keys = [r.key.decode().split("/") for r in stage.read("models") if r.value is not None]
    return [int(key[2]) for key in keys if key[1] == "model" and key[3] == "0"]


def test(stage):
    stage.create()
    with Proxy(stage.brokers) as proxy:
        daemon, oracle = stage.start({"kafka": {"brokers": proxy.brokers}}).ready(), Oracle(stage)
        oracle.start()
        feed(stage, 2000)
        wait("a model is live", lambda: versions(stage))
        stage.caught_up()
        asked = len(stage.tasks())
        wait(lambda: "all of %d are learned: %g are open, %g learned" % (asked, daemon.metric("open_tasks"), daemon.metric("labelled_rows")),
             lambda: daemon.metric("open_tasks") == 0 and daemon.metric("labelled_rows") == asked)
        mark = proxy.mark()
        held = proxy.hold("Fetch", times=None, has=stage.topic("models").encode())
        for seed in (2, 3):  # makes a version due, if none was under way; it cannot be read back
            feed(stage, 500, seed=seed)
        proxy.wait_for("InitProducerId", mark, transactional_id="%s-learner" % stage.name)  # it begins to read again
        held.end()
        wait("all is learned after all", lambda: progress(stage).get("labelled") == len(oracle.answers) == len(stage.tasks()), every=0.3)
        wait("and live", lambda: daemon.metric("model_labelled_rows") == daemon.metric("labelled_rows"), every=0.3)
        daemon.stop()
        oracle.end()
    numbers = versions(stage)
    equal(numbers, sorted(set(numbers)), "numbers of versions")
    check(not daemon.find("learner_failed"), "learning failed")


main(test)

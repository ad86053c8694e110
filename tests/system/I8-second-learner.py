"""I8: two processes say `service.learner: true`. The later one fences the earlier, which says so, learns no more and goes on scoring; no label is
learned twice and no version number is used twice. Beside them one of `auto` that is fenced stands by, is elected again, and so ends the other."""
import re

from accounts import accounts, once, progress
from broker import check, equal, wait
from stream import Oracle, feed
from winnowd import main


def test(stage):
    stage.create(partitions=4)
    first, oracle = stage.start({"service": {"learner": True}}, "first.yaml").ready(), Oracle(stage)
    oracle.start()
    feed(stage, 4000)
    stage.caught_up()
    wait("the first has published", lambda: first.metric("models_published_total") >= 1)
    second = stage.start({"service": {"instance": "two", "state_dir": str(stage.dir / "two"), "learner": True}}, "second.yaml").ready()
    second.await_event("learner_ready")
    feed(stage, 4000, seed=2)
    first.await_event("learner_fenced")
    equal(first.metric("learner_active"), 0, "the first learns")
    equal(first.metric("fenced"), 1, "the first is fenced")
    equal(second.metric("learner_active"), 1, "the second learns")
    wait("they share", lambda: first.metric("partitions_assigned") == 2 and second.metric("partitions_assigned") == 2)
    scored = first.metric("samples_admitted_total")
    feed(stage, 4000, seed=3)
    stage.caught_up()
    check(first.metric("samples_admitted_total") > scored, "the fenced one goes on scoring")
    equal(first.get("/livez")[0], 200, "/livez of the fenced one")
    tasks = accounts(stage)
    wait("answered", lambda: len(oracle.answers) == len(tasks))
    wait("learned", lambda: second.metric("labelled_rows") == len(tasks), every=0.2)
    wait("progress", lambda: progress(stage).get("labelled") == len(tasks), every=0.3)
    newest = second.metric("model_version")
    wait("the first follows the second's models", lambda: first.metric("model_version") >= newest)
    beside(stage, first)
    keys = [r.key.decode() for r in stage.read("models") if r.value and re.search(r"/model/\d+/0$", r.key.decode())]
    once(keys, "versions published")
    oracle.end()
    second.stop()


def beside(stage, first):
    """`auto` and `true` heed each other by fences only."""
    first.stop()
    auto = stage.start({"service": {"instance": "three", "state_dir": str(stage.dir / "three")}}, "three.yaml")
    auto.await_event("learner_ready")
    seen = len(auto.events)
    first = stage.start_with(first.config)
    first.await_event("learner_ready")
    feed(stage, 2000, seed=4)  # who is fenced hears of it when it writes
    auto.await_event("learner_replaced", since=seen, why="another learner has fenced it")
    equal(auto.metric("fenced"), 0, "the elected one counts itself as out")
    auto.await_event("learner_ready", since=seen)
    feed(stage, 2000, seed=5)
    first.await_event("learner_fenced")
    equal((auto.metric("learner_active"), first.metric("learner_active")), (1, 0), "who learns")
    first.stop()
    auto.stop()


main(test)

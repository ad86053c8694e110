"""Of three processes that may learn one does and the others stand by. It is killed, told to stop, put to sleep beyond its session: each time
another goes on, nothing is learned twice or lost, no version number is used twice, and every process's status says who learns. The last one
has no workers: it only learns."""
import json
import re
import signal
import time

from accounts import accounts, once, progress
from broker import check, equal, wait
from stalls import Stalls
from stream import Oracle, feed
from winnowd import main, run

SESSION, GRACE = 30, 5  # seconds: kafka.session_timeout, and what a successor may take besides


def learners(daemons):
    """Those that learn now."""
    return [d for d in daemons if d.metric("learner_active") == 1]


def member(stage, name, **more):
    return stage.start({"service": {"instance": name, "state_dir": str(stage.dir / name), **more}, "kafka": {"session_timeout": "%ds" % SESSION}}, name + ".yaml")


def one_learns(daemons, learner):
    wait("one learns, the others stand by", lambda: learners(daemons) == [learner] and all(d.metric("learner_standby") == (d != learner) for d in daemons))
    name = json.loads(learner.get("/status")[1])["instance"]
    for d in daemons:
        wait("every status says who learns", lambda: (lambda l: (l["by"], l["state"]))(json.loads(d.get("/status")[1])["learner"])
             == (name, "learns" if d == learner else "stands_by"))
        wait("`winnowd status` says it too", lambda: ("this process learns" if d == learner else "stands by; it is " + name)
             in run("status", "--listen", "127.0.0.1:%d" % d.port()).stdout, every=0.3)
        check("learn" not in d.get("/readyz")[1], "/readyz: %s", d.get("/readyz"))


def settled(stage, oracle, learner, seed):
    """More samples, and all that was asked is answered and learned by that one."""
    feed(stage, 2000, seed=seed)
    stage.caught_up()
    tasks = accounts(stage)
    wait("answered", lambda: len(oracle.answers) == len(tasks))
    wait("learned", lambda: learner.metric("labelled_rows") == len(tasks), every=0.1)
    wait("progress", lambda: progress(stage).get("labelled") == len(tasks), every=0.3)
    equal(learner.metric("labels_total", outcome="duplicate") + learner.metric("labels_total", outcome="conflict"), 0, "labels taken twice")


def versions(stage):
    """Each number once, in ascending order, the whole life of the service."""
    keys = [r.key.decode() for r in stage.read("models") if r.value and re.search(r"/model/\d+/0$", r.key.decode())]
    once(keys, "versions published")
    numbers = [int(k.split("/")[-2]) for k in keys]
    equal(numbers, sorted(numbers), "their order")
    return numbers


def test(stage):
    with Stalls() as stalls:
        play(stage, stalls)


def play(stage, stalls):
    stage.create(partitions=4)
    oracle = Oracle(stage)
    oracle.start()
    started = time.monotonic()
    one = member(stage, "one").ready()
    one.await_event("learner_ready")
    print("alone, learning after %.1f s" % (time.monotonic() - started))
    two = member(stage, "two").ready()
    two.await_event("learner_standby")
    three = member(stage, "three").ready()
    three.await_event("learner_standby")
    one_learns([one, two, three], one)
    settled(stage, oracle, one, 1)
    equal([d.metric("models_published_total") for d in (two, three)], [0, 0], "versions of those that stand by")

    feed(stage, 1000, seed=2)  # labels come while nobody learns
    one.kill()
    died = time.monotonic()
    two.await_event("learner_ready")
    ready = time.monotonic()
    print("killed: replaced after %.1f s" % (ready - died))
    check(stalls.own(died + SESSION, ready) < GRACE, "replaced after %.1f s", ready - died)
    one_learns([two, three], two)
    settled(stage, oracle, two, 3)
    one = member(stage, "one").ready()  # the learner's place is not taken back by who was there first
    one.await_event("learner_standby")
    one_learns([one, two, three], two)

    told = time.monotonic()
    two.stop()
    three.await_event("learner_elected")
    elected = time.monotonic()
    print("stopped: replaced after %.1f s" % (elected - told))
    check(elected - told - stalls.still(told, elected) < SESSION - 1, "the successor waited for the session's end: %.1f s", elected - told)
    one_learns([one, three], three)
    settled(stage, oracle, three, 4)

    seen, asleep = len(one.events), len(three.events)
    three.signal(signal.SIGSTOP)
    one.await_event("learner_elected", since=seen)
    feed(stage, 1000, seed=5)
    wait("it publishes", lambda: one.metric("models_published_total") > 0)
    three.signal(signal.SIGCONT)
    three.await_event("learner_replaced", since=asleep)
    three.await_event("learner_standby", since=asleep)  # until then it may be the elder in the group, and the other is held up
    one_learns([one, three], one)
    settled(stage, oracle, one, 6)
    numbers = versions(stage)

    two = member(stage, "two", workers=0).ready()
    equal(two.get("/readyz")[0], 200, "/readyz of one without workers")
    two.await_event("learner_standby")
    three.stop()
    one.signal(signal.SIGTERM)
    two.await_event("learner_ready")
    one.ended(0)
    one = member(stage, "one", learner=False).ready()
    settled(stage, oracle, two, 7)
    equal((two.metric("partitions_assigned"), two.metric("samples_admitted_total")), (0, 0), "partitions and samples of one without workers")
    wait("a learner apart serves the worker", lambda: one.metric("model_version") == two.metric("model_version") > numbers[-1])
    versions(stage)
    oracle.end()
    one.stop()
    two.stop()


main(test)

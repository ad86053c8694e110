"""I3: delivery at_least_once, and the answers of produce requests are lost, or the requests.

The worker gives up its attempt, and what is unacknowledged with it; the next one must not take
sequence numbers that the broker has seen. Every record has its outcome, every good sample its task,
and what comes twice says the same. Each trouble strikes tasks, predictions and dead letters:

  silence  no answer comes: the records are in flight when they are given up;
  outage   the network goes just before an answer: they wait in the client's queue for their next
           try, and the broker has them;
  unsent   in flight, and the broker has never seen them;
  absent   they wait in the queue, and the broker has never seen them.

At last the answer to the commit of the offsets is lost.
"""
import json

from accounts import place
from broker import check, equal, wait
from kafka_proxy import Proxy
from stream import Source
from winnowd import main

KINDS = ("tasks", "predictions", "dead_letters")
BURST = 4  # records of a trouble


def one_each(records, what):
    """{place: what was said}; who comes twice must say the same."""
    out = {}
    for at, said in records:
        equal(said, out.setdefault(at, said), "a repeat of %s %s" % (what, at))
    return out


def accounts(stage):
    samples = stage.samples()
    good = {at for at, name in samples.items() if not isinstance(name, tuple)}
    predictions = one_each(
        (((p["partition"], p["offset"]), (p["id"], p["asked"]))
         for p in (json.loads(r.value) for r in stage.read("predictions"))), "prediction")
    tasks = one_each(((place(t), (t["id"], t["sample_id"])) for t in stage.tasks()), "task")
    letters = {(int(r.headers["__connect.errors.partition"]),
                int(r.headers["__connect.errors.offset"])) for r in stage.read("dead_letters")}
    for got, wanted, what in ((predictions, good, "predictions"), (tasks, good, "tasks"),
                              (letters, set(samples) - good, "dead letters")):
        check(set(got) == wanted, "%s missing: %s; of nothing: %s", what,
              sorted(wanted - set(got))[:5], sorted(set(got) - wanted)[:5])
    equal({at: said[0] for at, said in predictions.items()},
          {at: said[0] for at, said in tasks.items()}, "ids of predictions and tasks")


def given_up(daemon):
    """Attempts of a cycle that failed, so far."""
    figures = daemon.metrics()
    return sum(figures.get('winnowd_cycles_total{outcome="%s"}' % how, 0)
               for how in ("retried", "dropped"))


# ---- troubles: each begins with the first request that it strikes, until it is ended ----


def silence(proxy, ours):
    return proxy.swallow("Produce", times=None, when=ours)


def outage(proxy, ours):
    return proxy.cut("Produce", shut=True, when=ours)


def unsent(proxy, ours):
    return proxy.lose("Produce", times=None, when=ours)


def absent(proxy, ours):
    return unsent(proxy, ours)  # and then the network goes


def test(stage):
    stage.create()
    topics = {stage.topic(kind) for kind in KINDS}
    with Proxy(stage.brokers) as proxy:
        daemon = stage.start({
            "service": {"delivery": "at_least_once", "learner": False},
            "budget": {"rate": 1, "random_share": 1},
            "kafka": {"brokers": proxy.brokers, "session_timeout": "6s", "consumer": {"socket.timeout.ms": 3000}}}).ready()
        source = Source(stage)

        def send():
            for kind in ("tasks", "dead_letters"):
                source.send(kind, BURST)

        def plain():
            send()
            stage.caught_up()
            accounts(stage)

        plain()
        for trouble in (silence, outage, unsent, absent):
            before = given_up(daemon)
            lost = trouble(proxy, lambda request: topics & set(request.topics))
            send()
            lost.wait()
            if trouble is absent:
                proxy.shut()
            wait("the attempt is given up", lambda: given_up(daemon) > before)
            lost.end()
            proxy.open()
            stage.caught_up()
            accounts(stage)
            plain()
            print("%s: nothing is missing" % trouble.__name__, flush=True)
        lost = proxy.swallow("OffsetCommit")
        send()
        lost.wait()
        plain()
        daemon.stop()


main(test)

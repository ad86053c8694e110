"""I2, I1, I9: the answer of a produce request is lost and its transaction aborted.

The broker has the records and drops them with the abort. A producer that goes on may then give
their sequence numbers to its next records, which the broker takes for repeats: acknowledged, and
not written. For each that writes in transactions (a worker's tasks, predictions and dead letters;
the learner's versions; dead letters that are fed again) a read_committed reader must find every
record, once, and every version whole.

It is no matter of luck here: librdkafka does this when the records wait in its own queue for their
next try while the transaction is aborted. So their request stays unanswered, however often it is
sent, until the attempt has ended; and what is sent next is one batch of as many records to the same
partition, which is what the broker takes for a repeat.
"""
import json
import time
import traceback

import broker
from accounts import accounts, learned, once
from broker import Failure, check, equal, wait
from kafka_proxy import Proxy
from stream import Oracle, Source, feed
from winnowd import Stage, main, run

TOO_LARGE = 10  # Kafka's MESSAGE_TOO_LARGE: an error that ends the transaction, not the producer
PLAIN = 10  # records of each kind before and after, so that every partition is written to


def settings(proxy, **more):
    """The session is long, so that the broker does not end the transaction before the daemon does.
    A request times out after the 5 s that the daemon gives one call of the library: then it is not
    sent again within the call, and the transaction is aborted while the records are unanswered."""
    return {"kafka": {"brokers": proxy.brokers, "session_timeout": "60s",
                      "producer": {"socket.timeout.ms": 5500}}, **more}


def attempt_ended(proxy, since, **whose):
    """The transaction was aborted, or its producer is gone and a new one has begun."""
    return (proxy.count("EndTxn", since, committed=False, **whose)
            or proxy.count("InitProducerId", since, **whose))


# ---- a worker ----


def worker(kind):
    def test(stage, proxy):
        daemon = stage.start(settings(proxy, service={"learner": False},
                                      budget={"rate": 1, "random_share": 1})).ready()
        source = Source(stage)

        def plain():
            for _ in range(PLAIN):
                source.send("tasks")
                source.send("dead_letters")
            stage.caught_up()

        plain()
        since = proxy.mark()
        offsets = proxy.swallow("TxnOffsetCommit", times=None)
        lost = proxy.swallow("Produce", topic=stage.topic(kind), times=None)
        source.send(kind)
        lost.wait()
        proxy.wait("the attempt has ended", lambda: attempt_ended(proxy, since))
        lost.end()
        offsets.end()
        stage.caught_up()
        accounts(stage)
        plain()
        equal(len(accounts(stage)), sum(not isinstance(s, tuple) for s in stage.samples().values()),
              "tasks, every good sample being asked")
        daemon.stop()
    return test


# ---- the learner ----


def learner(stage, proxy):
    """A version is its weights, the policy that makes it live, and the learner's progress, here
    each a request of its own. A commit that waits for answers is not aborted; a refusal does that.
    So two stay unanswered and the third is refused: two numbers are given back, one is not, and
    the weights of the next attempt take that of the policy."""
    changes = settings(proxy, budget={"rate": 0.1})
    changes["kafka"]["producer"]["batch.num.messages"] = 1
    daemon, oracle = stage.start(changes).ready(), Oracle(stage)
    oracle.start()
    learner_id = {"transactional_id": stage.name + "-learner"}

    def teach(seed):
        feed(stage, 400, seed=seed)
        stage.caught_up()

    def taught():
        learned(daemon, len(stage.tasks()))

    teach(1)
    taught()
    daemon.await_event("model_published")
    since, published = proxy.mark(), len(daemon.find("model_published"))
    weights = proxy.swallow("Produce", has=b"/model/", **learner_id)
    policy = proxy.swallow("Produce", has=b"/policy", after=weights, **learner_id)
    refused = proxy.refuse("Produce", TOO_LARGE, times=None, after=policy, **learner_id)
    teach(2)
    weights.wait()
    policy.wait()
    refused.wait()
    proxy.shut()  # what is unanswered goes back into the client's queue
    proxy.open()
    proxy.wait("the attempt has ended", lambda: attempt_ended(proxy, since, **learner_id))
    refused.end()
    wait("a version more", lambda: len(daemon.find("model_published")) > published)
    teach(3)
    taught()
    wait("it is live", lambda: daemon.metric("model_version") == versions(stage)[-1])
    oracle.end()
    daemon.stop()


def versions(stage):
    """The versions on the topic, as a reader finds them: each whole, in order, none twice."""
    chunks, live = {}, 0
    for r in stage.read("models"):
        words = r.key.decode().split("/")
        if words[1] == "model" and r.value is not None:
            chunks.setdefault(int(words[2]), []).append((int(words[3]), int(r.headers["chunks"])))
        elif words[1] == "policy" and r.value is not None:
            live = json.loads(r.value).get("live") or live
            check(not live or live in chunks, "version %s is live, and not on the topic, of %s",
                  live, sorted(chunks))
    for version, parts in chunks.items():
        whole = [(i, parts[0][1]) for i in range(parts[0][1])]
        equal(sorted(parts), whole, "chunks of version %d" % version)
    equal(list(chunks), list(range(1, len(chunks) + 1)), "versions")
    return sorted(chunks)


# ---- dead letters that are fed again ----


def retry(stage, proxy):
    """A sample is fed again and its receipt written in one transaction: the sample's request stays
    unanswered, the receipt is refused. Whatever the command makes of it, after the next one that
    succeeds each letter has been fed again once."""
    daemon = stage.start(settings(proxy, service={"learner": False})).ready()
    source = Source(stage)
    mended = {"id": "mended-good", "x": 1, "y": 1, "kind": "a"}
    edit = stage.dir / "mended.json"
    edit.write_text(json.dumps(mended))
    for _ in range(PLAIN):
        source.send("dead_letters")
    stage.caught_up()
    places = {"%d/%d" % (r.partition, r.offset) for r in stage.read("dead_letters")}
    equal(len(places), PLAIN, "dead letters")

    def feed_again(place):
        return run("dead-letters", "-c", daemon.config, "retry", place, "--edit", edit)

    first = sorted(places)[0]
    whose = {"transactional_id": stage.name + "-retry"}
    lost = proxy.swallow("Produce", topic=stage.topic("samples"), times=None, **whose)
    refused = proxy.refuse("Produce", TOO_LARGE, topic=stage.topic("dead_letters"), once=lost,
                           times=None, **whose)
    done = feed_again(first)
    check(done.returncode != 0, "a retry that was refused: %s", done.stderr)
    lost.wait()
    refused.wait()
    lost.end()
    refused.end()
    for place in sorted(places):
        done = feed_again(place)
        equal(done.returncode, 0, "retry %s: %s" % (place, done.stderr))
    again = [r.headers["winnowd.retry.of"].decode() for r in stage.read("samples")
             if "winnowd.retry.of" in r.headers]
    equal(once(again, "letters were fed again"), places, "letters fed again")
    wait("they are decided", lambda: sum(json.loads(r.value)["sample_id"] == mended["id"]
                                         for r in stage.read("predictions")) == len(places))
    daemon.stop()


# ----


def part(stage, name, kind, failed):
    """One kind of writer on topics of its own. When it fails, the others still have their turn."""
    own = Stage("lost-" + name)
    own.brokers = stage.brokers
    stage.within.append(own)
    own.create()
    started = time.monotonic()
    with Proxy(own.brokers) as proxy:
        try:
            kind(own, proxy)
            print("%s: nothing is missing, nothing is twice (%.0f s)" % (
                name, time.monotonic() - started), flush=True)
        except Failure as failure:
            traceback.print_exc()
            failed.append("%s: %s" % (name, failure))
            for daemon in own.daemons:
                daemon.kill()


def test(stage):
    failed = []
    for name, kind in (("tasks", worker("tasks")), ("predictions", worker("predictions")),
                       ("dead-letters", worker("dead_letters")), ("retry", retry)):
        part(stage, name, kind, failed)
    # A broker since 3.6 notices by chance where more follows the repeat in its transaction: it
    # still expects the sequence number for which it has asked the coordinator. Older ones do not.
    directory = str(stage.dir / "kafka")
    stage.brokers = broker.script("start", directory, "1",
                                  "transaction.partition.verification.enable=false")
    try:
        part(stage, "versions", learner, failed)
    finally:
        broker.script("stop", directory)
    check(not failed, "%d kinds of records:\n%s", len(failed), "\n".join(failed))


main(test)

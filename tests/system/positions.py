"""I1, I8: a position is believed only where it belongs. It follows the end of a partition behind transaction markers, so retention beyond it
loses nothing and lag is 0 on a quiet transactional stream; a topic made anew, a log that ends before the position, and records that were deleted
unread are states of that partition alone: named in the log, the metric, /readyz and `winnowd offsets`, which sets it; nothing ends."""
import fcntl
import json
import random
import signal
import time

import broker
from broker import PATIENCE, check, equal, wait
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions
from stream import sample, truth_of
from winnowd import main, run

CHANGES = {"route": {"interval": "20ms", "interval_max": "200ms"}, "budget": {"rate": 0.05, "upfront": 400},
           "train": {"first": 10, "interval": "100ms"}}


class Upstream:
    """A producer of samples whose transactions leave markers behind them."""

    def __init__(self, stage, topic=None):
        self.topic, self.rng, self.n = topic or stage.topic("samples"), random.Random(5), 0
        self.producer = Producer({"bootstrap.servers": stage.brokers, "transactional.id": self.topic + "-upstream", "log_level": 2})
        self.producer.init_transactions(PATIENCE)

    def send(self, total, partition=0, commit=True):
        self.producer.begin_transaction()
        for _ in range(total):
            self.n += 1
            name, value = sample(self.n, self.rng)
            self.producer.produce(self.topic, value, name, partition=partition)
        self.producer.flush(PATIENCE)
        (self.producer.commit_transaction if commit else self.producer.abort_transaction)(PATIENCE)


def delete_records(stage, topic, offsets):
    """What retention does: {partition: first offset that stays}; -1: all."""
    path = stage.dir / "delete.json"
    path.write_text(json.dumps({"version": 1, "partitions": [{"topic": topic, "partition": p, "offset": o} for p, o in offsets.items()]}))
    broker.script("tool", "org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server", stage.brokers, "--offset-json-file", str(path))


def make_anew(stage, topic, partitions):
    """Deletes a topic and makes it again, with nothing in it."""
    admin = AdminClient({"bootstrap.servers": stage.brokers})
    admin.delete_topics([topic], operation_timeout=PATIENCE)[topic].result(PATIENCE)
    wait("topic %s is gone" % topic, lambda: not broker.topic_exists(stage.brokers, topic))
    broker.create_topics(stage.brokers, {topic: None}, partitions)


def offsets(daemon, topic=None):
    """What `winnowd offsets show` says: {(topic, partition): row}."""
    said = run("offsets", "-c", daemon.config, "--json", "show")
    equal(said.returncode, 0, "offsets show: " + said.stdout + said.stderr)
    return {(r["topic"], r["partition"]): r for r in json.loads(said.stdout) if topic in (None, r["topic"])}


def set_offset(daemon, topic, partition, where, code=0):
    said = run("offsets", "-c", daemon.config, "set", topic, str(partition), where)
    equal(said.returncode, code, "offsets set: " + said.stdout + said.stderr)
    return said.stdout + said.stderr


def lost(daemon, state, n=1):
    wait("%d partitions %s" % (n, state), lambda: daemon.metric("positions_lost", state=state) == n)
    code, body = daemon.get("/readyz")
    check("stand still (%s)" % state in body, "/readyz says %d %s", code, body)
    return code


def decided(daemon, n):
    wait(lambda: "%d samples are decided: %s" % (n, daemon.metric("samples_total")), lambda: daemon.metric("samples_total") >= n)
    equal(daemon.metric("samples_total"), n, "samples decided")


def markers(stage, upstream):
    """Behind committed and aborted records lag is 0 and the committed offset is the end; what is deleted then was read."""
    daemon = stage.start(CHANGES).ready()
    upstream.send(10)
    upstream.send(52, commit=False)
    upstream.send(5, partition=1)
    stage.caught_up()
    wait("no lag behind the markers", lambda: daemon.metric("lag_samples") == 0)
    wait(lambda: "committed: the ends, markers included: %s" % stage.state(), lambda: {p: at[0] for p, at in stage.state().items()} == {0: 64, 1: 6})
    decided(daemon, 15)
    daemon.stop()
    delete_records(stage, stage.topic("samples"), {0: -1})
    daemon = stage.start(CHANGES).ready()
    upstream.send(3)
    decided(daemon, 3)
    return daemon


def labels_markers(stage, daemon):
    """The same of tasks and labels, whose positions are the learner's."""
    tasks = wait("tasks", lambda: stage.tasks())
    labels = Upstream(stage, stage.topic("labels"))
    labels.producer.begin_transaction()
    for t in tasks:
        labels.producer.produce(labels.topic, json.dumps({"id": t["id"], "label": truth_of(t["sample_id"])}), t["id"], partition=0)
    labels.producer.commit_transaction(PATIENCE)
    wait("all are learned", lambda: daemon.metric("labelled_rows") == len(tasks))
    wait("the store stands behind the marker", lambda: offsets(daemon)["labels", 0]["lag"] == 0, every=0.5)
    daemon.stop()
    equal(offsets(daemon)["labels", 0]["position"], len(tasks) + 1, "position: behind the marker")
    delete_records(stage, stage.topic("labels"), {0: -1})
    delete_records(stage, stage.topic("tasks"), {0: -1, 1: -1})
    daemon = stage.start(CHANGES).ready()
    daemon.await_event("learner_ready")
    check(not daemon.find("position_lost"), "no position is lost by retention of what was read")
    wait("nothing is forgotten", lambda: daemon.metric("labelled_rows") == len(tasks))
    return daemon, len(tasks)


def anew_while_it_runs(stage, daemon, upstream):
    """The samples topic is made anew with more records than were read. The daemon goes on, its learner too."""
    make_anew(stage, upstream.topic, 2)
    upstream.send(100)
    upstream.send(40, partition=1)
    wait("both partitions stand still, each with its name",
         lambda: sum(daemon.metric("positions_lost", state=s) for s in ("anew", "ahead")) == 2)
    check(daemon.get("/readyz")[0] == 503, "/readyz")
    check(daemon.process.poll() is None, "it runs on")
    said = set_offset(daemon, "samples", 0, "earliest", code=69)
    check("has members" in said, "refused: %s", said)
    check("restart this process" in daemon.get("/readyz")[1], "/readyz does not say what to do where the offsets went with their topic")
    daemon.leave()
    rows = offsets(daemon, "samples")
    print({p: r["state"] for p, r in rows.items()})
    for p in (0, 1):
        if rows["samples", p]["position"] is None:
            check("restart it" in rows["samples", p]["advice"], "what to do: %s", rows)
        else:
            check(rows["samples", p]["state"] in ("anew", "ahead"), "state: %s", rows)
            set_offset(daemon, "samples", p, "earliest")
    daemon = stage.start(CHANGES).ready()
    decided(daemon, 140)
    check(not daemon.find("state_wiped"), "the selection state goes along")
    stage.caught_up()
    daemon.leave()


def beyond_the_end(stage, upstream):
    """A position past the end, and one below the log's start: that partition stands still, the other goes on; or it goes on by itself."""
    state = stage.state()
    wait("the group is empty", lambda: broker.commit(stage.brokers, stage.name, upstream.topic, {0: (100000, b""), 1: state[1]}) == 0)
    daemon = stage.start(CHANGES).ready()
    equal(lost(daemon, "ahead"), 503, "/readyz")
    upstream.send(7, partition=1)
    decided(daemon, 7)
    check("stand still (ahead)" in daemon.get("/status")[1], "/status, which `winnowd status` tells")
    daemon.leave()
    equal(offsets(daemon)["samples", 0]["state"], "ahead", "state")
    set_offset(daemon, "samples", 0, "latest")

    upstream.send(20)
    end = offsets(daemon)["samples", 0]
    delete_records(stage, upstream.topic, {0: end["position"] + 15})
    daemon = stage.start(CHANGES).ready()
    lost(daemon, "gone")
    daemon.stop()
    equal(offsets(daemon)["samples", 0]["state"], "gone", "state")
    daemon = stage.start({**CHANGES, "kafka": {"lost_position": "earliest"}}).ready()
    decided(daemon, 5)
    equal(daemon.metric("positions_moved_total", state="gone"), 1, "counted")
    equal(int(daemon.await_event("position_moved")["to"]), end["position"] + 15, "goes on at the earliest record")
    daemon.stop()


def labels_anew(stage, learned):
    """The labels topic is made anew, with more records than the position says."""
    make_anew(stage, stage.topic("labels"), 2)
    writer = broker.Writer(stage.brokers)
    for n in range(learned + 50):
        writer.send(stage.topic("labels"), json.dumps({"id": "%032x" % n, "label": "good"}), partition=0)
    writer.flush()
    daemon = stage.start(CHANGES).ready()
    daemon.await_event("learner_ready")
    lost(daemon, "anew")
    equal(daemon.metric("labelled_rows"), learned, "what was learned stays")
    equal(daemon.metric("learner_failed"), 0, "the learner goes on")
    said = set_offset(daemon, "labels", 0, "earliest", code=69)
    check("stop it first" in said, "refused: %s", said)
    daemon.stop()
    equal(offsets(daemon)["labels", 0]["state"], "anew", "state")
    set_offset(daemon, "labels", "lost", "earliest")
    daemon = stage.start(CHANGES).ready()
    wait("all of the new topic is read", lambda: sum(daemon.metric("labels_total", outcome=o) for o in ("early", "unknown")) == learned + 50)
    daemon.stop()


def tasks_anew(stage):
    """The tasks topic is made anew: all its partitions are set at once, and whoever has the store open is not waited for."""
    daemon = stage.start(CHANGES).ready()
    daemon.await_event("learner_ready")
    daemon.stop()
    make_anew(stage, stage.topic("tasks"), 2)
    states = {p: row["state"] for (_, p), row in offsets(daemon, "tasks").items()}
    check(set(states) == {0, 1} and set(states.values()) <= {"anew", "ahead"}, "states: %s", states)
    with open(stage.dir / "one" / "labels.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started = time.monotonic()
        said = set_offset(daemon, "tasks", "lost", "earliest", code=69)
        check(said.count("another process") == 1, "said more than once: %s", said)
        check(time.monotonic() - started < 30, "it waited for a process that runs")
    said = set_offset(daemon, "tasks", "lost", "earliest")
    equal(said.count("is read from 0 on"), 2, "partitions that were set: " + said)
    equal({row["state"] for row in offsets(daemon, "tasks").values()}, {"ok"}, "states after it")


def models_anew(stage):
    """The models topic is made anew: it is read from its beginning, and nothing ends."""
    daemon = stage.start({**CHANGES, "service": {"learner": False}}).ready()
    live = daemon.metric("model_version")
    make_anew(stage, stage.topic("models"), 1)
    equal(daemon.await_event("position_moved")["topic"], stage.topic("models"), "what is read again")
    equal(daemon.metric("model_version"), live, "the version in force stays")
    daemon.stop()


def added_partition(stage):
    """`latest` is for the group's first life: a partition that comes later is read from its beginning; what is gone of it by then is said, and set."""
    name, topic = stage.name + "-latest", stage.topic("grows")
    broker.create_topics(stage.brokers, {topic: None}, 2)
    upstream = Upstream(stage, topic)
    upstream.send(30)
    changes = {**CHANGES, "service": {"name": name, "learner": False, "state_dir": str(stage.dir / "latest")},
               "topics": {"samples": topic}, "admit": {"start": "latest"},
               "kafka": {"common": {"topic.metadata.refresh.interval.ms": "1000"}}}
    daemon = stage.start(changes, "latest.yaml").ready()
    wait("both are committed", lambda: all(at[0] >= 0 for at in broker.committed(stage.brokers, name, topic, 2).values()))

    def committed(partition, end):  # else a stop beyond the session has it decide again, and count again
        wait("partition %d is committed" % partition, lambda: broker.committed(stage.brokers, name, topic, partition + 1)[partition][0] >= end)
    upstream.send(10)
    decided(daemon, 10)
    committed(0, 30 + 1 + 10)
    admin = AdminClient({"bootstrap.servers": stage.brokers})
    daemon.signal(signal.SIGSTOP)  # it sees the partition only when records are in it
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result(PATIENCE)
    wait("the partition is there", lambda: len(admin.list_topics(topic).topics[topic].partitions) == 3)
    Upstream(stage, topic).send(25, partition=2)
    daemon.signal(signal.SIGCONT)
    decided(daemon, 35)
    committed(2, 25)
    daemon.signal(signal.SIGSTOP)  # once more: now it sees the partition only when its records are gone
    admin.create_partitions([NewPartitions(topic, 4)])[topic].result(PATIENCE)
    wait("the partition is there", lambda: len(admin.list_topics(topic).topics[topic].partitions) == 4)
    Upstream(stage, topic).send(7, partition=3)
    delete_records(stage, topic, {3: 7})
    daemon.signal(signal.SIGCONT)
    said = daemon.await_event("position_lost")
    equal([said[k] for k in ("topic", "partition", "state", "position", "low")], [topic, "3", "gone", "0", "7"], "what is lost")
    Upstream(stage, topic).send(10)  # the others go on
    decided(daemon, 45)
    daemon.leave()
    set_offset(daemon, "samples", 3, "earliest")
    daemon = stage.start(changes, "latest.yaml").ready()
    Upstream(stage, topic).send(5, partition=3)
    decided(daemon, 5)
    daemon.stop()


def added_labels_deleted(stage):
    """A partition of labels whose records go before the learner, which looks once a minute, has found it: that is said, and set."""
    topic = stage.topic("labels")
    daemon = stage.start(CHANGES).ready()
    daemon.await_event("learner_ready")
    admin = AdminClient({"bootstrap.servers": stage.brokers})
    added = len(admin.list_topics(topic).topics[topic].partitions)
    daemon.signal(signal.SIGSTOP)  # it finds the partition only when its records are gone
    admin.create_partitions([NewPartitions(topic, added + 1)])[topic].result(PATIENCE)
    wait("the partition is there", lambda: len(admin.list_topics(topic).topics[topic].partitions) == added + 1)
    Upstream(stage, topic).send(7, partition=added)
    delete_records(stage, topic, {added: 7})
    daemon.signal(signal.SIGCONT)
    said = daemon.await_event("position_lost")
    equal([said[k] for k in ("topic", "partition", "state", "position", "low")], [topic, str(added), "gone", "0", "7"], "what is lost")
    lost(daemon, "gone")
    daemon.stop()
    set_offset(daemon, "labels", added, "earliest")
    daemon = stage.start(CHANGES).ready()
    daemon.await_event("learner_ready")
    equal(daemon.metric("positions_lost", state="gone"), 0, "partitions that are lost, after it was set")
    daemon.stop()


def added_labels_deleted_meanwhile(stage):
    """The same while no learner runs: it was there and went before anybody read it."""
    topic = stage.topic("labels")
    admin = AdminClient({"bootstrap.servers": stage.brokers})
    added = len(admin.list_topics(topic).topics[topic].partitions)
    admin.create_partitions([NewPartitions(topic, added + 1)])[topic].result(PATIENCE)
    wait("the partition is there", lambda: len(admin.list_topics(topic).topics[topic].partitions) == added + 1)
    Upstream(stage, topic).send(7, partition=added)
    delete_records(stage, topic, {added: 7})
    daemon = stage.start(CHANGES).ready()
    said = daemon.await_event("position_lost")
    equal([said[k] for k in ("topic", "partition", "state", "position", "low")], [topic, str(added), "gone", "0", "7"], "what is lost")
    daemon.stop()


def test(stage):
    stage.create()
    upstream = Upstream(stage)
    daemon = markers(stage, upstream)
    daemon, learned = labels_markers(stage, daemon)
    anew_while_it_runs(stage, daemon, upstream)
    beyond_the_end(stage, upstream)
    labels_anew(stage, learned)
    tasks_anew(stage)
    models_anew(stage)
    added_partition(stage)
    added_labels_deleted(stage)
    added_labels_deleted_meanwhile(stage)


main(test)

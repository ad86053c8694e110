"""I11: a batch of a few kilobytes that holds 100 MB when it is unpacked. A topic that does not keep it compressed refuses it; a consumer that bounds what it
unpacks names it and lets that partition stand still, memory stays where it was, the other partition goes on, and `winnowd offsets` passes over it."""
import broker
from broker import check, equal, wait
from confluent_kafka import Producer
from stream import feed
from winnowd import main, run

RECORDS, BYTES = 100, 1000000
BOUND = {"kafka": {"consumer": {"receive.message.max.bytes": "20000000"}}}  # more than fetch.max.bytes
MEMORY_MOST, SLOW = 100e6, 120


def send(stage, topic, partition):
    """The batch; what the broker answers for its records."""
    errors = []
    producer = Producer({"bootstrap.servers": stage.brokers, "compression.type": "zstd", "message.max.bytes": 1000000000, "batch.size": 2000000000,
                         "batch.num.messages": 1000000, "linger.ms": 60000, "queue.buffering.max.kbytes": 2097151, "log_level": 2})
    producer.list_topics(topic, timeout=SLOW)  # else flush sends the first record alone when the topic becomes known while it waits, and one record is taken
    for _ in range(RECORDS):
        producer.produce(topic, b" " * BYTES, partition=partition, on_delivery=lambda error, _: errors.append(error))
    equal(producer.flush(SLOW), 0, "records that are left")
    return errors


def peak(daemon):
    """The most memory that it has had, in bytes."""
    with open("/proc/%d/status" % daemon.process.pid) as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def test(stage):
    stage.create(2)
    plain = stage.topic("plain")
    broker.create_topics(stage.brokers, {plain: 1}, 1, {"compression.type": "uncompressed"})
    check(all(send(stage, plain, 0)), "a topic that keeps nothing compressed takes the batch")

    daemon = stage.start(BOUND).ready()
    feed(stage, 200)
    stage.caught_up()
    at = stage.state()[0][0]
    check(not any(send(stage, stage.topic("samples"), 0)), "the broker takes the batch")
    said = daemon.await_event("batch_unreadable", SLOW)
    equal(said["partition"], "0", "the partition that stands still")
    check("message at %d" % at in said["msg"], "the record that stands still, %d: %s", at, said["msg"])
    before = daemon.metric("samples_total")
    feed(stage, 200, seed=2)
    wait("the other goes on", lambda: daemon.metric("samples_total") > before + 50, SLOW)
    check(peak(daemon) < MEMORY_MOST, "memory: %d bytes", peak(daemon))
    equal(stage.state()[0][0], at, "position of the one that stands still")
    daemon.stop()
    said = run("offsets", "-c", daemon.config, "set", "samples", "0", str(at + RECORDS))
    equal(said.returncode, 0, said.stdout + said.stderr)
    daemon = stage.start(BOUND).ready()
    stage.caught_up(SLOW)
    daemon.stop()


main(test)

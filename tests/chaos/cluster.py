"""Three brokers on loopback, each with its own process, so that a round can kill, stop and wake them; what is written is on two of them.

Small on purpose: little memory, few partitions, and short sessions among the brokers, so that a leader's death is noticed in seconds."""
import os
import pathlib
import signal
import subprocess
import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

import broker
from broker import PATIENCE
from protocol import delete_records

BROKERS = 3
PROPERTIES = ("min.insync.replicas=2", "default.replication.factor=3", "broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=500",
              "controller.quorum.election.timeout.ms=1000", "controller.quorum.fetch.timeout.ms=2000", "replica.lag.time.max.ms=5000",
              "transaction.abort.timed.out.transaction.cleanup.interval.ms=2000", "log.cleaner.dedupe.buffer.size=8388608",
              "num.io.threads=3", "num.network.threads=2", "controlled.shutdown.enable=true", "delete.topic.enable=true")
MACHINE = {"KAFKA_MEMORY": "256m", "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -Xshare:auto"}
TOPIC_CONFIG = {"min.insync.replicas": "2"}


class Cluster:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.brokers = self._script("start", str(self.dir), str(BROKERS), *PROPERTIES)
        self.addresses = self.brokers.split(",")
        self.down = set()  # killed or stopped now
        self.admin = AdminClient({"bootstrap.servers": self.brokers, "log_level": 2, "reconnect.backoff.max.ms": "500",
                                  "socket.timeout.ms": 10000})

    @staticmethod
    def _script(*arguments):
        done = subprocess.run([broker.ROOT / "scripts" / "kafka", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600,
                              env={**os.environ, **MACHINE})
        broker.check(done.returncode == 0, "scripts/kafka %s: %d\n%s", " ".join(arguments), done.returncode, done.stderr)
        return done.stdout.strip()

    def _signal(self, n, number):
        os.kill(int((self.dir / ("broker-%d.pid" % n)).read_text()), number)

    # ---- what happens to brokers ----

    def kill(self, n):
        """kill -9; it may be stopped."""
        self.down.add(n)
        self._script("kill", str(self.dir), str(n))

    def resume(self, n=None):
        """Starts it again on its data (none named: all that are dead); returns when its port is open."""
        which = [] if n is None else [str(n)]
        try:
            self._script("resume", str(self.dir), *which)
        except broker.Failure:  # it ended while it started: once more
            self._script("resume", str(self.dir), *which)
        self.down -= {n} if n is not None else set(range(BROKERS))

    def pause(self, n):
        """SIGSTOP: connections stay, nothing answers."""
        self.down.add(n)
        self._signal(n, signal.SIGSTOP)

    def wake(self, n):
        """SIGCONT"""
        self._signal(n, signal.SIGCONT)
        self.down.discard(n)

    def stop(self):
        """Ends all brokers."""
        for n in list(self.down):
            try:
                self._signal(n, signal.SIGCONT)
            except OSError:
                pass
        self._script("stop", str(self.dir))

    # ---- what it says of itself ----

    def topics(self):
        """Topics as any broker knows them, {} while none answers."""
        try:
            return self.admin.list_topics(timeout=5).topics
        except KafkaException:
            return {}

    def partitions(self, topic):
        """How many a topic has."""
        known = broker.wait("topic %s is described" % topic, lambda: getattr(self.topics().get(topic), "partitions", None))
        return len(known)

    def leader(self, topic, partition):
        """The broker that leads it, or -1."""
        known = self.topics().get(topic)
        found = known.partitions.get(partition) if known else None
        return found.leader if found else -1

    def unwell(self):
        """The first partition that is not on all brokers, as text; "" when all are."""
        topics = self.topics()
        if not topics:
            return "no broker answers"
        for name, topic in topics.items():
            for number, partition in topic.partitions.items():
                if partition.leader < 0 or len(partition.isrs) < BROKERS:
                    return "%s/%d is led by %d, in sync are %s" % (name, number, partition.leader, partition.isrs)
        return ""

    def await_well(self, seconds=PATIENCE):
        """Waits until every partition is on all brokers; the seconds that took."""
        since, why = time.monotonic(), ["?"]

        def well():
            why[0] = self.unwell()
            return not why[0]
        broker.wait(lambda: "the cluster is well: %s" % why[0], well, seconds, 0.2)
        return time.monotonic() - since

    # ---- topics ----

    def create(self, names, seconds=PATIENCE):
        """names: {topic: (partitions, configuration)}."""
        new = [NewTopic(n, p, BROKERS, config={**TOPIC_CONFIG, **config}) for n, (p, config) in names.items()]
        for future in self.admin.create_topics(new, request_timeout=seconds).values():
            future.result(seconds)
        broker.wait("topics are known: %s" % list(names), lambda: all(
            n in t and len(t[n].partitions) == p for t in [self.topics()] for n, (p, _) in names.items()), seconds)

    def delete(self, topic, seconds=PATIENCE):
        """Deletes a topic and waits until no broker knows it."""
        for future in self.admin.delete_topics([topic], request_timeout=seconds).values():
            future.result(seconds)
        broker.wait("topic %s is gone" % topic, lambda: topic not in self.topics(), seconds)

    def delete_records(self, topic, before):
        """As retention does it. before: {partition: offset}; whether all of it is done."""
        return delete_records(self.addresses, topic, before)

    def grow(self, topic, partitions, seconds=PATIENCE):
        """Adds partitions, up to so many."""
        for future in self.admin.create_partitions([NewPartitions(topic, partitions)], request_timeout=seconds).values():
            future.result(seconds)
        broker.wait("%s has %d partitions" % (topic, partitions), lambda: self.partitions(topic) == partitions, seconds)

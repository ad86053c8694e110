"""I4: partitions that are added get what is left of a cap within the day, and all together never ask more: with two processes, over kill -9 and a
restart. The grant is divided anew, too."""
import random

from confluent_kafka.admin import AdminClient, NewPartitions
from accounts import accounts
from broker import PATIENCE, Writer, check, equal, wait
from stream import sample
from winnowd import main

CAP, GRANT = 120, 24
CHANGES = {"budget": {"rate": 0.5, "burst": 5, "per_day": CAP, "upfront": GRANT}, "service": {"learner": False},
           "kafka": {"consumer": {"topic.metadata.refresh.interval.ms": "1000"}}}


def send(stage, partitions, each, seed):
    writer = Writer(stage.brokers)
    rng = random.Random(seed)
    for n in range(each):
        for partition in partitions:
            writer.send(stage.topic("samples"), sample(seed * 1000000 + n * 100 + partition, rng)[1], partition=partition)
    writer.flush()
    stage.caught_up()


def by_partition(tasks):
    counts = {}
    for t in tasks:
        counts[t["source"]["partition"]] = counts.get(t["source"]["partition"], 0) + 1
    return counts


def test(stage):
    stage.create(partitions=2)
    two = {**CHANGES, "service": {"learner": False, "instance": "two", "state_dir": str(stage.dir / "two")}}
    first, second = stage.start(CHANGES).ready(), stage.start(two, "two.yaml").ready()
    wait("they share", lambda: first.metric("partitions_assigned") == 1 and second.metric("partitions_assigned") == 1)
    send(stage, range(2), 40, 1)
    before = by_partition(stage.tasks())
    check(all(10 <= before[p] <= 40 for p in range(2)), "asked at first: %s", before)
    admin = AdminClient({"bootstrap.servers": stage.brokers})
    admin.create_partitions([NewPartitions(stage.topic("samples"), 6)])[stage.topic("samples")].result(PATIENCE)
    wait("all six are owned", lambda: first.metric("partitions_assigned") == 3 and second.metric("partitions_assigned") == 3)
    wait("all have their shares", lambda: len(first.find("division_share")) + len(second.find("division_share")) >= 2 + 4)
    send(stage, range(2, 6), 30, 2)
    asked = by_partition(stage.tasks())
    check(all(asked.get(p, 0) >= 5 for p in range(2, 6)), "the new ones are asked within the day: %s", asked)
    first.kill()
    first.leave()
    send(stage, range(6), 100, 3)
    second.leave()
    again = stage.start(CHANGES).ready()
    send(stage, range(6), 200, 4)
    again.stop()
    tasks = accounts(stage)
    equal([len(again.find("state_wiped")), len(again.find("division_share"))], [0, 0], "states lost, shares given again")
    check(0.8 * CAP <= len(tasks) <= CAP, "%d tasks of a cap of %d: %s", len(tasks), CAP, by_partition(tasks))
    upfront = sum(t["reason"] == "upfront" for t in tasks)
    check(upfront <= GRANT, "%d tasks of the grant, %d were granted", upfront, GRANT)
    print("%d tasks of a cap of %d: %s; %d of the grant" % (len(tasks), CAP, by_partition(tasks), upfront))


main(test)

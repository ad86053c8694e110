"""One process with one, two and four workers: each is a member of the group with a producer of its own, together they own every partition once, and
no sample is lost or decided twice where one number of workers follows on another. With worker.cpus, a worker and its client's threads stay there."""
import os
import pathlib

from accounts import accounts, within_budget
from broker import check, equal, wait
from stream import feed
from winnowd import main

PARTITIONS = 4


def client_cpus(daemon):
    """Processors that the threads of librdkafka may use."""
    tasks = pathlib.Path("/proc/%d/task" % daemon.process.pid)
    found = set()
    for task in tasks.iterdir():
        lines = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        if lines["Name"].startswith("rdk:broker"):
            found.add(lines["Cpus_allowed_list"])
    return found


def test(stage):
    stage.create(partitions=PARTITIONS)
    first_cpu = sorted(os.sched_getaffinity(0))[0]
    for workers in (1, 2, 4):
        changes = {"service": {"workers": workers, "learner": False}, "worker": {"cpus": [first_cpu] if workers == 2 else []}}
        daemon = stage.start(changes, "%d.yaml" % workers).ready()
        wait("all partitions are owned", lambda: daemon.metric("partitions_assigned") == PARTITIONS)
        feed(stage, 3000, seed=workers)
        stage.caught_up()
        last = {e["worker"]: int(e["partitions"]) for e in daemon.events if e["event"] == "assigned"}
        equal(sorted(last.values()), [PARTITIONS // workers] * workers, "partitions of the workers")
        if workers == 2:
            check(str(first_cpu) in client_cpus(daemon), "no client thread stays on processor %s: %s", first_cpu, client_cpus(daemon))
        daemon.stop()
    tasks = accounts(stage)
    print("%d tasks, %.1f above the rate at most" % (len(tasks), within_budget(tasks, 0.05)))
    check(len(tasks) > 300, "only %d tasks", len(tasks))


main(test)

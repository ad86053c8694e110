"""I4: the budget holds over restarts, clean and by kill -9, and over rebalances: in any n samples of a partition at most
rate * n + burst + 1 tasks (plus the grant, once), and the grant is given once."""
import time

from accounts import accounts, within_budget
from broker import check, wait
from stream import Feeder
from winnowd import main

RATE, BURST, GRANT = 0.02, 5, 40
CHANGES = {"budget": {"rate": RATE, "burst": BURST, "upfront": GRANT}, "service": {"learner": False},
           "kafka": {"session_timeout": "6s"}}  # that of a member that went without a word is waited for


def test(stage):
    stage.create(partitions=4)
    other = {**CHANGES, "service": {"learner": False, "instance": "two", "state_dir": str(stage.dir / "two")}}
    feeder = Feeder(stage, rate=2000)
    feeder.start()
    for n in range(6):
        one = stage.start(CHANGES).ready()
        one.await_event("assigned")
        time.sleep(stage.random.uniform(0.5, 2))
        if n % 3 == 1:  # a second member comes, and goes without a word
            two = stage.start(other, "two.yaml").ready()
            wait("they share", lambda: one.metric("partitions_assigned") == 2 and two.metric("partitions_assigned") == 2)
            time.sleep(1)
            two.kill()
        if n % 2:
            one.kill()
        else:
            one.stop()
    feeder.end()
    one = stage.start(CHANGES).ready()
    stage.caught_up()
    one.stop()
    tasks = accounts(stage)
    upfront = [t for t in tasks if t["reason"] == "upfront"]
    check(len(upfront) == GRANT, "%d tasks of the grant, %d were granted", len(upfront), GRANT)
    per_partition = max(sum(t["source"]["partition"] == p for t in upfront) for p in range(4))
    closest = within_budget(tasks, RATE, BURST, per_partition)
    rest = [t for t in tasks if t["reason"] != "upfront"]
    closest = max(closest, within_budget(rest, RATE, BURST))
    spent = len(rest) / feeder.n
    check(0.7 * RATE <= spent <= RATE * 1.1, "spent %.4f of %.4f", spent, RATE)
    print("spent %.4f of %.4f; at most %.1f above the rate, %d allowed" % (spent, RATE, closest, BURST + 1))


main(test)

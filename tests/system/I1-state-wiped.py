"""I1, I4: the selection state in the offset's metadata is wiped, spoiled, or of another offset: the log says so, the counter counts,
selection restarts inside the budget, and no sample is lost or asked again."""
import broker
from accounts import accounts, within_budget
from broker import check, equal, wait
from stream import feed
from winnowd import main

CHANGES = {"service": {"learner": False}, "budget": {"rate": 0.05, "burst": 20}}


def commit(stage, offsets):
    """As an operator does whose daemon has ended."""
    wait("the group is empty", lambda: broker.commit(stage.brokers, stage.name, stage.topic("samples"), offsets) == 0)


def test(stage):
    stage.create()
    feed(stage, 5000)
    daemon = stage.start(CHANGES).ready()
    stage.caught_up()
    daemon.leave()
    state = stage.state()
    for p, (offset, metadata) in state.items():
        check(0 < len(metadata) <= 582 and metadata.isascii(), "state of %d: %d bytes", p, len(metadata))

    spoiled = bytearray(state[1][1])
    spoiled[len(spoiled) // 2] ^= 1
    trials = [("wiped", "state_wiped", {0: (state[0][0], b""), 1: state[1]}, 0),
              ("corrupt", "state_corrupt", {0: state[0], 1: (state[1][0], bytes(spoiled))}, 1),
              ("corrupt", "state_corrupt", {0: (state[0][0], b"somebody else's note"), 1: state[1]}, 0)]
    for seed, (outcome, event, offsets, partition) in enumerate(trials):
        current = stage.state()
        offsets = {p: (current[p][0], offsets[p][1] if p == partition else current[p][1]) for p in current}
        if bytes(spoiled) == offsets[partition][1]:
            fresh = bytearray(current[partition][1])
            fresh[len(fresh) // 2] ^= 1
            offsets[partition] = (current[partition][0], bytes(fresh))
        commit(stage, offsets)
        daemon = stage.start(CHANGES).ready()
        said = daemon.await_event(event)
        equal(int(said["partition"]), partition, "the partition of the lost state")
        equal(daemon.metric("selection_states_total", outcome=outcome), 1, "counted as " + outcome)
        equal(daemon.metric("selection_states_total", outcome="restored"), 1, "the other is restored")
        feed(stage, 3000, seed=10 + seed)
        stage.caught_up()
        daemon.leave()
    tasks = accounts(stage)
    # `admitted` starts again with a lost state: the budget is counted over the samples themselves.
    good = sorted(stage.samples())
    index = {p: i for i, p in enumerate(good)}
    for t in tasks:
        t["admitted"] = index[(t["source"]["partition"], t["source"]["offset"])] + 1
    print("at most %.1f above the rate" % within_budget(tasks, 0.05, 20))

    # An operator moves the offset back: the state of another offset does not count.
    current = stage.state()
    commit(stage, {0: (current[0][0] - 100, current[0][1]), 1: current[1]})
    daemon = stage.start(CHANGES).ready()
    equal(int(daemon.await_event("state_wiped")["partition"]), 0, "the partition whose offset was moved")
    stage.caught_up()
    daemon.stop()
    again = stage.tasks()
    check({t["id"] for t in again} >= {t["id"] for t in tasks}, "tasks vanished")


main(test)

"""What may happen to the cluster, one function each: it does harm while the stream flows, heals it, and returns. What it draws it draws
from `w.random`, so a seed and a round's number name it. NEMESES is their table."""
import time

from broker import check, wait

MOST_PARTITIONS = {"samples": 8, "tasks": 5, "labels": 5}
SESSION = 6  # seconds: kafka.session_timeout of the fleet
CLOCK_STEPS = (-86400, -3600, -5, 5, 3600, 86400, 8 * 86400)  # seconds; the last is beyond route.expiry
REQUESTS = ("Produce", "EndTxn", "TxnOffsetCommit", "AddOffsetsToTxn", "AddPartitionsToTxn", "Heartbeat", "Fetch", "OffsetFetch", "Metadata")


# ---- brokers ----

def leader_killed(w):
    """kill -9 the leader of a partition that matters"""
    topic = w.random.choice(list(w.topics.values()) + ["__consumer_offsets", "__transaction_state"])
    n = w.cluster.leader(topic, w.random.randrange(2) if topic != w.topics["models"] else 0)
    n = n if n >= 0 else w.random.randrange(3)
    w.cluster.kill(n)
    w.flow(w.random.uniform(0.2, 4))
    w.cluster.resume(n)


def two_brokers_killed(w):
    """kill -9 two of three: nothing can be written until one is back"""
    two = w.random.sample(range(3), 2)
    for n in two:
        w.cluster.kill(n)
    w.flow(w.random.uniform(0.2, 3))
    w.cluster.resume()


def brokers_stopped(w):
    """SIGSTOP one, two or all, and wake them"""
    some = w.random.sample(range(3), w.random.choice((1, 1, 2, 3)))
    for n in some:
        w.cluster.pause(n)
    w.flow(w.random.choice((0.5, 2, 4, SESSION + 1)))
    for n in some:
        w.cluster.wake(n)


# ---- the network ----

def answers_swallowed(w):
    """done, but the answer never comes"""
    rules = [w.network.swallow(w.random.choice(REQUESTS), w.random.randint(1, 3)) for _ in range(2)]
    until = time.monotonic() + 4
    w.flow(1)
    while time.monotonic() < until and not all(rule.hits for rule in rules):
        w.flow(0.1)
    for rule in rules:
        rule.end()


def slow_network(w):
    """500 ms each way"""
    w.network.latency = 0.5
    w.flow(4)
    w.network.latency = 0.0


def connections_cut(w):
    """all at once, again and again; or one broker out of reach; or all"""
    kind = w.random.randrange(3)
    if kind == 0:
        for _ in range(w.random.randint(1, 6)):
            w.network.cut_all()
            w.flow(w.random.uniform(0.05, 0.6))
    elif kind == 1:
        w.network.wall(w.random.randrange(3))
        w.flow(w.random.uniform(0.5, 4))
    else:
        w.network.shut()
        w.flow(w.random.choice((0.3, 2, SESSION + 1)))
    w.network.unwall()
    w.network.open()


# ---- processes ----

def workers_killed(w):
    """kill -9 one or two that do not learn, and start them again"""
    learner = w.fleet.learner()
    others = [m for m in w.fleet.members if m is not learner]
    some = w.random.sample(others, w.random.randint(1, len(others)))
    for member in some:
        member.kill()
    w.flow(w.random.choice((0, 0.3, 1.5)))
    for member in some:
        member.start()
    w.flow(1)


def learner_killed(w):
    """kill -9 who learns, once or twice"""
    for _ in range(w.random.choice((1, 1, 2))):
        learner = w.fleet.await_learner()
        learner.kill()
        w.flow(w.random.choice((0, 0.5, 2)))
        learner.start()
        w.flow(w.random.uniform(0.2, 1.5))


def all_killed(w):
    """kill -9 every process"""
    for member in w.fleet.members:
        member.kill()
    w.flow(w.random.choice((0, 1)))
    for member in w.fleet.members:
        member.start()
    w.flow(1)


def host_lost(w):
    """one is gone for longer than its session, so others take its partitions"""
    member = w.random.choice(w.fleet.members)
    member.kill()
    w.flow(SESSION + w.random.uniform(1, 3))
    member.start()
    w.flow(1)


def process_stopped(w):
    """SIGSTOP one, for less or longer than its session"""
    member = w.random.choice(w.fleet.members)
    member.pause()
    w.flow(w.random.choice((0.5, 2, 3.5, SESSION + 2)))
    member.wake()


def rolling_restart(w):
    """one after the other, as an upgrade does"""
    for member in w.fleet.members:
        member.stop()
        member.start()
        member.daemon.ready()


# ---- the machine ----

def disk_full(w):
    """no room for the label store, nor for anything else"""
    some = w.fleet.members if w.fleet.elects else [m for m in [w.fleet.learner()] if m] or w.fleet.members[:1]
    for member in some:
        member.fill_disk(True)
    w.flow(w.random.uniform(1, 3))
    if w.random.random() < 0.3:  # and it dies of it, or of something else
        some[0].kill()
        some[0].start()
        w.flow(1)
    for member in some:
        member.fill_disk(False)


def clock_stepped(w):
    """one or all clocks jump, and jump back"""
    some = w.random.choice((w.fleet.members, [w.random.choice(w.fleet.members)]))
    for member in some:
        member.step_clock(w.random.choice(CLOCK_STEPS))
    w.flow(w.random.uniform(1, 3))
    for member in some:
        member.step_clock(0)


# ---- topics ----

def partitions_added(w):
    """one more of samples; or of tasks or labels, whose readers are started again, for they look once a minute"""
    role = w.random.choice(("samples", "samples", "tasks", "labels"))
    now = w.cluster.partitions(w.topics[role])
    if now >= MOST_PARTITIONS[role]:
        return
    w.cluster.grow(w.topics[role], now + 1)
    if role == "tasks":
        w.annotator_looks_again()
    if role != "samples":
        learner = w.fleet.await_learner()
        learner.stop()
        learner.start()
    w.flow(1.5)


def retention(w):
    """what was committed, or learned, is deleted"""
    role = w.random.choice(("samples", "tasks", "labels"))
    if role == "samples":
        before = {p: offset for p, (offset, _) in w.committed().items() if offset > 0}
    else:
        before = {int(p): at for p, at in w.ledger.progress.get(role, {}).items() if at > 0}
    w.read()  # what goes now is accounted for first
    wait("records of %s are deleted" % role, lambda: w.cluster.delete_records(w.topics[role], before))
    if w.random.random() < 0.5:
        for member in w.fleet.members:
            member.kill()
            member.start()
    w.flow(1)


def retention_passes(w):
    """records go that nobody has read: those are lost, and nothing else is"""
    for member in w.fleet.members:
        member.kill()
    w.flow(w.random.uniform(0.5, 2))
    w.feeder.rest()
    w.read()
    ends = w.ends()
    now = w.committed()
    wait("records are deleted", lambda: w.cluster.delete_records(w.topics["samples"], ends))
    for partition, end in ends.items():
        w.ledger.excuse(partition, max(now[partition][0], 0), end)
    for member in w.fleet.members:
        member.start()
    w.feeder.go_on()
    w.flow(2)


def topic_anew(w):
    """the samples topic is deleted under a running fleet and made again"""
    w.settle()
    w.ledger.check_into(w.committed())
    partitions = w.cluster.partitions(w.topics["samples"])
    w.cluster.delete(w.topics["samples"])
    w.flow(w.random.choice((0, 2)))
    w.cluster.create({w.topics["samples"]: (partitions, {})})
    w.ledger.samples_made_anew(w.topics["samples"])
    w.reader.forget("samples")
    w.feeder.begin_anew()
    w.go_on()
    w.flow(2)


POSITIONS = ("retention-passes", "topic-anew")  # for a winnowd that names positions which do not fit
NEMESES = {function.__name__.replace("_", "-"): function for function in (
    leader_killed, two_brokers_killed, brokers_stopped, answers_swallowed, slow_network, connections_cut, workers_killed, learner_killed,
    all_killed, host_lost, process_stopped, rolling_restart, disk_full, clock_stepped, partitions_added, retention, retention_passes,
    topic_anew)}
REPEATING = ("leader-killed", "two-brokers-killed", "brokers-stopped")  # the feeder may send a sample again, as another record
MILD = ("answers-swallowed", "connections-cut", "workers-killed", "learner-killed", "clock-stepped", "disk-full", "retention", "leader-killed")


def named(text, positions):
    """The nemeses of a list with commas: "all", "mild", or names. positions: whether this winnowd knows positions that do not fit."""
    every = [name for name in NEMESES if positions or name not in POSITIONS]
    names = {"all": every, "mild": list(MILD)}.get(text) or text.split(",")
    for name in names:
        check(name in NEMESES, "no nemesis is called %s; there are %s", name, ", ".join(NEMESES))
    return names

"""Models that were learned once on a stage of their own and are lent to others, for tests of what is done with models.
"""
import json

from broker import Writer, check, wait
from stream import Oracle, feed
from winnowd import Stage


def taught(stage, labels=400, total=8000):
    """Lets a learner make some versions on topics of its own; the records of the models topic, newest version's number last."""
    own = Stage("teach")
    stage.within.append(own)
    own.create()
    daemon, oracle = own.start({"budget": {"rate": 0.05}}).ready(), Oracle(own)
    oracle.start()
    for portion in range(8):  # a version or more from each
        feed(own, total // 8, seed=99 + portion)
        own.caught_up()
        # counted anew each time: the offsets of a transaction may be visible before its tasks
        wait(lambda: "taught: %s labels of %d" % (daemon.metric("labelled_rows"), len(own.tasks())), lambda: daemon.metric("labelled_rows") == len(own.tasks()), every=0.05)
    asked = len(own.tasks())
    check(asked >= min(labels, total * 0.045), "only %d tasks to teach from", asked)
    wait("the model is live", lambda: daemon.metric("model_labelled_rows") == daemon.metric("labelled_rows") > 0, every=0.2)
    daemon.stop()
    oracle.end()
    records = [(r.key.decode().split("/", 1)[1], r) for r in own.read("models")]
    stage.within.remove(own)
    own.close(False)
    return records


def lend(stage, records, name):
    """Puts versions and policies of `taught` on the stage's models topic under another service's name; [(policy number, live version)]."""
    writer, numbers = Writer(stage.brokers), []
    for key, r in records:
        if key == "progress":
            continue
        placed = (key, json.loads(r.value).get("live") if key == "policy" else None)
        writer.send(stage.topic("models"), r.value, placed, key="%s/%s" % (name, key), headers=list(r.headers.items()))
    writer.flush()
    for (_, offset), (key, live) in sorted(writer.placed.items()):
        if key == "policy" and live:
            numbers.append((offset + 1, live))
    return numbers

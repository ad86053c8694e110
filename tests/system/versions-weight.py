"""I11: versions are bounded by what they weigh together (infer.versions), on the topic and for whoever reads it: heavy ones leave before there are ten,
the live one and the newest stay, and scoring goes on."""
import json

from broker import check, equal, wait
from stream import Oracle, feed
from winnowd import main, run

COLUMNS, KEPT = 20000, 6 << 20  # of the hashed feature; bytes of all versions
CHANGES = {"infer": {"versions": KEPT}, "budget": {"rate": 0.5, "burst": 100}, "train": {"interval": "100ms", "labels": 20, "memories": [50]},
           "features": [{"name": "x", "required": True}, {"name": "y"}, {"name": "kind", "type": "category", "hash": COLUMNS}]}


def kept(stage):
    """{version: bytes} of those that a reader of the compacted topic ends up with."""
    last = {}
    for r in stage.read("models"):
        last[r.key.decode()] = r.value
    sizes = {}
    for key, value in last.items():
        parts = key.split("/")
        if parts[1] == "model" and value:
            sizes[int(parts[2])] = sizes.get(int(parts[2]), 0) + len(value)
    return sizes


def test(stage):
    stage.create()
    daemon, oracle = stage.start(CHANGES).ready(), Oracle(stage)
    oracle.start()
    for seed in range(8):
        feed(stage, 60, seed=seed)
        stage.caught_up()
        wait("a version of it", lambda: daemon.metric("models_published_total") > seed)
    wait("all is answered", lambda: len(oracle.answers) == len(stage.tasks()))
    wait("all is learned", lambda: daemon.metric("model_labelled_rows") == daemon.metric("labelled_rows") == len(oracle.answers))
    oracle.end()
    sizes = kept(stage)
    one = max(sizes.values())
    check(one > 1 << 20 and len(sizes) < 8, "versions of %d bytes, %d of them", one, len(sizes))
    check(sum(sizes.values()) <= KEPT + one, "%d bytes are kept: %s", sum(sizes.values()), sizes)
    listed = json.loads(run("model", "-c", daemon.config, "--json", "list").stdout)
    check(max(v["version"] for v in listed) == max(sizes) and len(listed) <= len(sizes), "listed: %s", listed)
    equal(daemon.metric("model_version"), max(sizes), "live")
    daemon.stop()


main(test)

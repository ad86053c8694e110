"""The tutorial's own lines, run: scikit-learn fits on what was asked and answered, the file is pushed, scores as scikit-learn does, and the learner builds
on it. Skipped where scikit-learn is not installed."""
import json
import os
import re
import subprocess
import sys

import broker
from accounts import learned
from broker import PATIENCE, check, equal, wait
from stream import Oracle, feed
from winnowd import main, run

try:
    import numpy
    import sklearn  # noqa: F401
except ImportError:
    print("skipped: python3-sklearn is not installed")
    os._exit(77)


def snippet():
    text = (broker.ROOT / "docs" / "TUTORIAL.md").read_text()
    return re.search(r"<!-- run by tests/system/push-sklearn\.py -->\n```python\n(.*?)```", text, re.S).group(1)


def test(stage):
    stage.create()
    # Frozen: whatever is live was pushed.
    config = stage.config({"budget": {"rate": 0.2}})
    daemon, oracle = stage.start_with(config).ready(), Oracle(stage)
    equal(run("policy", "-c", config, "freeze").returncode, 0, "freeze")
    wait("frozen", lambda: daemon.metric("learning_frozen") == 1)
    oracle.start()
    feed(stage, 1500)
    stage.caught_up()
    learned(daemon, len(stage.tasks()))
    equal(daemon.metric("model_version"), 0, "versions while frozen")

    for what in ("tasks", "labels"):
        (stage.dir / (what + ".json")).write_bytes(b"".join(r.value + b"\n" for r in stage.read(what)))
    script, file = stage.dir / "fit.py", stage.dir / "mine.safetensors"
    script.write_text(snippet())
    columns = run("model", "-c", config, "fingerprint", "--json")
    equal(columns.returncode, 0, "fingerprint: " + columns.stderr)
    (stage.dir / "columns.json").write_text(columns.stdout)
    subprocess.run([sys.executable, script, "tasks.json", "labels.json", file], check=True, timeout=PATIENCE, cwd=stage.dir,
                   env={**os.environ, "PYTHONPATH": str(broker.ROOT / "docs"), "PYTHONDONTWRITEBYTECODE": "1"})
    done = run("model", "-c", config, "push", file, "--json")
    equal(done.returncode, 0, "push: " + done.stderr)
    version = json.loads(done.stdout)["version"]
    wait("it is live", lambda: daemon.metric("model_version") == version)

    feed(stage, 1500, seed=2)
    stage.caught_up()
    scored = wait("tasks that it scored", lambda: [t] if len(t := [one for one in stage.tasks() if one["model"] == version]) > 100 else None)[0]
    as_sklearn_does(file, scored)
    check(150 <= len(scored) <= 330, "no flood and no silence at the swap: %d of 1500 asked", len(scored))

    equal(run("policy", "-c", config, "unfreeze").returncode, 0, "unfreeze")
    feed(stage, 500, seed=3)
    stage.caught_up()
    wait("the learner goes on from it", lambda: daemon.metric("model_version") > version)
    told = json.loads(run("model", "-c", config, "show", "--json").stdout)
    equal((told["prior"], told["pushed"]), (version, ""), "what the next version says of its prior")
    oracle.end()
    daemon.stop()
    daemon = stage.start_with(config).ready()
    equal(json.loads(run("model", "-c", config, "show", version, "--json").stdout)["prior"], version, "the pushed version after a restart")
    daemon.stop()


def as_sklearn_does(file, scored):
    """The probabilities in the tasks are those that scikit-learn's own formula gives for their rows."""
    record = file.read_bytes()
    length = int.from_bytes(record[:8], "little")
    header, data = json.loads(record[8:8 + length]), record[8 + length:]
    value = {name: numpy.frombuffer(data[slice(*t["data_offsets"])]).reshape(t["shape"]) for name, t in header.items() if name != "__metadata__"}
    classes = header["__metadata__"]["classes"].split("\n")
    rows = numpy.array([t["row"] for t in scored])
    z = ((rows - value["mean"]) * value["scale"]) @ value["layers.0.weight"][0] + value["layers.0.bias"][0]
    expected = 1 / (1 + numpy.exp(-z))  # of their second class
    got = numpy.array([t["probabilities"][t["classes"].index(classes[1])] for t in scored])
    worst = float(numpy.abs(got - expected).max())
    check(worst < 1e-5, "a score is %g from scikit-learn's", worst)


main(test)

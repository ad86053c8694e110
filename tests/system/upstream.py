"""A score that events bring is the model: no push, no cold phase. It is in force at the first sample, chooses what is asked, has its own
unbiased figures, and stays over a restart; beside it a model is learned, and the status says which of the two is better."""
import json
import math
import random

from accounts import accounts, learned, within_budget
from broker import Writer, check, equal, wait
from stream import Oracle
from winnowd import CLASSES, main, run

N = 3000
BAD = (({}, "missing_field"), ({"score": None}, "missing_field"), ({"score": 1.5}, "not_probability"), ({"score": "0.5"}, "wrong_type"))


def send(stage, first, n, seed):
    """Samples whose score knows x and not y; every hundredth has none, or one that is no probability."""
    rng, writer, bad, right = random.Random(seed), Writer(stage.brokers), 0, 0
    for i in range(first, first + n):
        x, y, headers = rng.gauss(0, 1), rng.gauss(0, 1), None
        is_bad = rng.random() < 1 / (1 + math.exp(-2 * x - 2 * y))
        score = {"score": round(1 / (1 + math.exp(-2 * x)), 6)}
        if i % 100 == 50:
            score, reason = BAD[i // 100 % len(BAD)]
            headers, bad = [("bad", reason.encode())], bad + 1
        else:
            right += (score["score"] > 0.5) == is_bad
        name = "%d-%s" % (i, CLASSES[is_bad])
        writer.send(stage.topic("samples"), json.dumps({"id": name, "x": x, "y": y, "kind": "a", "model": score}), key=name, headers=headers)
    writer.flush()
    return bad, right


def test(stage):
    stage.create()
    settings = {"model": {"upstream": {"probability": "/model/score"}}, "budget": {"rate": 0.1, "random_share": 0.5}}
    config = stage.config(settings)
    daemon, oracle = stage.start_with(config).ready(), Oracle(stage)
    equal(daemon.metric("model_version"), 1, "the score is in force before the first sample")
    bad, right = send(stage, 0, N, 1)
    stage.caught_up()
    first = stage.tasks()
    check(all(t["model"] == 1 for t in first), "a task without the score's prediction")
    check({t["reason"] for t in first} <= {"uncertain", "random", "upfront"}, "reasons %s", {t["reason"] for t in first})
    oracle.start()
    learned(daemon, len(first))
    figures = daemon.metrics()
    truth = right / (N - bad)
    for what in ("accuracy_unbiased", "upstream_accuracy_unbiased"):
        low, high = figures["winnowd_%s_low" % what], figures["winnowd_%s_high" % what]
        slack = (high - low) / 2  # a 95 % interval misses in one run of twenty, one of twice its width in none
        check(low - slack <= truth <= high + slack, "%s %s to %s, and the score's true accuracy is %s", what, low, high, truth)
    equal(daemon.metric("model_version"), 1, "nothing is learned")
    equal(len(stage.read("dead_letters")), bad, "samples without a score that is one")
    shown = json.loads(run("policy", "-c", config, "show", "--json").stdout)
    equal((shown["live"], shown["learner"]["cold"]), (1, False), "policy show")
    daemon.stop()

    daemon = stage.start_with(config).ready()
    equal(daemon.metric("model_version"), 1, "the score after a restart")
    wait("its figure after a restart", lambda: daemon.metric("upstream_accuracy_unbiased") == figures["winnowd_upstream_accuracy_unbiased"])
    daemon.stop()

    config = stage.config({**settings, "model": {**settings["model"], "learn": "beside"}})
    daemon = stage.start_with(config).ready()
    wait("a model of ours is live", lambda: daemon.metric("model_version") > 1)
    send(stage, N, 4 * N, 2)
    stage.caught_up()
    learned(daemon, len(stage.tasks()))
    status = json.loads(daemon.get("/status")[1])
    equal(status["upstream"]["better"], "model", "which is better: %s" % status["upstream"])
    check(status["upstream"]["beaten"]["low"] > 0.5, "by the random arm: %s", status["upstream"])
    back = run("model", "-c", config, "rollback", "1")
    equal(back.returncode, 0, "rollback to the score: " + back.stderr)
    wait("the score is in force again", lambda: daemon.metric("model_version") == 1)
    daemon.stop()
    oracle.end()
    print("%.1f tasks above the rate at most" % within_budget(stage.tasks(), 0.1))
    accounts(stage)


main(test)

"""The kill switch and the rollback, by the command line: pause asks nobody and says what that costs the estimate; resume; the budget's
scale; a version pinned by hand stays, whatever the learner publishes, until the operator lets it follow again."""
import json

from accounts import accounts, learned
from broker import check, equal, wait
from stream import Oracle, feed
from winnowd import main, run


def policy_number(policy):
    return str(json.loads(policy("show", "--json"))["number"])


def test(stage):
    stage.create()
    config = stage.config({"budget": {"rate": 0.05}})
    daemon, oracle = stage.start_with(config).ready(), Oracle(stage)
    oracle.start()

    def policy(*words):
        done = run("policy", "-c", config, *words)
        equal(done.returncode, 0, "policy %s: %s" % (words, done.stdout + done.stderr))
        return done.stdout

    def asked_of(n, seed):
        before = len(stage.tasks())
        feed(stage, n, seed=seed)
        stage.caught_up()
        return len(stage.tasks()) - before

    check(200 <= asked_of(5000, 1) <= 300, "a twentieth is asked")
    wait("a model is live", lambda: daemon.metric("model_version") >= 1)
    check(policy("show").strip(), "policy show says nothing")

    policy("pause")
    wait("paused", lambda: daemon.metric("paused", why="operator") == 1)
    uncovered = daemon.metric("samples_uncovered_total")
    equal(asked_of(3000, 2), 0, "asked while paused")
    equal(daemon.metric("samples_uncovered_total") - uncovered, 3000, "samples outside the estimate")
    policy("resume")
    wait("resumed", lambda: daemon.metric("paused", why="operator") == 0)
    check(100 <= asked_of(3000, 3) <= 190, "a twentieth is asked again")

    policy("budget", "2")
    wait("the rate is doubled", lambda: abs(daemon.metric("budget_rate") - 0.1) < 1e-9)
    check(380 <= asked_of(5000, 4) <= 530, "a tenth is asked")
    policy("budget", "1")

    wait("several versions", lambda: daemon.metric("models_published_total") >= 3)
    learned(daemon, len(stage.tasks()))
    newest = int(daemon.metric("model_version"))
    policy("live", newest - 1)
    wait("rolled back", lambda: daemon.metric("model_version") == newest - 1)
    published = daemon.metric("models_published_total")
    asked_of(5000, 5)
    wait("the learner goes on", lambda: daemon.metric("models_published_total") > published)
    equal(daemon.metric("model_version"), newest - 1, "the pinned version")
    learned(daemon, len(stage.tasks()))
    drawn = [t for t in stage.tasks() if int(t["model"]) == newest - 1 and t["propensity"] < 1]
    check(len(drawn) >= 10, "draws among what the pinned version decided: %d", len(drawn))
    wait("the figures are of it alone", lambda: daemon.metric("estimate_live_draws") == len(drawn))
    check(daemon.metric("estimate_live_high", figure="accuracy") < 1.01, "its accuracy: %s", daemon.metric("estimate_live", figure="accuracy"))
    equal(run("policy", "-c", config, "live", "999999").returncode != 0, True, "a version that is not there is refused")
    equal(daemon.metric("model_version"), newest - 1, "the pinned version")
    policy("live", "newest")
    wait("it follows again", lambda: daemon.metric("model_version") > newest)
    policy("freeze")
    wait("learning is frozen", lambda: daemon.metric("learning_frozen") == 1)
    published, labelled = daemon.metric("models_published_total"), daemon.metric("labelled_rows")
    asked_of(3000, 6)
    learned(daemon, len(stage.tasks()))
    check(daemon.metric("labelled_rows") > labelled, "labels are taken while frozen")
    equal(daemon.metric("models_published_total"), published, "versions made while frozen")
    policy("unfreeze")
    wait("it learns again", lambda: daemon.metric("models_published_total") > published)

    policy("cap", "per_day", "4")
    equal(json.loads(policy("show", "--json"))["operator"]["per_day"], 4, "the cap of the day")
    wait("the cap is read", lambda: daemon.find("policy_read")[-1]["number"] == policy_number(policy))
    equal(asked_of(3000, 7), 0, "asked above the cap of the day")
    policy("cap", "per_day", "default")
    wait("the cap is lifted", lambda: daemon.find("policy_read")[-1]["number"] == policy_number(policy))
    check(100 <= asked_of(3000, 8) <= 190, "a twentieth is asked again")

    oracle.end()
    policy("cap", "open_tasks", "20")
    asked_of(2000, 9)
    wait("the queue is full", lambda: daemon.metric("paused", why="full") == 1)
    equal(asked_of(2000, 10), 0, "asked while the queue is full")
    policy("cap", "open_tasks", "none")
    wait("the queue is open", lambda: daemon.metric("paused", why="full") == 0)
    check(asked_of(2000, 11) > 50, "a twentieth is asked again")
    for words in (("cap",), ("cap", "per_week", "3"), ("cap", "per_day"), ("cap", "per_day", "0"), ("cap", "per_day", "-4"), ("cap", "per_day", "x"), ("freeze", "now")):
        equal(run("policy", "-c", config, *words).returncode, 64, "policy %s" % (words,))
    accounts(stage)
    daemon.stop()


main(test)

"""The model answers by itself what answers have certified: a certificate comes, and from then on each sample that nobody is asked about and that lies above its
threshold has exactly one auto-label, whatever is killed; `policy auto off` and `on`; a planted drift revokes it; what is forged is refused; nothing is learned
from a copy of an auto-label."""
import json

import broker
from accounts import accounts, once, place
from broker import Writer, check, equal, wait
from stream import Feeder, Oracle, truth_of
from winnowd import CLASSES, main, run

CHANGES = {"auto": {"enabled": True, "error": 0.05}, "budget": {"rate": 0.3, "random_share": 0.5, "burst": 40}, "train": {"interval": "100ms"},
           "kafka": {"session_timeout": "6s"}}


class Liar(Oracle):
    """Answers truly, until it is told to lie."""
    lies = False

    def answer_of(self, sample_id):
        truth = truth_of(sample_id)
        return CLASSES[truth == CLASSES[0]] if self.lies else truth


def auto_labels(stage):
    return [json.loads(r.value) for r in stage.read("auto_labels")]


def certificates(config):
    done = run("policy", "-c", config, "show", "--json")
    equal(done.returncode, 0, "policy show: %s" % done.stderr)
    return {c["class"]: c for c in json.loads(done.stdout)["certificates"]}


def flows(stage, feeder, n):
    """n more samples, decided; the auto-labels that they brought."""
    before = len(auto_labels(stage))
    feeder.total = feeder.n + n
    feeder.work()
    stage.caught_up()
    broker.settled(stage.brokers, [stage.topic("auto_labels")])
    return len(auto_labels(stage)) - before


def exactly_once(stage):
    """Of each place one; none of an asked sample; and above the threshold of their certificate all that were not asked while it was in force."""
    tasks = {place(t) for t in accounts(stage)}
    labels = auto_labels(stage)
    places = once(((a["partition"], a["offset"]) for a in labels), "samples have an auto-label")
    equal(places & tasks, set(), "asked samples with an auto-label")
    said = {(p["partition"], p["offset"]): p for p in (json.loads(r.value) for r in stage.read("predictions"))}
    for a in labels:
        p = said[a["partition"], a["offset"]]
        equal((a["sample_id"], a["class"], a["model"], a["id"]), (p["sample_id"], p["class"], p["model"], p["id"]), "an auto-label and its prediction")
        check(abs(max(p["probabilities"]) - a["probability"]) < 1e-6, "probability: %s %s", a, p)
    return labels


def says_what_it_hides(stage, config, daemon):
    """The record has how often the others come, as the figures have it; where that is little, status and policy say so."""
    wait("how often the others come", lambda: certificates(config)["good"]["certificate"]["others"] > 0)
    certificate = certificates(config)["good"]["certificate"]
    prevalence = json.loads(daemon.get("/status")[1])["estimate"]["prevalence"]
    check(abs(certificate["others"] - prevalence) < 0.1, "others: %s, prevalence: %s", certificate, prevalence)
    rare = Writer(stage.brokers)
    words = 'close all of what is "bad" as "good": auto.error is 5 %, and at most 1 % of the samples are so'

    def said():
        for others in (0.9, 0.01):  # it is told anew where it begins to be loose
            rare.send(stage.topic("models"), json.dumps({**certificate, "others": others}), key="%s/certificate/good" % stage.name)
        rare.flush()
        return words in run("policy", "-c", config, "show").stdout and words in run("status", "--listen", "127.0.0.1:%d" % daemon.port()).stdout and any(words in said for said in models(daemon)["auto_loose"])

    wait("that it hides a rare class", said)


def models(daemon):
    return json.loads(daemon.get("/status")[1])["models"]


def off(daemon):
    """What /status says of the models since `auto off` is in force."""
    stopped, number = daemon.metric("auto_stopped", why="operator") == 1, daemon.metric("policy_number")
    page = models(daemon)
    return stopped and page["policy"]["number"] >= number and page


def test(stage):
    broker.create_topics(stage.brokers, {stage.topic("auto_labels"): None}, 2)
    stage.create()
    changes = {**CHANGES, "topics": {"auto_labels": stage.topic("auto_labels")}}
    config = stage.config(changes)
    daemon, oracle = stage.start_with(config).ready(), Liar(stage)
    oracle.start()
    equal(certificates(config)["good"]["in_force"], False, "before any answer")
    check("137" in certificates(config)["good"]["why"], "why not: %s", certificates(config)["good"]["why"])

    # It comes.
    feeder = Feeder(stage, rate=1e9, total=0)
    while not certificates(config)["good"]["in_force"]:
        check(feeder.n < 40000, "no certificate after %d samples: %s", feeder.n, certificates(config))
        flows(stage, feeder, 1000)
        wait("answered", lambda: len(oracle.answers) == len(stage.tasks()))
    daemon.await_event("certificate_granted", **{"class": "good"})
    wait("in force at the worker", lambda: daemon.metrics().get('winnowd_auto_threshold_ratio{class="good"}'))

    # Exactly one each, through a kill -9 within the stream.
    more = Feeder(stage, rate=1500, total=9000, seed=2)
    more.start()
    wait("auto-labels flow", lambda: len(auto_labels(stage)) > 300)
    daemon.kill()
    daemon = stage.start_with(config).ready()
    wait("watched since the start", lambda: daemon.metrics().get('winnowd_auto_threshold_ratio{class="good"}'), 60)
    more.end()
    check(flows(stage, feeder, 1500) > 200, "no auto-labels after the restart")
    labels = exactly_once(stage)
    granted = {(e["class"], int(e["certificate"])) for d in stage.daemons for e in d.find("certificate_granted")}
    check({(a["class"], a["certificate"]) for a in labels} <= granted, "certificates that were never granted: %s", granted)
    wrong = sum(a["class"] != truth_of(a["sample_id"]) for a in labels) / len(labels)
    check(wrong < 0.05, "wrong auto-labels: %.3f", wrong)
    lives = int(certificates(config)["good"]["certificate"]["since_ms"])
    least = certificates(config)["good"]["certificate"]["threshold"] - 1e-5
    check(all(a["probability"] >= least for a in labels if (a["class"], a["certificate"]) == ("good", lives)), "below the threshold %s", least)

    says_what_it_hides(stage, config, daemon)

    # The operator's switch.
    equal(run("policy", "-c", config, "auto", "off").returncode, 0, "auto off")
    equal(wait("off", lambda: off(daemon))["auto_loose"], [], "loose certificates while off")
    equal(flows(stage, feeder, 500), 0, "auto-labels while off")
    check("auto off" in certificates(config)["good"]["why"], "why not: %s", certificates(config)["good"])
    check("auto off" in daemon.get("/status")[1], "the page says nothing of auto off")
    equal(run("policy", "-c", config, "auto", "on").returncode, 0, "auto on")
    wait("on", lambda: daemon.metrics().get('winnowd_auto_threshold_ratio{class="good"}'))
    check(flows(stage, feeder, 500) > 50, "no auto-labels after on")

    # A forged certificate of the other class: not in force, counted; a true one stays.
    writer = Writer(stage.brokers)
    writer.send(stage.topic("models"), json.dumps({"granted": True, "threshold": 0.5, "error": 0.05, "confidence": 0.05, "answers": 5}),
                key="%s/certificate/bad" % stage.name)
    writer.flush()
    wait("counted", lambda: daemon.metric("certificates_refused_total") >= 1)

    # The world changes, and the model does not.
    equal(run("policy", "-c", config, "freeze").returncode, 0, "freeze")
    wait("frozen", lambda: daemon.metric("learning_frozen") == 1)
    oracle.lies = True
    before = {t["id"] for t in stage.tasks()}
    while not daemon.find("certificate_ended", why="drift", **{"class": "good"}):
        drawn = sum(t["arm"] == "random" for t in stage.tasks() if t["id"] not in before)
        check(drawn < 400, "not revoked after %d answers of the random arm", drawn)
        flows(stage, feeder, 300)
        wait("answered", lambda: len(oracle.answers) == len(stage.tasks()))
        wait("all is read", lambda: (daemon.metric("open_tasks") or 0) == 0)
    wait("no class is answered", lambda: not [m for m in daemon.metrics() if m.startswith('winnowd_auto_threshold_ratio{class="good"')])
    before = sum(a["class"] == "good" for a in auto_labels(stage))
    flows(stage, feeder, 500)
    equal(sum(a["class"] == "good" for a in auto_labels(stage)), before, "auto-labels after the end")
    said = certificates(config)["good"]
    equal((said["in_force"], said["certificate"]["end"], said["certificate"]["attempt"]), (False, "drift", 2), "what is said of it")
    equal(daemon.metric("auto_certificates_ended_total", why="drift") >= 1, True, "counted")
    exactly_once(stage)

    # A copy on the labels topic teaches nothing.
    wait("answered", lambda: len(oracle.answers) == len(stage.tasks()))
    wait("all is read", lambda: (daemon.metric("open_tasks") or 0) == 0)
    rows = daemon.metric("labelled_rows")
    for r in stage.read("auto_labels")[:20]:
        writer.send(stage.topic("labels"), r.value, key=r.key)
    writer.flush()
    wait("refused", lambda: daemon.metric("labels_total", outcome="unreadable") == 20)
    equal(daemon.metric("labelled_rows"), rows, "labelled rows")

    # A restart goes on with the attempt; and where the topic has lost what was said, the answers of before the change grant nothing today.
    oracle.end()
    daemon.stop()
    daemon = stage.start_with(config).ready()
    wait("the attempt goes on", lambda: certificates(config)["good"]["certificate"]["attempt"] == 2 and not certificates(config)["good"]["in_force"])
    daemon.stop()
    for name in CLASSES:
        writer.send(stage.topic("models"), None, key="%s/certificate/%s" % (stage.name, name))
    writer.flush()
    equal(certificates(config)["good"]["certificate"], None, "what the topic says")
    daemon = stage.start_with(config).ready()
    wait("said again", lambda: certificates(config)["good"]["certificate"])
    said = certificates(config)["good"]["certificate"]
    equal((said["granted"], said["end"]), (False, "drift"), "the attempt of the answers alone: %s" % said)


main(test)

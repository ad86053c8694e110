"""A real Prometheus scrapes a real run under the shipped rules: every series that the dashboard asks for arrives, no alert fires on a healthy day, dead
letters and the end of the daemon are alerts within seconds (the rules' times shortened), and a repaired stream ends the alert."""
import json
import re
import socket
import subprocess
import urllib.parse
import urllib.request

import broker
from broker import PATIENCE, ROOT, check, equal, wait
from stream import Feeder, Oracle
from winnowd import main

RULES = ROOT / "config" / "alerts" / "winnowd.yml"
DASHBOARD = ROOT / "config" / "grafana" / "winnowd.json"
# All that has a panel.
ALL = {"budget": {"rate": 0.2, "target": {"accuracy": 0.999}}, "watch": {"segments": ["kind"]}, "people": {"double": 0.3, "opinions": 3},
       "auto": {"enabled": True}}


class Prometheus:
    def __init__(self, directory, target):
        self.dir = directory / "prometheus"
        self.dir.mkdir()
        # Minutes and hours become seconds; nothing else of the rules is touched.
        rules = re.sub(r"for: \w+", "for: 1s", RULES.read_text())
        (self.dir / "rules.yml").write_text(re.sub(r"\[\w+\]", "[15s]", rules))
        (self.dir / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "winnowd", "static_configs": [{"targets": [target]}]}]}))
        self.log = open(self.dir / "log", "w")
        # Port 0 is not told anywhere, so one that is free now is taken.
        self.address = "127.0.0.1:%d" % free_port()
        self.process = subprocess.Popen(["prometheus", "--config.file=%s" % (self.dir / "prometheus.yml"), "--storage.tsdb.path=%s" % (self.dir / "data"),
                                         "--web.listen-address=%s" % self.address], stdout=self.log, stderr=self.log)
        wait(lambda: "Prometheus is up: %s" % (self.dir / "log").read_text()[-2000:], self._up)

    def _up(self):
        check(self.process.poll() is None, "Prometheus ended")
        try:
            return self.api("query", query="up")
        except OSError:
            return None

    def api(self, path, **arguments):
        with urllib.request.urlopen("http://%s/api/v1/%s?%s" % (self.address, path, urllib.parse.urlencode(arguments)), timeout=PATIENCE) as answer:
            return json.loads(answer.read())["data"]

    def firing(self):
        return {a["labels"]["alertname"] for a in self.api("alerts")["alerts"] if a["state"] == "firing"}

    def value(self, query):
        result = self.api("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.log.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def dashboard_is_fed(prometheus):
    """Each query of the dashboard has an answer, but those of days, which turn out after a day, and of the model's own answers, which some hundred of people's
    come before."""
    empty = []
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            query = target["expr"].replace("$__rate_interval", "15s").replace("$job", ".*").replace("$instance", ".*")
            if panel["title"] not in ("How days turned out", "Answered by the model itself") and not prometheus.api("query", query=query)["result"]:
                empty.append((panel["title"], query))
    equal(empty, [], "panels without data")


def test(stage):
    stage.create()
    broker.create_topics(stage.brokers, {stage.topic("auto_labels"): None}, 2)
    daemon = stage.start({**ALL, "topics": {"auto_labels": stage.topic("auto_labels")}}).ready()
    prometheus = Prometheus(stage.dir, "127.0.0.1:%d" % daemon.port())
    try:
        feeder, oracle = Feeder(stage, rate=200), Oracle(stage, annotators=("ann", "bob", "eve"))
        feeder.start()
        oracle.start()
        wait("labels are learned", lambda: (prometheus.value("winnowd_labelled_rows") or 0) > 20, every=0.5)
        wait("a model is live", lambda: (prometheus.value("winnowd_model_version") or 0) >= 1, every=0.5)
        wait("the scrape is seen", lambda: (prometheus.value("count_over_time(up[15s])") or 0) > 8, every=0.5)
        for told in ('winnowd_segment_estimate{figure="precision"}', 'winnowd_segment_estimate{figure="recall"}', 'winnowd_class_estimate{figure="recall"}'):
            wait("%s is told" % told, lambda: prometheus.value(told) is not None, every=0.5)
        dashboard_is_fed(prometheus)
        loud = prometheus.firing() - {"WinnowdQueueStarved", "WinnowdQueueFlooded", "WinnowdLabelsStopped", "WinnowdLag"}  # these judge minutes, not seconds
        equal(loud, set(), "alerts of a healthy run")

        feeder.bad_every = 5
        wait(lambda: "the alert on dead letters; firing: %s" % prometheus.firing(), lambda: "WinnowdDeadLetters" in prometheus.firing(), every=0.5)
        feeder.bad_every = 0
        wait("the alert is over", lambda: "WinnowdDeadLetters" not in prometheus.firing(), every=0.5)

        feeder.end()
        oracle.end()
        daemon.stop()
        wait(lambda: "the alert on the scrape; firing: %s" % prometheus.firing(), lambda: "WinnowdDown" in prometheus.firing(), every=0.5)
    finally:
        prometheus.close()


main(test)

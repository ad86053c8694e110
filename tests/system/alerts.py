"""The Prometheus rules and the Grafana dashboard: promtool accepts the rules, each alert fires in its trouble and only then (alerts.yml has the healthy
day), has its part of the runbook, and no query names a metric that winnowd does not have. Needs no broker."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "config" / "alerts" / "winnowd.yml"
DASHBOARD = ROOT / "config" / "grafana" / "winnowd.json"

# What makes an alert fire: {alert: ({series: values}, minute at which it fires, minute at which it must not yet)}.
ONE = 'job="winnowd", instance="one"'
TROUBLE = {
    "WinnowdDown": ({"up{%s}": "1x9 0x90"}, 20, 9),
    # It answers every other minute, each time as a new process: WinnowdDown never waits its two minutes out.
    "WinnowdRestarting": ({"up{%s}": "1x9" + " 0 1" * 40, "process_start_time_seconds{%s}": "5x9" + "".join(" _ %d" % (500 + 120 * i) for i in range(40))}, 20, 11),
    "WinnowdNotReady": ({"winnowd_ready{%s}": "1x9" + " 0 0 1" * 30}, 30, 12),
    "WinnowdKafkaTrouble": ({'winnowd_outside_trouble{%s, system="kafka"}': "0x9 1x90"}, 20, 12),
    "WinnowdSchemaRegistry": ({'winnowd_outside_trouble{%s, system="schema_registry"}': "0x9 1x90"}, 20, 12),
    "WinnowdLag": ({"winnowd_oldest_sample_age_seconds{%s}": "0x9 400x90", "winnowd_lag_samples{%s}": "0x9 5000x90"}, 30, 15),
    "WinnowdFenced": ({"winnowd_fenced{%s}": "0x9 1x90"}, 12, 8),
    "WinnowdPositionLost": ({'winnowd_positions_lost{%s, state="gone"}': "0x9 1x90"}, 30, 8),
    "WinnowdNoLearner": ({"winnowd_learner_active{%s}": "1x9 0x90"}, 30, 15),
    "WinnowdTwoLearners": ({"winnowd_learner_active{%s}": "1x90", 'winnowd_learner_active{job="winnowd", instance="two"}': "0x9 1x90"}, 14, 9),
    "WinnowdLearnerFailed": ({"winnowd_learner_failed{%s}": "0x9" + " 1 1 0 1" * 20}, 40, 12),
    "WinnowdHeldUp": ({'winnowd_held_up_seconds{%s, topic="labels"}': "0x9 60+60x90"}, 30, 15),
    "WinnowdDisk": ({"winnowd_store_bytes{%s}": "10x9 95x90", "winnowd_store_limit_bytes{%s}": "100x100"}, 20, 12),
    "WinnowdDeadLetters": ({'winnowd_dead_letters_total{%s, reason="not_json"}': "0x20 0+50x90", "winnowd_samples_total{%s}": "0+1000x110"}, 50, 15),
    "WinnowdOtherShape": ({'winnowd_dead_letters_total{%s, reason="no_feature"}': "0x20 0+900x90", "winnowd_samples_total{%s}": "0+1000x110"}, 50, 22),
    "WinnowdFeatureAbsent": ({"winnowd_features_absent{%s}": "0x9 1x90"}, 40, 20),
    "WinnowdQueueStarved": ({"winnowd_query_demand_ratio{%s}": "1x9 0.1x90", "winnowd_samples_admitted_total{%s}": "0+1000x100",
                             'winnowd_paused{%s, why="operator"}': "0x100", 'winnowd_paused{%s, why="full"}': "0x100"}, 40, 20),
    "WinnowdQueueFlooded": ({"winnowd_query_demand_ratio{%s}": "1x9 9x90", "winnowd_samples_admitted_total{%s}": "0+1000x100"}, 40, 20),
    "WinnowdBudgetExhausted": ({"winnowd_samples_uncovered_total{%s}": "0x9 0+100x90", 'winnowd_paused{%s, why="operator"}': "0x100"}, 50, 20),
    "WinnowdPaused": ({'winnowd_paused{%s, why="operator"}': "1x900"}, 800, 600),
    "WinnowdLabelsStopped": ({"winnowd_open_tasks{%s}": "50x900", 'winnowd_labels_total{%s, outcome="learned"}': "0+1x60 60x840"}, 600, 200),
    "WinnowdModelStale": ({"winnowd_model_age_seconds{%s}": "0+60x300", 'winnowd_labels_total{%s, outcome="learned"}': "0+1x300"}, 120, 55),
    # Worse, and then so much that the bands part.
    "WinnowdWorse": ({'winnowd_estimate_now_always_high{%s, figure="recall"}': "0.8x9 0.6x20 0.3x90", 'winnowd_estimate_always_low{%s, figure="recall"}': "0.5x120"}, 60, 40),
    "WinnowdWorse, of cost": ({'winnowd_estimate_now_always_low{%s, figure="cost"}': "1x9 2.5x20 4x90", 'winnowd_estimate_always_high{%s, figure="cost"}': "3x120"}, 60, 40),
    "WinnowdTargetLost": ({"winnowd_target_woken_total{%s}": "0x9 1x90"}, 20, 8),
    "WinnowdSamplesShifted": ({'winnowd_shifts_total{way="more", %s}': "0x9 1x90"}, 20, 8),
    "WinnowdLabelsTurned": ({"winnowd_turned{%s}": "0x9 1x90"}, 20, 8),
    "WinnowdSegmentWorse": ({'winnowd_segment_estimate_always_high{%s, segment="country=NL", figure="recall"}': "0.9x9 0.3x600",
                             'winnowd_estimate_now_always_low{%s, figure="recall"}': "0.5x700"}, 400, 300),
    "WinnowdCertificateEnded": ({'winnowd_auto_certificates_ended_total{%s, why="drift"}': "0x9 1x90"}, 20, 8),
    "WinnowdAutoUnwatched": ({'winnowd_auto_stopped{%s, why="silent"}': "0x9 1x90"}, 20, 12),
    "WinnowdAnnotatorAtChance": ({"winnowd_annotators_at_chance{%s}": "0x9 1x90"}, 90, 65),
    "WinnowdShrunken": ({'winnowd_policy_flag{%s, flag="shrunken"}': "0x9 1x90"}, 20, 12),
    "WinnowdModelRefused": ({'winnowd_models_total{%s, outcome="refused"}': "0x9 1x90"}, 30, 8),
    "WinnowdBridgeSilent": ({"winnowd_bridge_heard_timestamp_seconds{%s}": "0+60x9 540x90"}, 20, 12),
    "WinnowdBridgeAway": ({"winnowd_bridge_away{%s}": "0x9 1x90"}, 30, 15),
    "WinnowdBridgeLetters": ({'winnowd_bridge_carried_total{%s, outcome="unreadable"}': "0x9 1x90"}, 30, 8),
    "WinnowdBridgeBehind": ({"winnowd_bridge_lag_seconds{%s}": "0x9 4000x90"}, 30, 15),
    "WinnowdReloadRefused": ({'winnowd_config_reloads_total{%s, result="refused"}': "0x9 1x90"}, 30, 8),
}


def promtool(*arguments):
    done = subprocess.run(["promtool", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    return done.stdout


def rules():
    return yaml.safe_load(RULES.read_text())["groups"][0]["rules"]


def anchor(heading):
    """As the renderers of Markdown make it."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def every_alert_has_its_runbook():
    anchors = {anchor(line.lstrip("# ").strip()) for line in (ROOT / "docs" / "OPERATIONS.md").read_text().splitlines() if line.startswith("#")}
    for rule in rules():
        url = rule["annotations"]["runbook_url"]
        assert url.startswith("file:///usr/share/doc/winnowd/OPERATIONS.md#"), url
        assert url.split("#")[1] in anchors, "%s: docs/OPERATIONS.md has no section %s" % (rule["alert"], url)
        assert rule["labels"]["severity"] in ("page", "ticket"), rule


def known_metrics():
    text = (ROOT / "docs" / "METRICS.md").read_text()
    names = set(re.findall(r"^\| `(winnowd_\w+)` \| (?:counter|gauge)", text, re.M)) | {"up"}
    for name in re.findall(r"^\| `(winnowd_\w+)` \| histogram", text, re.M):
        names |= {name + suffix for suffix in ("_bucket", "_sum", "_count")}
    return names


def panels(dashboard):
    return [p for p in dashboard["panels"] if p["type"] != "row"]


def queries_name_real_metrics():
    dashboard = json.loads(DASHBOARD.read_text())
    shown = [t["expr"] for p in panels(dashboard) for t in p["targets"]] + [v["definition"] for v in dashboard["templating"]["list"] if "definition" in v]
    known = known_metrics()
    for query in [r["expr"] for r in rules()] + shown:
        unknown = set(re.findall(r"\bwinnowd_\w+", query)) - known
        assert not unknown, "no such metric: %s in %s" % (unknown, query)


def dashboard_is_sound(scratch):
    dashboard = json.loads(DASHBOARD.read_text())
    assert dashboard["uid"] == "winnowd" and dashboard["id"] is None
    ids = [p["id"] for p in dashboard["panels"]]
    assert len(ids) == len(set(ids)), "panels share an id"
    assert all(t["datasource"]["uid"] == "${datasource}" for p in panels(dashboard) for t in p["targets"]), "a data source is wired in"
    cells = [(x, y) for p in dashboard["panels"] for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"]) for y in range(p["gridPos"]["y"], p["gridPos"]["y"] + p["gridPos"]["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24, "panels lie on each other, or beside the grid"
    recorded = [{"record": "panel:%d_%s:query" % (p["id"], t["refId"]), "expr": t["expr"].replace("$__rate_interval", "5m").replace("$job", ".*").replace("$instance", ".*")}
                for p in panels(dashboard) for t in p["targets"]]
    path = pathlib.Path(scratch) / "dashboard.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": recorded}]}))
    promtool("check", "rules", path)  # each query is one that Prometheus can read


def alerts_fire(scratch):
    named = {key.split(",")[0] for key in TROUBLE}
    assert named == {r["alert"] for r in rules()}, "an alert without a test, or a test without an alert: %s" % (named ^ {r["alert"] for r in rules()})
    tests = []
    for key, (series, fires, silent) in TROUBLE.items():
        alert = key.split(",")[0]
        assert next(r for r in rules() if r["alert"] == alert)
        tests.append({"name": key, "interval": "1m", "input_series": [{"series": s % ONE if "%" in s else s, "values": v} for s, v in series.items()],
                      "promql_expr_test": [{"expr": 'count(ALERTS{alertname="%s", alertstate="firing"})' % alert, "eval_time": "%dm" % fires, "exp_samples": [{"labels": "{}", "value": 1}]},
                                           {"expr": 'count(ALERTS{alertname="%s", alertstate="firing"})' % alert, "eval_time": "%dm" % silent, "exp_samples": []}]})
    path = pathlib.Path(scratch) / "trouble.yml"
    path.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    promtool("test", "rules", path)


def main():
    promtool("check", "rules", RULES)
    promtool("test", "rules", ROOT / "tests" / "system" / "alerts.yml")
    every_alert_has_its_runbook()
    queries_name_real_metrics()
    with tempfile.TemporaryDirectory() as scratch:
        dashboard_is_sound(scratch)
        alerts_fire(scratch)
    print("%d alerts, %d panels" % (len(rules()), len(panels(json.loads(DASHBOARD.read_text())))))


sys.exit(main())

"""Mapped fields that are not in the records: a misspelt pointer is a warning that names the right one; an envelope around the record asks
nobody, is an error, and `status` says so; `check --online` shows both before, with the rows that the samples give."""
import json

from broker import Writer, check, equal, wait
from stream import sample
from winnowd import main, run

TYPO = [{"name": "x"}, {"name": "y"}, {"name": "sort", "path": "/knid", "type": "category", "values": ["a", "b", "c"]}]


def send(stage, n, envelope=False):
    writer = Writer(stage.brokers)
    for i in range(n):
        name, value = sample(i, stage.random)
        writer.send(stage.topic("samples"), json.dumps({"op": "c", "before": None, "after": json.loads(value)}) if envelope else value, key=name)
    writer.flush()


def said_of(daemon):
    status = run("status", "--listen", "127.0.0.1:%d" % daemon.port())
    return status.returncode, status.stdout


def test(stage):
    stage.create()
    send(stage, 600)
    daemon = stage.start({"features": TYPO}).ready()
    stage.caught_up()
    warning = daemon.await_event("feature_absent", feature="sort")
    equal((warning["level"], warning["path"], warning["nearest"]), ("warning", "/knid", "/kind"), "the warning")
    check(not daemon.find("feature_absent", feature="x"), "a warning of a field that is there")
    equal(daemon.metric("feature_absent_ratio", feature="sort"), 1, "the share without it")
    equal(daemon.metric("features_absent"), 1, "features that are absent")
    code, text = said_of(daemon)
    check(code == 0 and "works, but look" in text and '"sort"' in text, "status with a misspelt pointer: %s %s", code, text)
    online = run("check", "-c", daemon.config, "--online")
    check("/knid is in none of" in online.stdout and "nearest is /kind" in online.stdout and "becomes" in online.stdout, "check --online: %s", online.stdout)
    asked = len(stage.tasks())
    check(asked > 0, "nobody was asked")

    send(stage, 6000, envelope=True)
    stage.caught_up()
    error = daemon.await_event("features_absent")
    equal((error["level"], error["nearest"]), ("error", "/after/x"), "the error")
    equal(len(stage.tasks()), asked, "people who were asked about envelopes")
    wait("all of them are dead letters", lambda: daemon.metric("dead_letters_total", reason="no_feature") == 6000)
    code, text = said_of(daemon)
    check(code == 1 and "not working" in text and "dead letters (no_feature)" in text, "status with envelopes: %s %s", code, text)
    equal(daemon.get("/readyz")[0], 200, "/readyz: what is read is decided and committed all the same")
    online = run("check", "-c", daemon.config, "--online")
    check(online.returncode == 78 and "none is in any sample" in online.stdout and "nearest is /after/x" in online.stdout, "check --online: %s", online.stdout)
    again = run("dead-letters", "-c", daemon.config, "retry", "--all", "--dry-run")
    check("would be a dead letter again" in again.stdout + again.stderr, "a retry: %s", again.stdout)

    send(stage, 3000)
    stage.caught_up()
    wait("it works again", lambda: said_of(daemon)[0] == 0)
    daemon.stop()


main(test)

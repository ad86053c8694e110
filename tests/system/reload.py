"""SIGHUP takes over what can be, says what wants a restart, and refuses a bad file: the old configuration stays in force."""
import signal

from broker import check, equal, wait
from stream import feed
from winnowd import main, run


def asked(stage, since):
    return len(stage.tasks()) - since


def test(stage):
    stage.create()
    config = stage.config({"budget": {"rate": 0.02}, "service": {"learner": False}})
    daemon = stage.start_with(config).ready()
    feed(stage, 5000)
    stage.caught_up()
    before = asked(stage, 0)
    check(60 <= before <= 140, "asked %d of 5000 at a rate of 0.02", before)

    stage.config({"budget": {"rate": 0.2}, "service": {"learner": False, "workers": 3}})
    daemon.signal(signal.SIGHUP)
    said = daemon.await_event("config_reloaded")
    check("budget.rate" in said["changed"] and "service.workers" in said["restart_needed"], "the reload says: %s", said)
    equal(daemon.metric("config_reloads_total", result="ok"), 1, "reloads")
    feed(stage, 5000, seed=2)
    stage.caught_up()
    after = asked(stage, before)
    check(850 <= after <= 1050, "asked %d of 5000 at a rate of 0.2", after)

    by_command(stage, daemon, config)
    good = config.read_text()
    for broken in (good.replace("rate: 0.2", "rate: 7"), good + "\nnonsense: 1\n", "{", ""):
        count = daemon.metric("config_reloads_total", result="refused")
        since = len(daemon.events)
        config.write_text(broken)
        daemon.signal(signal.SIGHUP)
        wait("refused", lambda: daemon.metric("config_reloads_total", result="refused") == count + 1)
        daemon.await_event("config_refused", since=since)
    before = asked(stage, 0)
    feed(stage, 5000, seed=3)
    stage.caught_up()
    after = asked(stage, before)
    check(900 <= after <= 1050, "asked %d of 5000 with the old rate of 0.2", after)
    equal(daemon.get("/readyz")[0], 200, "/readyz")
    daemon.stop()


def by_command(stage, daemon, config):
    """`winnowd reload` waits for the outcome and says it by its exit code."""
    good = config.read_text()

    def reload(code, *flags):
        done = run("reload", "-c", config, *flags)
        equal(done.returncode, code, "reload: %s" % (done.stdout + done.stderr))
        return done.stdout + done.stderr

    said = reload(0)
    check("wants a restart: service.workers" in said, "reload says: %s", said)
    equal(daemon.metric("config_restart_needed"), 1, "options that want a restart")
    reload(75, "--restart-code")
    config.write_text(good.replace("workers: 3", "workers: 1"))
    check("restart" not in reload(0), "a restart is wanted for nothing")
    equal(daemon.metric("config_restart_needed"), 0, "options that want a restart")
    config.write_text(good.replace("rate: 0.2", "rate: 7"))
    refused = daemon.metric("config_reloads_total", result="refused")
    said = reload(78)
    check("rate" in said and "in force stays" in said, "reload says: %s", said)
    equal(daemon.metric("config_reloads_total", result="refused"), refused, "what the command refuses does not reach the daemon")
    # Another file than the daemon's, which is the broken one: the daemon refuses, and the command says its errors.
    other = stage.dir / "other.yaml"
    other.write_text(good)
    done = run("reload", "-c", other)
    check(done.returncode == 78 and "rate" in done.stderr and "refused" in done.stderr, "refused by the daemon: %s %s", done.returncode, done.stderr)
    equal(daemon.metric("config_reloads_total", result="refused"), refused + 1, "refused reloads")
    config.write_text(good)
    reload(0)
    nobody = stage.config({"service": {"instance": "nobody"}}, "nobody.yaml")
    done = run("reload", "-c", nobody)
    check(done.returncode == 69 and "nobody" in done.stderr, "reload of nobody: %s %s", done.returncode, done.stderr)
    elsewhere = stage.config({"service": {"state_dir": str(stage.dir / "elsewhere")}}, "elsewhere.yaml")
    equal(run("reload", "-c", elsewhere).returncode, 69, "reload with another state directory")


main(test)

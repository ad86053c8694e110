"""SIGHUP takes over what can be, says what wants a restart, and refuses a bad file: the old configuration stays in force."""
import signal

from winnowd import check, equal, feed, main, wait


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

    good = config.read_text()
    for broken in (good.replace("rate: 0.2", "rate: 7"), good + "\nnonsense: 1\n", "{", ""):
        count = daemon.metric("config_reloads_total", result="refused")
        since = len(daemon.events)
        config.write_text(broken)
        daemon.signal(signal.SIGHUP)
        wait("refused", lambda: daemon.metric("config_reloads_total", result="refused") == count + 1, 10)
        daemon.await_event("config_refused", 10, since)
    before = asked(stage, 0)
    feed(stage, 5000, seed=3)
    stage.caught_up()
    after = asked(stage, before)
    check(900 <= after <= 1050, "asked %d of 5000 with the old rate of 0.2", after)
    equal(daemon.get("/readyz")[0], 200, "/readyz")
    daemon.stop()


main(test)

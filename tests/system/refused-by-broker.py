"""A broker that refuses: its limit for offset metadata is too small, or there is no right to write tasks. `check --online` finds both before,
the running daemon says what is wrong, loses nothing and goes on when it is allowed."""
import re

import broker
from winnowd import accounts, check, feed, main, run, wait


def test(stage):
    directory = str(stage.dir / "kafka")
    stage.brokers = broker.script("start", directory, "1", "offset.metadata.max.bytes=100",
                                  "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "allow.everyone.if.no.acl.found=true")
    try:
        stage.create()
        metadata_limit(stage)
        broker.script("stop", directory)
        properties = stage.dir / "kafka" / "broker-0.properties"
        properties.write_text(properties.read_text().replace("offset.metadata.max.bytes=100", "offset.metadata.max.bytes=4096"))
        broker.script("resume", directory)
        no_right(stage)
    finally:
        broker.script("stop", directory)


def metadata_limit(stage):
    config = stage.config({"service": {"learner": False}})
    online = run("check", "-c", config, "--online")
    said = online.stdout + online.stderr
    check(online.returncode != 0 and "offset.metadata.max.bytes" in said, "check --online: %s", said)
    daemon = stage.start_with(config)
    feed(stage, 500)
    wait("the daemon says that a commit fails", lambda: daemon.find("kafka_error"), 30)
    check(daemon.process.poll() is None or daemon.process.returncode in (69, 70, 78), "the daemon ended with %s", daemon.process.returncode)
    check(not stage.tasks(), "tasks without their offsets")
    daemon.kill()


def acl(stage, *what):
    broker.script("tool", "org.apache.kafka.tools.AclCommand", "--bootstrap-server", stage.brokers, *what,
                  "--operation", "Write", "--topic", stage.topic("tasks"))


def no_right(stage):
    acl(stage, "--add", "--deny-principal", "User:ANONYMOUS")
    acl(stage, "--add", "--allow-principal", "User:somebody")
    config = stage.config({"service": {"learner": False}})
    online = run("check", "-c", config, "--online")
    said = online.stdout + online.stderr
    check(online.returncode != 0 and stage.topic("tasks") in said, "check --online without the right to write: %s", said)
    daemon = stage.start_with(config)
    wait("the daemon says that it may not write", lambda: any(re.search("uthoriz|not allowed|may not|no right", line) for line in daemon.lines), 30)
    acl(stage, "--remove", "--force", "--deny-principal", "User:ANONYMOUS")
    acl(stage, "--remove", "--force", "--allow-principal", "User:somebody")
    if daemon.process.poll() is not None:  # its service manager would
        daemon = stage.start_with(config)
    stage.caught_up(90)
    accounts(stage)
    daemon.stop()


main(test)

"""A broker that refuses: its limit for offset metadata is too small, or there is no right to write tasks. `check --online` finds both before,
the running daemon says what is wrong, loses nothing and goes on when it is allowed."""
import json
import re

import broker
from accounts import accounts
from broker import check, equal, wait
from stream import feed
from winnowd import main, run


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
        commands_without_rights(stage)
    finally:
        broker.script("stop", directory)


def metadata_limit(stage):
    config = stage.config({"service": {"learner": False}})
    online = run("check", "-c", config, "--online")
    said = online.stdout + online.stderr
    check(online.returncode != 0 and "offset.metadata.max.bytes" in said, "check --online: %s", said)
    daemon = stage.start_with(config)
    feed(stage, 500)
    wait("the daemon says that a commit fails", lambda: daemon.find("kafka_error"))
    check(daemon.process.poll() is None or daemon.process.returncode in (69, 70, 78), "the daemon ended with %s", daemon.process.returncode)
    check(not stage.tasks(), "tasks without their offsets")
    daemon.kill()


def acl(stage, *what, operations=("Write",), topics=("tasks",)):
    broker.script("tool", "org.apache.kafka.tools.AclCommand", "--bootstrap-server", stage.brokers, *what,
                  *(x for o in operations for x in ("--operation", o)), *(x for t in topics for x in ("--topic", stage.topic(t))))


def commands_without_rights(stage):
    """What people do by hand, with the right to read only: each says that it may not, in bounded time, with 69, and nothing has changed."""
    config = stage.config({"service": {"learner": False}})
    daemon = stage.start_with(config).ready()
    feed(stage, 200, bad_every=20)
    stage.caught_up()
    daemon.stop()
    task = wait("a task", lambda: stage.tasks())[0]["id"]
    letter = json.loads(run("dead-letters", "-c", config, "list", "--json").stdout)[0]["place"]
    mended = stage.dir / "mended.json"
    mended.write_text('{"id": "m-good", "x": 1, "y": 1, "kind": "a"}')
    topics = ("models", "labels", "samples")
    acl(stage, "--add", "--allow-principal", "User:ANONYMOUS", operations=("Read", "Describe"), topics=topics)  # and nothing else
    before = {what: len(stage.read(what)) for what in topics}
    for words in (("policy", "-c", config, "pause"), ("model", "-c", config, "unpin"), ("tasks", "-c", config, "expire", task), ("dead-letters", "-c", config, "retry", letter, "--edit", mended)):
        done = run(*words)
        check(done.returncode == 69 and re.search("uthoriz", done.stderr), "%s without the right: %s %s", words, done.returncode, done.stderr)
    equal({what: len(stage.read(what)) for what in topics}, before, "records written without the right")
    equal(run("tasks", "-c", config, "list").returncode, 0, "what only reads")


def no_right(stage):
    acl(stage, "--add", "--deny-principal", "User:ANONYMOUS")
    acl(stage, "--add", "--allow-principal", "User:somebody")
    config = stage.config({"service": {"learner": False}})
    online = run("check", "-c", config, "--online")
    said = online.stdout + online.stderr
    check(online.returncode != 0 and stage.topic("tasks") in said, "check --online without the right to write: %s", said)
    daemon = stage.start_with(config)
    wait("the daemon says that it may not write", lambda: any(re.search("uthoriz|not allowed|may not|no right", line) for line in daemon.lines))
    acl(stage, "--remove", "--force", "--deny-principal", "User:ANONYMOUS")
    acl(stage, "--remove", "--force", "--allow-principal", "User:somebody")
    if daemon.process.poll() is not None:  # its service manager would
        daemon = stage.start_with(config)
    stage.caught_up()
    accounts(stage)
    daemon.stop()


main(test)

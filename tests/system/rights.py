"""A broker that knows rights takes them away while we run, one by one: each is named in the log and in /readyz, with what it is missing on, and shown as
trouble outside; what does not need it goes on, and all goes on by itself when it is given back. In the end nothing is lost and nobody was asked twice.
Then a password file that vanishes, and the broker's certificate: of another authority, and expired."""
import pathlib
import shutil
import struct
import subprocess

import broker
from accounts import accounts
from broker import ROOT, check, equal, script, wait
from stream import Feeder, Oracle
from winnowd import main

SLOW = 120
KINDS, OPERATIONS = {"topic": 2, "group": 3, "transactional id": 5}, {"Read": 3, "Write": 4, "Describe": 8}
LITERAL, PREFIXED, ALLOW = 3, 4, 3
CREATE, DELETE = 30, 31  # requests of Kafka's protocol, for which Kafka's own tool takes seconds


def acl(stage, api, kind, name, operation):
    body = struct.pack(">ib", 1, KINDS[kind]) + broker._string(name) + struct.pack(">b", PREFIXED if kind == "transactional id" else LITERAL)
    body += broker._string("User:winnowd") + broker._string("*") + struct.pack(">bb", OPERATIONS[operation], ALLOW)
    error = struct.unpack_from(">h", broker._call(stage.brokers, api, 1, body), 8)[0]
    equal(error, 0, "error of request %d for %s on %s" % (api, operation, name))


def rights(stage):
    """[(kind, name, operation, needed for scoring)], as the table under "Rights" in docs/OPERATIONS.md says."""
    topic = stage.topic
    return [("topic", topic("samples"), "Read", True), ("topic", topic("tasks"), "Write", True), ("topic", topic("predictions"), "Write", True),
            ("topic", topic("dead_letters"), "Write", True), ("group", stage.name, "Read", True), ("topic", topic("tasks"), "Read", False),
            ("topic", topic("labels"), "Read", False), ("topic", topic("models"), "Read", False), ("topic", topic("models"), "Write", False),
            ("group", stage.name + "-learner", "Read", False), ("transactional id", stage.name + "-", "Write", True)]


def settings(stage, directory, secure):
    password = stage.dir / "password"
    password.write_text((directory / "winnowd.password").read_text())
    password.chmod(0o600)
    return {"kafka": {"brokers": secure, "password_file": str(password),
                      "common": {"security.protocol": "sasl_ssl", "ssl.ca.location": str(directory / "ca.pem"), "sasl.mechanisms": "PLAIN", "sasl.username": "winnowd"}},
            "budget": {"rate": 0.2}}


def goes_on(daemon, samples=200, labels=20):
    """It is well, and stays so while more is decided and learned."""
    before, rows = daemon.metric("samples_total"), daemon.metric("labelled_rows")

    def well():
        figures = daemon.metrics()
        return (daemon.get("/readyz") == (200, "ok\n") and figures['winnowd_outside_trouble{system="kafka"}'] == 0 and figures["winnowd_learner_failed"] == 0
                and figures["winnowd_samples_total"] >= before + samples and figures["winnowd_labelled_rows"] >= rows + labels)
    wait(lambda: "all is well again: %s %s" % (daemon.get("/readyz"), {k: v for k, v in daemon.metrics().items() if "learner" in k}), well, SLOW, 0.2)


def taken_away(stage, daemon, kind, name, operation, scoring):
    since = len(daemon.events)
    acl(stage, DELETE, kind, name, operation)
    if name.endswith("-learner"):
        daemon.await_event("election_refused", SLOW, since)
        wait("/readyz names the group", lambda: "refuses the group" in daemon.get("/readyz")[1], SLOW)
    else:
        said = daemon.await_event("right_missing", SLOW, since)
        check(said["right"] == operation and said["on"] == kind and said["name"].startswith(name), "it misses %s on %s: %s", operation, name, said)
        line = "refuses us the right %s on %s %s" % (operation, kind, name)
        wait("/readyz says it", lambda: line in daemon.get("/readyz")[1] and daemon.metric("outside_trouble", system="kafka") == 1, SLOW)
        check(len({(e["right"], e["on"], e["name"].replace("-learner", "").replace("-one-0", "")) for e in daemon.find("right_missing", since)}) == 1,
              "no other right is said to be missing")
    if scoring:
        wait("not ready", lambda: daemon.get("/readyz")[0] == 503, SLOW)
    else:
        scored = daemon.metric("cycles_total", outcome="committed")
        wait("scoring goes on", lambda: daemon.metric("cycles_total", outcome="committed") > scored + 10, SLOW)
        equal(daemon.get("/readyz")[0], 200, "/readyz without %s on %s" % (operation, name))
    acl(stage, CREATE, kind, name, operation)
    goes_on(daemon)


def secret_vanishes(stage, daemon):
    """The file of the password is away while a new producer is wanted."""
    password, away, right = stage.dir / "password", stage.dir / "away", ("topic", stage.topic("tasks"), "Write")
    password.rename(away)
    since = len(daemon.events)
    acl(stage, DELETE, *right)
    daemon.await_event("producer_refused", SLOW, since)
    acl(stage, CREATE, *right)
    wait("not ready", lambda: daemon.get("/readyz")[0] == 503 and daemon.metric("outside_trouble", system="kafka") == 1, SLOW)
    away.rename(password)
    goes_on(daemon)


def certificate(directory, pem, key, authority, days):
    """A certificate of the broker's key, by an authority, in the form in which the broker reads it."""
    name = directory / "names"
    name.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    made = directory / "made.crt"
    subprocess.run(["openssl", "x509", "-req", "-in", directory / "broker.csr", "-CA", authority, "-CAkey", key, "-CAcreateserial", "-days", str(days), "-out", made,
                    "-extfile", name], check=True, stderr=subprocess.DEVNULL)
    pem.write_text((directory / "broker.key").read_text() + made.read_text() + authority.read_text())


def broker_shows(directory, pem):
    """It is started again with that certificate."""
    script("kill", str(directory))
    shutil.copy(pem, directory / "broker.pem")
    script("resume", str(directory))


def certificates(stage, directory, daemon):
    good, other, expired = (directory / name for name in ("good.pem", "other.pem", "expired.pem"))
    shutil.copy(directory / "broker.pem", good)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=another", "-keyout", directory / "other.key",
                    "-out", directory / "other-ca.pem"], check=True, stderr=subprocess.DEVNULL)
    certificate(directory, other, directory / "other.key", directory / "other-ca.pem", 30)
    certificate(directory, expired, directory / "ca.key", directory / "ca.pem", -1)
    for pem in (other, expired):
        since = len(daemon.events)
        broker_shows(directory, pem)
        wait("the certificate is named", lambda: any("certificate verify failed" in e["msg"] for e in daemon.find("kafka", since) + daemon.find("kafka_trouble", since)), SLOW)
        wait("not ready", lambda: daemon.get("/readyz")[0] == 503 and daemon.metric("outside_trouble", system="kafka") == 1, SLOW)
        equal(daemon.get("/livez")[0], 200, "/livez")
        broker_shows(directory, good)
        goes_on(daemon)


def test(stage):
    directory = pathlib.Path(stage.dir / "secure-kafka")
    secure = script("secure", str(directory))
    try:
        stage.brokers = (directory / "internal").read_text().strip()  # the tests' own way in
        stage.create()
        for kind, name, operation, _ in rights(stage):
            acl(stage, CREATE, kind, name, operation)
        daemon, oracle = stage.start(settings(stage, directory, secure)).ready(), Oracle(stage)
        oracle.start()
        feeder = Feeder(stage, rate=100, bad_every=20)
        feeder.start()
        goes_on(daemon)
        for right in rights(stage):
            taken_away(stage, daemon, *right)
        secret_vanishes(stage, daemon)
        certificates(stage, directory, daemon)
        feeder.end()
        stage.caught_up(SLOW)
        tasks = accounts(stage)  # by place: of a broker that is killed the feeder's records may come twice
        wait("all is learned", lambda: daemon.metric("labelled_rows") == len(tasks), SLOW)
        oracle.end()
        daemon.stop()
    finally:
        subprocess.run([ROOT / "scripts" / "kafka", "stop", directory], timeout=60)


main(test)

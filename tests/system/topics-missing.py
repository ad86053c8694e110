"""The broker is away at the start, then the topics are missing: the daemon waits, says what for, is alive and not ready, and goes on by
itself when they are there. SIGTERM ends it at once in both states."""
import socket
import threading
import time

import broker
from broker import check, equal, wait
from stalls import Stalls
from stream import feed
from winnowd import main, run


class Door(threading.Thread):
    """A TCP port that leads to the broker, from when it is opened: its clients learn the real address behind it."""

    def __init__(self, brokers):
        super().__init__(daemon=True)
        host, port = brokers.split(",")[0].rsplit(":", 1)
        self.target = (host, int(port))
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))  # nothing listens yet: connections are refused
        self.port = self.socket.getsockname()[1]

    def run(self):
        self.socket.listen()
        while True:
            client = self.socket.accept()[0]
            server = socket.create_connection(self.target)
            for a, b in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    @staticmethod
    def pump(source, sink):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def ends_soon(daemon):
    with Stalls() as stalls:
        started = time.monotonic()
        daemon.stop()
        ended = time.monotonic()
        check(stalls.own(started, ended) < 15, "SIGTERM took %.1f s", ended - started)


def test(stage):
    door = Door(stage.brokers)
    away = {"kafka": {"brokers": "127.0.0.1:%d" % door.port}, "service": {"learner": True}}
    daemon = stage.start(away, "away.yaml")
    daemon.await_event("topic_unavailable")
    time.sleep(3)
    check(daemon.process.poll() is None, "the daemon ended with %s", daemon.process.returncode)
    equal(daemon.get("/livez")[0], 200, "/livez")
    status, why = daemon.get("/readyz")
    equal(status, 503, "/readyz")
    check(why.strip(), "/readyz does not say why")
    equal(daemon.metric("outside_trouble", system="kafka"), 1, "trouble is shown")
    ends_soon(daemon)

    daemon = stage.start(away, "away.yaml")
    daemon.await_event("topic_unavailable")
    door.start()
    daemon.await_event("topic_unavailable", topic=stage.topic("samples"))
    online = run("check", "-c", daemon.config, "--online")
    check(online.returncode != 0 and stage.topic("samples") in online.stdout + online.stderr, "check --online of missing topics: %s", online)

    broker.create_topics(stage.brokers, {stage.topic("samples"): 2}, 2)
    daemon.await_event("topic_unavailable", topic=stage.topic("tasks"))
    made = run("topics", "-c", stage.config(), "--create")
    equal(made.returncode, 0, "topics --create: " + made.stdout + made.stderr)
    for what in ("tasks", "labels", "models", "dead_letters", "predictions"):
        check(broker.topic_exists(stage.brokers, stage.topic(what)), "%s was not made", what)
    daemon.ready()
    feed(stage, 1000)
    stage.caught_up()
    wait("no trouble any more", lambda: daemon.metric("outside_trouble", system="kafka") == 0)
    equal(daemon.get("/readyz")[0], 200, "/readyz at the end")
    ends_soon(daemon)


main(test)

"""Each fault ends what it hits with the exit code that docs/OPERATIONS.md says, which `Restart=` of the unit, scripts and people act on. Every code of that
table is met here at least once. And whichever thread the system refuses: the daemon says so and ends with 70, or goes on; it is no configuration that
is wrong (78), and no bug of ours. (The library itself aborts where it has no thread for the group's coordinator; no code of ours is asked.)"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import broker
from broker import PATIENCE, check, equal, wait
from stream import feed
from winnowd import BINARY, as_yaml, main, run

HERE = pathlib.Path(__file__).resolve().parent
NOBODY = "127.0.0.1:9"  # no broker listens there
THREADS_MOST = 60  # more than the daemon starts until it listens


class Tried:
    """What was tried, and what it ended with."""

    def __init__(self):
        self.codes = set()

    def __call__(self, what, code, done, *says):
        if isinstance(done, subprocess.CompletedProcess):
            got, said = done.returncode, done.stdout + done.stderr
        else:
            got = done.process.wait(PATIENCE)
            done.thread.join(PATIENCE)
            said = done.text
        equal(got, code, "exit code of %s; it said:\n%s" % (what, said[-2000:]))
        for one in says:
            check(one in said, "%s does not say %r:\n%s", what, one, said[-2000:])
        self.codes.add(code)


def documented():
    """The codes of the table."""
    page = (broker.ROOT / "docs" / "OPERATIONS.md").read_text().split("\n## Exit codes\n")[1].split("\n## ")[0]
    return {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.M)}


def files(stage):
    """Input files, bad in one way each."""
    data = stage.dir / "rows.csv"
    data.write_text("id,x,y,class\n" + "".join("%d,%d,%d,%s\n" % (n, n % 7, n % 5, ("good", "bad")[n % 7 > n % 5]) for n in range(300)))
    (stage.dir / "noise").write_bytes(bytes(range(256)) * 8)
    (stage.dir / "file").write_text("")
    return data


def commands(stage, tried):
    """What people and scripts call, without a daemon or a broker."""
    data, config, away = files(stage), stage.config(), stage.config({"kafka": {"brokers": NOBODY}, "watch": {"listen": ""}}, "away.yaml")
    nowhere, no_directory = stage.dir / "nowhere.yaml", stage.dir / "no-directory.yaml"
    for path, state in ((nowhere, stage.dir / "none" / "state"), (no_directory, stage.dir / "file")):
        path.write_text(as_yaml(stage.settings({"service": {"state_dir": str(state)}})))
    mixed = stage.dir / "mixed.yaml"
    mixed.write_text("budget: {rate: 7}\n")
    simulate = ("simulate", "--data", data, "--label", "class")
    for what, code, words, says in (
            ("version", 0, ("version",), ()),
            ("no command", 64, ("rnu",), ("run",)),
            ("an unknown flag", 64, ("check", "--confg", config), ("--config",)),
            ("a flag that is missing", 64, ("run",), ("--config",)),
            ("a bad value in the configuration", 78, ("check", "-c", mixed), ("mixed.yaml:1:16",)),
            ("no configuration", 78, ("check", "-c", stage.dir / "absent.yaml"), ("absent.yaml",)),
            ("data that are missing", 66, ("simulate", "--data", stage.dir / "absent.csv", "--label", "class"), ("absent.csv",)),
            ("data that are none", 65, ("simulate", "--data", stage.dir / "noise", "--label", "class"), ("noise",)),
            ("a label that is no column", 65, ("simulate", "--data", data, "--label", "clas"), ("class",)),
            ("a file to write in no directory", 73, (*simulate, "--csv", stage.dir / "none" / "out.csv"), ("none",)),
            ("a file to write on a full disk", 74, (*simulate, "--csv", "/dev/full"), ("/dev/full",)),
            ("demo's data that are missing", 66, ("demo", "--data", stage.dir / "absent.csv", "--label", "class"), ("absent.csv",)),
            ("a demo of too few samples", 65, ("demo", "--samples", "5"), ("winnowd: the stream of 5 samples would end before a model",)),
            ("a demo of fewer samples than its delay", 65, ("demo", "--samples", "50", "--delay", "50"), ("--delay 50: the stream of 50",)),
            ("demo's configuration that is there", 73, ("demo", "--config-out", mixed), ("mixed.yaml",)),
            ("a span that ends before it begins", 64, ("audit", "-c", config, "--from", "2026-02-01", "--to", "2026-01-01"), ("--from is the earlier",)),
            ("a span of nothing", 64, ("audit", "-c", config, "--from", "2026-02-01", "--to", "2026-02-01"), ("--from is the earlier",)),
            ("a state directory that cannot be made", 0, ("check", "-c", nowhere), ("warning: service.state_dir", "cannot be made")),
            ("a state directory that is a file", 0, ("check", "-c", no_directory), ("warning: service.state_dir", "cannot be written")),
            ("no label store", 66, ("store", "-c", config, "check"), ("labels",)),
            ("no daemon to reload", 69, ("reload", "-c", config), ("no winnowd runs",)),
            ("a bad file to reload", 78, ("reload", "-c", mixed), ("nothing was reloaded",)),
            ("nobody who answers", 69, ("status", "--listen", NOBODY), (NOBODY,)),
            ("no broker, topics", 69, ("topics", "-c", away), (NOBODY,)),
            ("no broker, tasks", 69, ("tasks", "-c", away, "list"), (NOBODY,)),
            ("no broker, policy", 69, ("policy", "-c", away, "pause"), (NOBODY,)),
            ("no broker, offsets", 69, ("offsets", "-c", away, "show"), (NOBODY,)),
            ("no broker, dead letters", 69, ("dead-letters", "-c", away, "list"), (NOBODY,)),
            ("no broker, feed", 69, ("feed", "-c", away, "--data", data), ()),
            ("a task that is not there", 66, ("tasks", "-c", config, "show", "nobody"), ("nobody",)),
            ("a version that is not there", 66, ("model", "-c", config, "show", "12"), ("12",)),
            ("a model file that is missing", 66, ("model", "-c", config, "push", stage.dir / "absent"), ("absent",)),
            ("a model file that is none", 65, ("model", "-c", config, "push", stage.dir / "noise"), ("noise",))):
        tried(what, code, run(*words), *says)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([BINARY, "docs", "options"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    os.mkfifo(stage.dir / "pipe")  # that nobody writes
    for what, code, words in (
            ("a pipe for a configuration", 78, ("check", "-c", stage.dir / "pipe")),
            ("a pipe for records", 66, ("check", "-c", config, "--sample", stage.dir / "pipe"))):
        tried(what, code, run(*words), "pipe", "a pipe that nobody writes")
    tried("a full disk behind standard output", 74, subprocess.CompletedProcess(done.args, done.returncode, "", done.stderr))


def starts(stage, tried):
    """A daemon that cannot start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = "127.0.0.1:%d" % taken.getsockname()[1]
        pem = str(stage.dir / "file")
        rows = (
            ("a port that is taken", 74, {"watch": {"listen": port}}, "listen_failed"),
            ("an address that is not ours", 74, {"watch": {"listen": "192.0.2.1:9464"}}, "listen_failed"),
            ("a state directory that is a file", 74, {"service": {"state_dir": pem}}, "state_dir_unusable"),
            ("a state directory below a file", 74, {"service": {"state_dir": pem + "/state"}}, "state_dir_unusable"),
            ("a property that Kafka's library does not know", 78, {"kafka": {"common": {"no.such": "1"}}}, "no.such"),
            ("an authority that is none", 78, {"kafka": {"common": {"security.protocol": "ssl", "ssl.ca.location": pem}}}, "ssl.ca.location"),
            ("an authority that is a pipe", 78, {"kafka": {"common": {"security.protocol": "ssl", "ssl.ca.location": str(stage.dir / "pipe")}}}, "is a pipe"),
        )
        for n, (what, code, changes, says) in enumerate(rows):
            path = stage.dir / ("start-%d.yaml" % n)
            path.write_text(as_yaml(stage.settings(changes)))
            tried(what, code, stage.start_with(path), says)


def lives(stage, tried):
    """A daemon that runs, and what is done to it and beside it."""
    daemon = stage.start().ready()
    wait("it is well", lambda: run("status", "-c", daemon.config, "--listen", "127.0.0.1:%d" % daemon.port()).returncode == 0)
    tried("another process of this instance", 69, stage.start_with(daemon.config), "instance_taken")
    settings = stage.config({"kafka": {"brokers": NOBODY}}, daemon.config.name)
    tried("a reload that wants a restart", 75, run("reload", "-c", settings, "--restart-code"), "kafka.brokers")
    if os.geteuid() == 0:
        tried("a reload by somebody else", 77, by_nobody(stage, "reload", "-c", settings))
    feed(stage, 300)
    stage.caught_up()
    daemon.stop()
    tried.codes.add(0)
    waits = stage.start_with(settings)
    waits.await_event("listening")
    tried("a daemon that works for nobody", 1, run("status", "--listen", "127.0.0.1:%d" % waits.port()))
    waits.stop()
    store = next((stage.dir / "one" / "labels").glob("data.mdb"))
    store.write_bytes(b"\xff" * 8192)
    tried("a label store that is none", 65, run("store", "-c", settings, "check"), "labels")


def by_nobody(stage, *words):
    """A command of another user of this machine."""
    binary = stage.dir / "winnowd"
    shutil.copy(BINARY, binary)
    os.chmod(stage.dir, 0o755)
    return subprocess.run([binary, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, user=65534, group=65534, extra_groups=[])


def interrupted(tried):
    demo = subprocess.Popen([BINARY, "demo", "--samples", "10000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    demo.stdout.readline()
    demo.send_signal(signal.SIGINT)
    out, err = demo.communicate(timeout=PATIENCE)
    tried("an interrupted demo", 130, subprocess.CompletedProcess([], demo.returncode, out, err))


def threads(stage, tried):
    """One thread more each time, until it runs."""
    library = stage.dir / "no_threads.so"
    subprocess.run(["cc", "-std=c11", "-O1", "-shared", "-fPIC", "-o", library, HERE / "no_threads.c", "-ldl"], check=True)
    token = stage.dir / "token"
    token.write_text("a-token-of-this-test")
    for most in range(THREADS_MOST):
        daemon = stage.start({"watch": {"label": True, "token_file": str(token)}}, "threads.yaml", {"LD_PRELOAD": str(library), "WINNOWD_THREADS": str(most)})
        wait("it listens or has ended", lambda: daemon.process.poll() is not None or daemon.find("listening"))
        if daemon.process.poll() is None:
            daemon.kill()
            check(most > 5, "it starts with %d threads: the refusal does not work", most)
            break
        daemon.thread.join(PATIENCE)
        code, said = daemon.process.returncode, daemon.text
        theirs = code == -signal.SIGABRT and "rdkafka" in said.split("Assertion")[0].splitlines()[-1]  # the library's own judgement
        check(code in (70, 74) or theirs, "with %d threads it ended with %s:\n%s", most, code, said[-2000:])
        tried.codes |= {code} - {-signal.SIGABRT}
        check("thread" in said or "listen_failed" in said, "with %d threads it does not say why:\n%s", most, said[-2000:])
    else:
        check(False, "it never started")
    print("%d threads and it listens" % most)


def test(stage):
    stage.create()
    tried = Tried()
    commands(stage, tried)
    starts(stage, tried)
    threads(stage, tried)
    lives(stage, tried)
    interrupted(tried)
    equal(tried.codes | ({77} if os.geteuid() else set()), documented(), "codes that were met, and those of the table")


main(test)

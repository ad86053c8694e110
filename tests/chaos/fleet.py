"""The daemons: one a member, restarted as systemd would restart it, each on a machine of its own whose clock and disk the harness has in
hand (shim.c)."""
import collections
import mmap
import os
import pathlib
import signal
import struct
import subprocess
import threading

from broker import PATIENCE, Failure, wait
from winnowd import BINARY, CLASSES, Daemon, as_yaml, merge

RESTART_AFTER = 1.0  # seconds, as RestartSec= of the unit
DEFECTS = {-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL, 78, 64}  # no trouble outside explains these
RATE, BURST = 0.05, 5
HERE = pathlib.Path(__file__).resolve().parent


def knows(option, word=""):
    """Whether this winnowd has such an option, and the word in its row."""
    options = subprocess.run([BINARY, "docs", "options"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return any(line.startswith("| `%s`" % option) and word in line for line in options.splitlines())


def build_shim(directory):
    """Builds shim.c; the library's path."""
    path = pathlib.Path(directory) / "shim.so"
    subprocess.run(["cc", "-std=c11", "-O1", "-shared", "-fPIC", "-o", path, HERE / "shim.c", "-ldl"], check=True)
    return path


class Member:
    """One process of the fleet, over all its lives."""

    def __init__(self, fleet, number):
        self.fleet, self.number = fleet, number
        self.name = "m%d" % number
        self.dir = fleet.dir / self.name
        self.dir.mkdir(parents=True)
        self.config = fleet.dir / (self.name + ".yaml")
        self.config.write_text(as_yaml(fleet.settings(self)))
        self.world = fleet.dir / (self.name + ".world")
        self.world.write_bytes(bytes(16))
        with self.world.open("r+b") as f:
            self._world = mmap.mmap(f.fileno(), 16)
        self.wanted, self.held = False, True  # held: whoever ended it will start it again
        self.daemon, self.lives = None, 0
        self.log = (fleet.dir / (self.name + ".log")).open("a")

    def runs(self):
        return self.daemon is not None and self.daemon.process.poll() is None

    def start(self):
        """A new life, unless it runs; it need not be ready yet."""
        with self.fleet.lock:
            if not self.runs():
                environment = {"LD_PRELOAD": str(self.fleet.shim), "WINNOWD_CHAOS_WORLD": str(self.world)}
                self.daemon = Daemon(None, self.config, environment)
                self.lives += 1
            self.wanted, self.held = True, False

    def _ended(self):
        """Its life is over: keeps the log."""
        self.daemon.thread.join(5)
        self.log.write("".join(self.daemon.lines) + "---- ended with %s\n" % self.daemon.process.returncode)
        self.log.flush()

    def kill(self):
        """kill -9; it stays dead until start()."""
        with self.fleet.lock:
            self.wanted, self.held = False, True
            if self.runs():
                self.daemon.kill()
                self._ended()

    def stop(self, seconds=PATIENCE):
        """SIGTERM; it stays down until start(). Failure when it does not end, or not with 0."""
        with self.fleet.lock:
            self.wanted, self.held = False, True
            if self.runs():
                self.daemon.stop(seconds)
                self._ended()

    def pause(self):
        self.daemon.signal(signal.SIGSTOP)

    def wake(self):
        self.daemon.signal(signal.SIGCONT)

    def step_clock(self, seconds):
        """From now on its wall clock is so far ahead; 0: right again."""
        self._world[0:8] = struct.pack("<q", seconds)

    def fill_disk(self, full):
        self._world[8:16] = struct.pack("<q", bool(full))

    def learns(self):
        """Whether it says that it learns."""
        try:
            return self.daemon.metric("learner_active") == 1
        except (OSError, Failure, ValueError):
            return False

    def rows(self):
        """Rows of its labelled set, which is kept also while another one learns; -1: it does not say."""
        try:
            return int(self.daemon.metric("labelled_rows"))
        except (OSError, Failure, ValueError):
            return -1

    def look(self):
        """The exit code when it has ended by itself since the last look, or None."""
        if not self.wanted or self.runs():
            return None
        self._ended()
        self.wanted = False
        return self.daemon.process.returncode


class Fleet:
    """All members, and who starts them again."""

    def __init__(self, directory, name, brokers, topics, size, seed):
        self.dir, self.name, self.brokers, self.topics = pathlib.Path(directory), name, brokers, topics
        self.elects, self.positions = knows("learner", "auto"), knows("lost_position")
        self.seed, self.shim = seed, build_shim(directory)
        self.ended = collections.Counter()  # exit codes of lives that nobody ended
        self.defects = []
        self.lock = threading.RLock()  # of who starts and ends members
        self.members = [Member(self, n) for n in range(size)]
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def settings(self, member):
        """The configuration of a member."""
        base = {
            "service": {"name": self.name, "instance": member.name, "state_dir": str(member.dir), "seed": self.seed},
            "kafka": {"brokers": self.brokers, "session_timeout": "6s",
                      "common": {"topic.metadata.refresh.interval.ms": "1000", "reconnect.backoff.max.ms": "500"},
                      "consumer": {"socket.timeout.ms": "6000"}},
            "topics": {**self.topics, "partitions": 3, "replication": 3},
            "admit": {"id": "/id"},
            "model": {"classes": list(CLASSES), "positive": "bad"},
            "budget": {"rate": RATE, "burst": BURST},
            "route": {"interval": "100ms"},
            "train": {"interval": "500ms"},
            "watch": {"listen": "127.0.0.1:0", "log_level": "info"},
            "features": [{"name": "x", "required": True}, {"name": "y"}, {"name": "kind", "type": "category", "values": ["a", "b", "c"]}],
        }
        if not self.elects:
            base = merge(base, {"service": {"learner": member.number == 0}})
        return merge(base, {"kafka": {"lost_position": "earliest"}}) if self.positions else base

    def start(self):
        """All of it; returns when every member is ready."""
        for member in self.members:
            member.start()
        self._keeper.start()
        for member in self.members:
            member.daemon.ready()

    def _keep(self):
        while not self._over.wait(0.1):
            for member in self.members:
                with self.lock:
                    code = member.look()
                if code is None:
                    continue
                self.ended[code] += 1
                if code in DEFECTS:
                    self.defects.append("%s ended with %s: %s" % (member.name, code, "".join(member.daemon.lines[-3:])))
                threading.Timer(RESTART_AFTER, self._again, (member,)).start()

    def _again(self, member):
        with self.lock:
            if not member.held and not self._over.is_set():
                member.start()

    def learner(self):
        """The member that learns, or None while nobody does."""
        return next((m for m in self.members if m.runs() and m.learns()), None)

    def await_learner(self, seconds=PATIENCE):
        return wait("somebody learns", self.learner, seconds, 0.2)

    def apart(self, rows):
        """{name: rows} of the members that may learn and whose labelled set has another number of rows."""
        may = self.members if self.elects else self.members[:1]
        now = {m.name: m.rows() for m in may}
        return {name: n for name, n in now.items() if n != rows}

    def lost(self):
        """Members that do not run now."""
        return [m.name for m in self.members if not m.runs()]

    def close(self):
        """Ends all; logs stay."""
        self._over.set()
        for member in self.members:
            member.kill()
            member.log.close()

"""A Debian machine with a real systemd: a kept root file system under systemd-nspawn, written to in memory only, on the network of this host.

Commands run inside by entering the namespaces of its first process, so no bus or login is needed. Needs root, as systemd-nspawn does.
"""
import ctypes
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import tempfile
import time

from broker import PATIENCE, ROOT, Failure, check, wait

# What a booted machine and winnowd_*.deb need; the deb itself is installed without any network.
# Debian 13 has libssl3t64 and libmicrohttpd12t64, which provide the names without t64.
PACKAGES = ("systemd systemd-sysv dbus udev kmod librdkafka1 libcjson1 libopenblas0 libyaml-0-2 "
            "liblmdb0 libmicrohttpd12 zlib1g libssl3 libncursesw6 libcurl4").split()


def root():
    """A root file system of the Debian that runs here: the package was built for it."""
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    return subprocess.run([ROOT / "scripts" / "package", "root", suite, *PACKAGES], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def package():
    """The .deb that the fixture built."""
    found = sorted(pathlib.Path(os.environ["WINNOWD_PACKAGE_DIR"]).glob("winnowd_*.deb"))
    check(len(found) == 1, "packages: %s", found)
    return found[0]


def offline(command, *binds):
    """A shell command in a machine that is not booted; its output. Fails with it."""
    done = subprocess.run(["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", "--private-network", "-D", root(), "--volatile=overlay",
                           *("--bind-ro=%s" % b for b in binds), "sh", "-euxc", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    check(done.returncode == 0, "%s", done.stdout)
    return done.stdout


def _children(pid):
    """Processes that a process started."""
    try:
        return [int(p) for p in pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()]
    except OSError:
        return []


class Machine:
    """A booted machine. bind: "FROM:TO" directories of this host that it sees, read-only."""

    def __init__(self, name, bind=()):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="winnowd-machine-"))
        # script(1) gives it the terminal without which it does not boot; in a session of its own, so that it is ours to end.
        line = ["systemd-nspawn", "--quiet", "-D", root(), "--volatile=overlay", "--boot", "--register=no", "--keep-unit", "--console=interactive",
                "--machine=%s" % name, "--hostname=%s" % name, *("--bind-ro=%s" % b for b in bind)]
        self.process = subprocess.Popen(["script", "-qec", " ".join(line), str(self.dir / "console")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        self.leader = None
        try:
            self.leader = wait("the machine's first process; console: %s" % self.dir, self._first)
            wait("the machine is up", lambda: self.run("systemctl", "is-system-running", ok=None).stdout.strip() in ("running", "degraded"), every=0.3)
        except Failure:
            self.close()
            raise

    def _first(self):
        if self.process.poll() is not None:
            raise Failure("systemd-nspawn ended: %s" % (self.dir / "console").read_text(errors="replace")[-2000:])
        for nspawn in _children(self.process.pid):
            for child in [nspawn, *_children(nspawn)]:
                for leader in _children(child):
                    if (pathlib.Path("/proc/%d/comm" % leader).read_text().strip() == "systemd"):
                        return leader
        return None

    def run(self, *command, ok=0, text=None):
        """A command inside; CompletedProcess. ok: the exit code it must have (None: any)."""
        done = subprocess.run(["nsenter", "-t", str(self.leader), "-m", "-p", "-u", "-i", *map(str, command)], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, errors="replace", timeout=PATIENCE)
        check(ok is None or done.returncode == ok, "%s ended with %s, wanted %s:\n%s%s", command, done.returncode, ok, done.stdout, done.stderr)
        return done

    def write(self, path, text):
        """A file inside, with the directories above it."""
        self.run("sh", "-c", "mkdir -p \"$(dirname '%s')\" && cat >'%s'" % (path, path), text=text)

    def show(self, unit, what):
        """A property of a unit, as `systemctl show` has it."""
        return self.run("systemctl", "show", "--value", "-p", what, unit).stdout.strip()

    def journal(self, unit):
        """All that a unit wrote."""
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout

    def pid(self, unit):
        """The unit's main process, as this host numbers it."""
        inner = self.show(unit, "MainPID")
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                numbers = [line.split()[1:] for line in status.read_text().splitlines() if line.startswith("NSpid:")][0]
            except (OSError, IndexError):
                continue
            same = len(numbers) > 1 and numbers[-1] == inner
            if same and os.readlink(status.parent / "ns" / "mnt") != os.readlink("/proc/self/ns/mnt") and (status.parent / "comm").read_text().strip() == "winnowd":
                return int(numbers[0])
        raise Failure("no process of %s" % unit)

    def close(self):
        """Powers it off and forgets what was written in it."""
        if self.process.poll() is None:
            if self.leader:
                os.kill(self.leader, signal.SIGRTMIN + 4)  # power off
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)


class Frozen:
    """One thread of a process, held still by ptrace until it is killed; the other threads run on."""

    SEIZE, INTERRUPT, WALL = 0x4206, 0x4207, 0x40000000

    def __init__(self, tid):
        self.tid = tid
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        for request in (self.SEIZE, self.INTERRUPT):
            check(libc.ptrace(request, tid, None, None) == 0, "ptrace of thread %s: %s", tid, os.strerror(ctypes.get_errno()))
        os.waitpid(tid, self.WALL)  # it stands

    def reap(self):
        """To be called until the process is gone: of a traced thread that was killed its tracer has to take the exit status."""
        try:
            os.waitpid(self.tid, self.WALL | os.WNOHANG)
        except ChildProcessError:
            pass


def threads(pid):
    """Threads of a process in the order in which they were made, the main thread first."""
    return sorted(int(t.name) for t in pathlib.Path("/proc/%d/task" % pid).iterdir())


def settle(seconds):
    time.sleep(seconds)

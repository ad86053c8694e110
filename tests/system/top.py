"""`winnowd top` in a terminal of its own: says what /status says, fits 80x24 and much less, follows a resize, stays when the daemon goes, ends at q."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from broker import check, equal, wait
from stream import feed
from winnowd import BINARY, main, run


class Terminal:
    def __init__(self, command, columns=80, rows=24, env=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})})
            os.execv(command[0], command)
        self.out = b""
        self.resize(columns, rows)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def read(self, seconds=0.05):
        while select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.out += data
        return self.out.decode(errors="replace")

    def shows(self, what):
        """Waits for words on the screen. Only what differs from the screen before is written, "no" of "not" and "nobody" being the same: in another
        size it comes whole."""
        def shown():
            self.out = b""
            self.resize(self.columns, self.rows ^ 1)
            wait("it draws the screen anew", lambda: CLEAR in self.read())
            return what in self.read(0.3).rsplit(CLEAR, 1)[1]
        wait(lambda: "the terminal shows %s; it shows: %r" % (what, self.out[-600:]), shown, every=0.5)

    def ends(self):
        def ended():
            self.read(0)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            return pid and (os.waitstatus_to_exitcode(status) + 1)
        code = wait("top ends", ended) - 1
        os.close(self.fd)
        return code


CLEAR = "\x1b[2J"


def columns_used(screen):
    """The largest column that a cursor movement names."""
    return max(int(m) for m in re.findall(r"\x1b\[\d+;(\d+)H", screen) or ["0"])


def test(stage):
    stage.create()
    daemon = stage.start().ready()
    feed(stage, 2000)
    stage.caught_up()
    command = [BINARY, "top", "--listen", "127.0.0.1:%d" % daemon.port()]
    top = Terminal(command)
    top.shows("2000 in all")
    check("\x1b[32m" in top.read(), "no green for a healthy daemon: %r", top.out[:600])
    feed(stage, 500, seed=2)
    for columns, rows in ((40, 10), (20, 4), (1, 1), (132, 50)):
        top.resize(columns, rows)
        top.out = b""
        wait("it clears the screen", lambda: CLEAR in top.read(0))
        time.sleep(1.5)
        drawn = top.read().split(CLEAR, 1)[1]  # before it comes what was on its way in the old size
        check(columns_used(drawn) <= columns, "writes beyond column %d: %r", columns, top.out[-600:])
    top.shows("2500 in all")
    os.write(top.fd, b"q")
    equal(top.ends(), 0, "q")

    plain = Terminal(command, env={"NO_COLOR": "1"})
    plain.shows("2500 in all")
    check("\x1b[32m" not in plain.read(), "colours in spite of NO_COLOR")
    daemon.stop()
    plain.shows("nobody answers")
    for wrong, code, said in (("foo", 64, '"foo" is not HOST:PORT or unix:/PATH'), ("127.0.0.1:%d" % daemon.port(), 69, "nobody answers at 127.0.0.1"),
                              ("unix:/no/such/socket", 69, "nobody answers at unix:/no/such/socket: ")):
        done = run("status", "--listen", wrong)
        equal(done.returncode, code, wrong)
        check(said in done.stderr, "%s", done.stderr)
    os.kill(plain.pid, signal.SIGTERM)
    equal(plain.ends(), 0, "TERM")


main(test)

"""A person at a terminal, played on a pty: answers, skips, takes back, replaces, quits; the labels on the topic say just that, and the terminal is
left as it was."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

from broker import Writer, check, equal, wait
from stream import feed
from winnowd import BINARY, main, run


class Terminal:
    def __init__(self, config, *flags):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave, self.text = slave, ""
        self.process = subprocess.Popen([BINARY, "annotate", "-c", str(config), "--terminal", *flags], stdin=slave, stdout=slave, stderr=slave, start_new_session=True)

    def read(self, seconds=0.05):
        while select.select([self.master], [], [], seconds)[0]:
            self.text += os.read(self.master, 65536).decode(errors="replace")

    def screen(self):
        """What stands on it: all after the last clearing."""
        self.read()
        return re.sub("\x1b\\[[?0-9;]*[a-zA-Z]", "", self.text.rsplit("\x1b[2J", 1)[-1]).replace("\r", "")

    def await_text(self, *parts):
        wait(lambda: "%s on the screen:\n%s" % (parts, self.screen()), lambda: all(p in self.screen() for p in parts))
        return self.screen()

    def press(self, key):
        """A key, and the screen after it."""
        self.read()
        drawn = self.text.count("\x1b[2J")
        os.write(self.master, key.encode())
        wait("the screen is drawn after %r" % key, lambda: [self.read()] and self.text.count("\x1b[2J") > drawn)
        return self.screen()

    def end(self, code=0):
        wait("it ends; on the screen: %s" % self.text[-300:], lambda: [self.read()] and self.process.poll() is not None)
        equal(self.process.returncode, code, "exit code; it said: " + self.text[-500:])
        equal(termios.tcgetattr(self.slave), self.before, "the terminal's settings")
        check(self.text.rstrip().count("\x1b[?1049h") == self.text.count("\x1b[?1049l") and self.text.count("\x1b[?25h"), "the screen was not given back")


def sample_on(screen):
    return re.search(r"^sample +(\S+)", screen, re.M).group(1)


def test(stage):
    stage.create()
    config = stage.config({"budget": {"rate": 0.2}, "route": {"priority": "utility"}})
    daemon = stage.start_with(config).ready()
    feed(stage, 100)
    stage.caught_up()
    asked = wait("tasks", lambda: [t] if len(t := stage.tasks()) >= 12 else None)[0]
    tasks = {t["sample_id"]: t["id"] for t in asked}
    terminal = Terminal(config, "--annotator", "ann")
    screen = terminal.await_text("sample", "[1] good", "[2] bad", "[s] skip")
    check("0 answered, %d wait" % len(tasks) in screen, "progress: %s", screen)
    check(re.search(r"^  id +\S", screen, re.M) and re.search(r"^  kind +[abc]$", screen, re.M), "fields: %s", screen)
    expected = []

    def press(key, outcome):
        shown = sample_on(terminal.screen())
        expected.append((tasks[shown], outcome, 0))
        return terminal.press(key)

    press("1", "good")
    press("2", "bad")
    press("s", "skipped")
    check("4 answered" in press("c", "cannot_tell"), "progress")

    taken_back = terminal.press("u")
    check("taken back" in taken_back, "undo: %s", taken_back)
    equal(tasks[sample_on(taken_back)], expected.pop()[0], "the task that comes back")
    press("2", "bad")
    # Two steps back: the first was held, the second is out and gets a revision.
    terminal.press("u")
    held = expected.pop()
    out = terminal.press("u")
    check("replaces" in out, "undo of what is out: %s", out)
    shown = tasks[sample_on(out)]
    equal(shown, expected[2][0], "the task that comes back")
    check("answered before" in out, "what the screen says of it: %s", out)
    terminal.press("1")
    expected.append((shown, "good", 1))
    equal(tasks[sample_on(terminal.screen())], held[0], "then the one that was taken back")
    check("no answer has that key" in terminal.press("7"), "a key without a meaning")
    terminal.press("\x1b[A")  # an arrow is no answer

    # Someone else answers what is on the screen.
    other = tasks[sample_on(terminal.screen())]
    writer = Writer(stage.brokers)
    writer.send(stage.topic("labels"), json.dumps({"id": other, "label": "good", "annotator": "bob"}))
    writer.flush()
    terminal.await_text("by someone else")
    check(tasks[sample_on(terminal.screen())] != other, "the answered task is still shown")
    press("1", "good")
    os.write(terminal.master, b"q")
    terminal.end()

    labels = [json.loads(r.value) for r in stage.read("labels")]
    got = [(one["id"], one["label"] if one["outcome"] == "labelled" else one["outcome"], one.get("revision", 0)) for one in labels if one["annotator"] == "ann"]
    equal(sorted(got), sorted(expected), "labels on the topic")

    # Told to stop: what was given goes out, and the terminal is given back.
    terminal = Terminal(config)
    shown = tasks[sample_on(terminal.await_text("sample"))]
    terminal.press("1")
    terminal.process.send_signal(signal.SIGTERM)
    terminal.end()
    check(shown in {json.loads(r.value)["id"] for r in stage.read("labels")}, "the last answer was lost")

    for words, code in ((("--terminal", "--once"), 64), (("--terminal", "--data", "x"), 64), ((), 64), (("--terminal",), 64)):
        done = run("annotate", "-c", config, *words)
        equal(done.returncode, code, "annotate %s: %s" % (words, done.stderr))
    daemon.stop()


main(test)

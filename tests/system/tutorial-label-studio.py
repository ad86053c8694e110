"""The part of docs/TUTORIAL.md about Label Studio runs as it stands, against a real one: the steps before it that it needs, then its own blocks
in the same shell. The person who answers is this test, by the same interface as the browser's. Skipped where Label Studio is not installed."""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from broker import PATIENCE, ROOT, check
from label_studio_real import Project, installed
from winnowd import BINARY, main

NEEDED = (1, 3, 4, 5)  # steps of the tutorial that come before
SECONDS = 2700  # a busy machine; a person's ten minutes are less


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def blocks(text):
    """What is typed: the steps before, then the part itself."""
    steps = {int(n): body for n, body in re.findall(r"^## (\d+)\. .*?\n(.*?)(?=^## )", text, re.S | re.M)}
    before = [b for n in NEEDED for b in re.findall(r"^```sh\n(.*?)^```$", steps[n], re.S | re.M)]
    part = re.search(r"^## People in Label Studio\n(.*?)(?=^## )", text, re.S | re.M).group(1)
    return before + re.findall(r"^```bash\n(.*?)^```$", part, re.S | re.M)


def answer(home, done):
    """Three answers, as soon as there is anything to answer."""
    while not done.is_set():
        time.sleep(1)
        try:
            project = Project("http://127.0.0.1:" + (home / "port").read_text().strip(), (home / "token").read_text())
            for numbers in list(project.tasks().values())[:3]:
                project.annotate(numbers[0], "ok")
                done.set()
        except OSError:
            pass  # not up, or no project yet


def test(stage):
    typed = blocks((ROOT / "docs" / "TUTORIAL.md").read_text())
    check(len(typed) >= 8, "blocks in the tutorial: %d", len(typed))
    script = "\n".join(typed).replace("9464", str(free_port()))
    home, done = stage.dir / "winnowd-tutorial", threading.Event()
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    env = {**os.environ, "HOME": str(stage.dir), "XDG_CACHE_HOME": cache, "src": str(ROOT), "PATH": os.path.dirname(BINARY) + ":" + os.environ["PATH"]}
    threading.Thread(target=answer, args=(home / "label-studio", done), daemon=True).start()
    shell = subprocess.Popen(["bash", "-eu", "-c", script], cwd=stage.dir, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        said, _ = shell.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        said, _ = shell.communicate()
    finally:
        done.set()
        for tool in ("kafka", "label-studio"):
            if (home / tool).exists():
                subprocess.run([ROOT / "scripts" / tool, "stop", home / tool], timeout=PATIENCE)
    if shell.returncode != 0:
        try:
            os.killpg(shell.pid, signal.SIGKILL)  # its daemon and bridge
        except ProcessLookupError:
            pass
    check(shell.returncode == 0, "the tutorial ended with %s:\n%s", shell.returncode, said[-5000:])
    check(re.search(r"^http://127.0.0.1:\d+/projects/1/data$", said, re.M), "no address was printed: %s", said[-3000:])
    line = re.search(r"^bridge +(\d+) tasks imported, (\d+) wait for people, ([1-3]) answered", said, re.M)
    check(line and int(line.group(1)) >= 50, "no line of the bridge: %s", said[-3000:])


if not installed():
    print("skipped: scripts/label-studio fetch installs Label Studio")
    sys.exit(77)
main(test)

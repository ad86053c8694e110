"""docs/TUTORIAL.md runs as it stands: its sh blocks, one after the other in one shell, in a home of their own. Only the port is another, since this
machine's 9464 may be somebody's. Every command must succeed; what the text promises of their output is looked at."""
import os
import re
import signal
import socket
import subprocess

from broker import PATIENCE, ROOT, check
from winnowd import BINARY, main


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test(stage):
    text = (ROOT / "docs" / "TUTORIAL.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.S | re.M)
    check(len(blocks) >= 8, "sh blocks in the tutorial: %d", len(blocks))
    script = "".join("echo '---- block %d'\n%s" % (n + 1, b) for n, b in enumerate(blocks)).replace("9464", str(free_port()))
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    env = {**os.environ, "HOME": str(stage.dir), "XDG_CACHE_HOME": cache, "src": str(ROOT), "PATH": os.path.dirname(BINARY) + ":" + os.environ["PATH"]}
    shell = subprocess.Popen(["bash", "-eu", "-c", script], cwd=stage.dir, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        said, _ = shell.communicate(timeout=1500)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        said, _ = shell.communicate()
        shell.returncode = None
    finally:
        kafka = stage.dir / "winnowd-tutorial" / "kafka"
        if kafka.exists():
            subprocess.run([ROOT / "scripts" / "kafka", "stop", kafka], timeout=PATIENCE)
    if shell.returncode != 0:
        try:
            os.killpg(shell.pid, signal.SIGKILL)  # its daemon and annotator
        except ProcessLookupError:
            pass
    check(shell.returncode == 0, "the tutorial ended with %s:\n%s", shell.returncode, said[-5000:])
    asked = sum(int(n) for n in re.findall(r'^winnowd_tasks_asked_total\{reason="\w+"\} (\d+)$', said, re.M))
    check(200 <= asked <= 320, "\"about 300\" tasks are %d", asked)
    check(re.search(r"^winnowd +\d+", said, re.M) and re.search(r"^random +\d+", said, re.M), "the backtest printed no table")
    check('"sample_id": "p' in said, "no task was shown")
    check(re.search(r"^winnowd_accuracy_unbiased [\d.]+", said, re.M), "no accuracy was shown")


main(test)

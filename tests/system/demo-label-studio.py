"""`scripts/demo --label-studio`: all is started, tasks are in Label Studio, an address and a log-in are printed that open it; the end of the script
is the end of what it started. Skipped where Label Studio is not installed."""
import http.cookiejar
import os
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request

from broker import PATIENCE, ROOT, check, equal, wait
from label_studio_real import Project, installed
from winnowd import main


def log_in(url, user, password):
    """Whether the page that people open lets them in."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
    browser.open(url + "/user/login/", timeout=PATIENCE).read()
    token = next(c.value for c in jar if c.name == "csrftoken")
    form = urllib.parse.urlencode({"csrfmiddlewaretoken": token, "email": user, "password": password}).encode()
    answer = browser.open(urllib.request.Request(url + "/user/login/", form, {"Referer": url}), timeout=PATIENCE)
    return "/user/login" not in answer.geturl()


def test(stage):
    said, errors = stage.dir / "said", stage.dir / "errors"
    with open(said, "w") as out, open(errors, "w") as err:
        demo = subprocess.Popen([ROOT / "scripts" / "demo", "--label-studio", stage.dir / "demo"], stdout=out, stderr=err, start_new_session=True)
    try:
        def printed():
            check(demo.poll() is None, "it ended with %s:\n%s", demo.returncode, errors.read_text()[-3000:])
            return "Ctrl-C ends it all" in said.read_text()
        wait("the address", printed, 2700)
        url = re.search(r"^Label Studio: +(http://[\d.:]+)/projects/1/data$", said.read_text(), re.M).group(1)
        user, password = re.search(r"log in with +(\S+) and the password (\S+)", said.read_text()).groups()
        project = Project(url, (stage.dir / "demo" / "label-studio" / "token").read_text())
        check(1 <= len(project.tasks()) <= 60, "tasks: %d", len(project.tasks()))
        check(log_in(url, user, password), "nobody can log in")
    finally:
        os.kill(demo.pid, signal.SIGTERM)
        code = demo.wait(PATIENCE)
    equal(code, 0, "its end: " + errors.read_text()[-2000:])
    for name in ("run.log", "bridge.log"):
        check("level=error" not in (stage.dir / "demo" / name).read_text(), "an error in %s", name)


if not installed():
    print("skipped: scripts/label-studio fetch installs Label Studio")
    sys.exit(77)
main(test)

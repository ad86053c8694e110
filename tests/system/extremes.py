"""I10, I11: every number of the options table at its least, at its most, and just outside. Outside it is refused with its place and with what is allowed;
inside nothing aborts, overflows or hangs, and no number takes memory by itself: a backtest of a small file ends well, as does a daemon that decides and
learns from a few samples. The table is the one that the program prints, so an option that comes is tried by itself."""
import concurrent.futures
import json
import math
import os
import random
import re
import resource
import subprocess
import time

from broker import check, equal, wait
from stream import Oracle, feed, sample, truth_of
from winnowd import BINARY, Stage, as_yaml, main, merge, run

UNITS = {"duration": {"ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000},
         "size": {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}}
ROWS, MEMORY, SLOW = 1000, 400 << 20, 120


def amount(kind, text):
    """What an end of a range says, in the smallest unit."""
    number, unit = re.fullmatch(r"(-?[0-9.e+-]+?)([A-Za-z]*)", text).groups()
    return float(number) if kind == "number" else int(number) * UNITS.get(kind, {"": 1})[unit]


def written(kind, value):
    return repr(value) if kind == "number" else "%d%s" % (value, {"duration": "ms", "size": "B"}.get(kind, ""))


def numbers():
    """[(section, key, type, least, most)] of `winnowd docs options`."""
    out, section = [], None
    for line in run("docs", "options").stdout.splitlines():
        section = line[3:] if line.startswith("## ") else section
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 5 and cells[2] in ("whole number", "number", "duration", "size"):
            least, most = re.match(r"(\S+) to ([^\s,]+)", cells[4]).groups()
            out.append((section, cells[1].strip("`"), cells[2], amount(cells[2], least), amount(cells[2], most)))
    check(len(out) > 50, "numbers in the table: %d", len(out))
    return out


def outside(kind, least, most):
    """The nearest values that are not allowed, as they are written."""
    below, above = (math.nextafter(least, -math.inf), math.nextafter(most, math.inf)) if kind == "number" else (least - 1, most + 1)
    return [written(kind, below), written(kind, above)]


def with_value(stage, section, key, value, changes=None):
    """The usual configuration with that value in it, and what else it needs."""
    settings = merge(stage.settings(changes), NEEDS.get((section, key), {}))
    if section == "features":
        settings["features"].append({"name": "more", **FEATURE[key], key: "@"})
    else:
        settings = merge(settings, {section: {key: "@"}})
    return as_yaml(settings).replace("'@'", value)


NEEDS = {("pool", key): {"pool": {"window": 300}, "budget": {"burst": 400}} for key in ("bytes", "candidates", "idle", "share", "time", "trade")}
# Does not go with another option, which is said: what a window saves and the burst, a window's labels and its candidates.
APART = {("pool", "window", "10000000"), ("pool", "top", "100000"), ("features", "hash", "0"),
         ("features", "hash", "1048576"), ("features", "size", "0")}
UNREADABLE = {("admit", "max_bytes", "64B"): 65, ("features", "size", "16384"): 65}  # then no row of the file is a sample
OWN = {("people", "double"), ("pool", "window"), ("pool", "time"), ("pool", "top"), ("route", "interval"), ("route", "interval_max"), ("admit", "max_bytes"), ("train", "committee")}
FIT = {"budget": {"rate": 0.2}}
KEPT = ({"service": {"workers": 1}, "budget": {"rate": 0.2, "open_tasks": 0}, "train": {"park": "1s"}}, {"service": {"workers": 4}, "budget": {"rate": 0.2}})
FEATURE = {"hash": {"type": "text"}, "list": {"type": "category", "values": ["a", "b"]}, "size": {"type": "vector"}}


def capped():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def measured(*arguments):
    """(exit code, what it said, seconds, its largest memory)."""
    started = time.monotonic()
    child = subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", preexec_fn=capped)
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, text, time.monotonic() - started, usage.ru_maxrss * 1024


def data(stage):
    rng, path = random.Random(3), stage.dir / "samples.jsonl"
    with open(path, "w") as out:
        for n in range(ROWS):
            name, value = sample(n, rng)
            fields = json.loads(value)
            fields.update(truth=truth_of(name), more="a b c")
            out.write(json.dumps(fields) + "\n")
    return path


def refused(stage, section, key, value):
    """`check` refuses it: where it stands, which option it is, what is allowed."""
    file = stage.dir / ("outside-%s-%s-%s.yaml" % (section, key, value))
    text = with_value(stage, section, key, value)
    file.write_text(text)
    line = next(n for n, one in enumerate(text.splitlines(), 1) if one.strip(" -") == "%s: %s" % (key, value))
    code, said, *_ = measured("check", "-c", file)
    equal(code, 78, "%s.%s: %s: exit code; %s" % (section, key, value, said))
    check(re.search(r"yaml:%d:\d+: %s\.%s: .*allowed .* to " % (line, section, key), said), "%s.%s: %s is refused by: %s", section, key, value, said)


def taken(stage, path, section, key, value):
    """A backtest with it ends well, or `check` says which other option it does not go with; either way soon, and in little memory."""
    file = stage.dir / ("inside-%s-%s-%s.yaml" % (section, key, value))
    file.write_text(with_value(stage, section, key, value))
    fits = (section, key, value) not in APART
    for command in (("check", "-c", file), ("simulate", "-c", file, "--data", path, "--label", "truth", "--json")):
        code, said, seconds, memory = measured(*command)
        wanted = UNREADABLE.get((section, key, value), 0) if fits and command[0] == "simulate" else 0 if fits else 78
        equal(code, wanted, "%s with %s.%s: %s: %s" % (command[0], section, key, value, said[-300:]))
        check(memory < MEMORY and seconds < SLOW, "%s with %s.%s: %s: %d bytes, %.1f s", command[0], section, key, value, memory, seconds)


def together(stage, table, end):
    """A daemon with each of its numbers at that end decides, learns and stops."""
    changes = merge({}, FIT)
    for section, key, kind, least, most in table:
        value = (least, most)[end]
        if section not in ("topics", "features", "bridge") and (section, key) not in OWN:
            changes = merge(changes, {section: {key: "@%s" % written(kind, value)}})
    daemon_stage = Stage("extremes")
    stage.within.append(daemon_stage)
    daemon_stage.create(2)
    config = daemon_stage.config(merge(changes, KEPT[end]))
    config.write_text(re.sub(r"'@([^']*)'", r"\1", config.read_text()))
    daemon = daemon_stage.start_with(config).ready(SLOW)
    oracle = Oracle(daemon_stage)
    oracle.start()
    feed(daemon_stage, 400)
    daemon_stage.caught_up(SLOW)
    if end:
        wait("it learns", lambda: daemon.metric("labelled_rows") > 0, SLOW)
    with open("/proc/%d/status" % daemon.process.pid) as status:
        peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    check(peak < MEMORY, "memory with all numbers at their %s: %d bytes", ("least", "most")[end], peak)
    oracle.end()
    daemon.stop()


def test(stage):
    path, table = data(stage), numbers()

    def sweep(row):
        section, key, kind, least, most = row
        for value in outside(kind, least, most):
            refused(stage, section, key, value)
        for value in (least, most):
            taken(stage, path, section, key, written(kind, value))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(sweep, table))
    for end in (0, 1):
        together(stage, table, end)


main(test)

"""The package on a real Debian with a real systemd, from installation to purge: nothing starts by itself, a bad configuration is refused for good,
READY, reload, a hung thread is killed and the service restarted, the protections are in force, an upgrade restarts what runs, stop, purge."""
import os
import pathlib
import re

from machine import Frozen, Machine, package, threads
from broker import check, equal, wait
from stream import feed
from winnowd import as_yaml, main

UNIT = "winnowd.service"


def settings(stage, name, rate=0.05):
    """A configuration for a machine: state where systemd says."""
    out = stage.settings({"budget": {"rate": rate}, "service": {"name": name}})
    del out["service"]["state_dir"], out["service"]["instance"]
    return as_yaml(out)


def installs_quietly(m):
    m.run("dpkg", "-i", "/package/" + package().name)
    equal(m.run("systemctl", "is-enabled", UNIT, ok=None).stdout.strip(), "disabled", "after installation")
    equal(m.show(UNIT, "ActiveState"), "inactive", "after installation")
    equal(m.run("stat", "-c", "%a %U:%G", "/etc/winnowd").stdout.strip(), "750 root:winnowd-operator", "/etc/winnowd")
    equal(m.run("ls", "-A", "/etc/winnowd").stdout, "", "the configuration is the operator's")


def does_not_start_unwritten(m):
    """Neither without a configuration nor with one of the examples as it stands."""
    for example in (None, "winnowd.yaml", "minimal.yaml", "fraud.yaml"):
        if example:
            m.run("cp", "/usr/share/doc/winnowd/examples/" + example, "/etc/winnowd/winnowd.yaml")
        m.run("systemctl", "reset-failed", UNIT, ok=None)
        m.run("systemctl", "start", UNIT, ok=1)
        equal((m.show(UNIT, "ActiveState"), m.show(UNIT, "ExecMainStatus"), m.show(UNIT, "NRestarts")), ("failed", "78", "0"), "with %s" % example)
    check("/usr/share/doc/winnowd/examples" in m.journal(UNIT), "the journal does not say where to begin: %s", m.journal(UNIT))


def refuses(m, stage):
    m.write("/etc/winnowd/winnowd.yaml", settings(stage, stage.name) + "\nbudgets:\n  rate: 2\n")
    m.run("systemctl", "start", UNIT, ok=1)
    equal((m.show(UNIT, "ActiveState"), m.show(UNIT, "ExecMainStatus"), m.show(UNIT, "NRestarts")), ("failed", "78", "0"), "with a bad configuration")
    check("budgets" in m.journal(UNIT), "the journal does not name the mistake: %s", m.journal(UNIT))


def starts(m, stage):
    m.write("/etc/winnowd/winnowd.yaml", settings(stage, stage.name))
    m.run("systemctl", "reset-failed", UNIT)
    m.run("systemctl", "start", UNIT)  # comes back with READY
    equal(m.show(UNIT, "ActiveState"), "active", "started")
    check("event=ready" in m.journal(UNIT), "READY before it was ready")
    check(not re.search(r"\bts=", m.journal(UNIT)), "the journal has two times a line")
    levels = m.run("journalctl", "--no-pager", "-o", "json", "-u", UNIT).stdout
    check('"PRIORITY":"5"' in levels and '"PRIORITY":"6"' in levels, "no priorities in the journal")


def works(stage, seed):
    before = len(stage.tasks())
    feed(stage, 1000, seed=seed)
    stage.caught_up()
    check(len(stage.tasks()) > before, "nothing is asked")


def reloads(m, stage):
    m.write("/etc/winnowd/winnowd.yaml", settings(stage, stage.name, rate=0.1))
    m.run("systemctl", "reload", UNIT)
    wait("the reload", lambda: "event=config_reloaded" in m.journal(UNIT))
    m.write("/etc/winnowd/winnowd.yaml", "model: [\n")
    m.run("systemctl", "reload", UNIT, ok=1)
    check("winnowd.yaml:1:8" in m.journal(UNIT), "the journal does not name the mistake: %s", m.journal(UNIT))
    equal(m.show(UNIT, "ActiveState"), "active", "after a refused reload")
    m.write("/etc/winnowd/winnowd.yaml", settings(stage, stage.name))


def is_confined(m):
    proc = pathlib.Path("/proc/%d" % m.pid(UNIT))
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)
    equal(status["Seccomp"], "2", "system calls are filtered")
    equal(status["NoNewPrivs"], "1", "no new privileges")
    equal({status[c].strip() for c in ("CapEff", "CapPrm", "CapBnd", "CapAmb")}, {"0" * 16}, "capabilities")
    check(status["Uid"].split()[0] != "0", "it runs as root")
    limits = (proc / "limits").read_text()
    check(any(line.startswith("Max core file size") and line.split()[4] == "0" for line in limits.splitlines()), "it may dump core: %s", limits)
    mounts = {line.split()[4]: line.split()[5].split(",") for line in (proc / "mountinfo").read_text().splitlines()}
    check("ro" in mounts["/"] and "noexec" in mounts["/"], "the root is %s", mounts["/"])
    state = [at for at in mounts if at.endswith("/winnowd") and "rw" in mounts[at] and not at.startswith("/usr/")]  # what ExecPaths= names is root's
    equal(state, ["/var/lib/private/winnowd"], "what it may write")
    check("/home" in mounts or "/root" in mounts, "homes are seen")
    equal(m.run("stat", "-L", "-c", "%a", "/var/lib/private/winnowd").stdout.strip(), "700", "the state directory")
    for namespace in ("user", "mnt"):
        check(os.readlink(proc / "ns" / namespace) != os.readlink("/proc/%d/ns/%s" % (m.leader, namespace)), "no %s namespace of its own", namespace)
    equal(m.show(UNIT, "MemoryMax"), str(4 << 30), "the wall of memory")


def survives_a_hang(m, stage):
    m.write("/run/systemd/system/winnowd.service.d/watchdog.conf", "[Service]\nWatchdogSec=30\nRestartSec=100ms\n")
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "restart", UNIT)
    works(stage, 2)  # fed for longer than the watchdog's time, if need be
    equal(m.show(UNIT, "NRestarts"), "0", "restarts while all threads move")
    pid = m.pid(UNIT)
    follower = threads(pid)[1]  # the first that is started; the worker and the main thread run on
    frozen = Frozen(follower)

    def came_back():
        frozen.reap()
        return m.show(UNIT, "NRestarts") == "1" and m.show(UNIT, "ActiveState") == "active"
    wait(lambda: "the watchdog and the restart:\n%s" % m.journal(UNIT)[-3000:], came_back, every=0.3)
    said = m.journal(UNIT)
    check("event=stalled" in said and "Watchdog timeout" in said, "the journal does not tell of the hang: %s", said[-3000:])
    check(m.pid(UNIT) != pid, "the same process")
    works(stage, 3)


def runs_a_second(m, stage):
    """winnowd@NAME beside it: its own file, state and identity."""
    m.write("/etc/winnowd/other.yaml", settings(stage, stage.name + "-other"))
    m.run("systemctl", "start", "winnowd@other.service")
    equal(m.show("winnowd@other.service", "ActiveState"), "active", "the second instance")
    host = m.run("uname", "-n").stdout.strip()
    check("instance=%s-other" % host in m.journal("winnowd@other.service"), "its name: %s", m.journal("winnowd@other.service"))
    m.run("test", "-d", "/var/lib/private/winnowd-other")


def upgrades(m, stage):
    before = m.pid(UNIT), m.pid("winnowd@other.service")
    m.run("dpkg", "-i", "/package/" + package().name)
    for unit, pid in zip((UNIT, "winnowd@other.service"), before):
        wait("%s runs again" % unit, lambda: m.show(unit, "ActiveState") == "active", every=0.3)
        check(m.pid(unit) != pid, "%s was not restarted by the upgrade", unit)
    check(stage.name in m.run("cat", "/etc/winnowd/winnowd.yaml").stdout, "the upgrade touched the configuration")


def stops(m):
    m.run("systemctl", "stop", UNIT, "winnowd@other.service")
    equal((m.show(UNIT, "Result"), m.show(UNIT, "ExecMainStatus")), ("success", "0"), "stopped")
    check("event=stopped" in m.journal(UNIT), "no word of the end")


def purges(m):
    """What is ours goes; what only has a name like ours, and what the operator wrote, stays."""
    neighbours = "/var/lib/winnowd-exporter", "/var/lib/private/winnowd-backup", "/var/lib/winnowd-other.old"
    for path in neighbours:
        m.run("mkdir", "-p", path)
    m.run("dpkg", "-P", "winnowd")
    for path in (*neighbours, "/etc/winnowd/winnowd.yaml", "/etc/winnowd/other.yaml"):
        m.run("test", "-e", path)
    for path in ("/var/lib/winnowd", "/var/lib/winnowd-other", "/var/lib/private/winnowd", "/var/lib/private/winnowd-other", "/usr/bin/winnowd", "/usr/share/winnowd"):
        m.run("test", "-e", path, ok=1)
    equal(m.show(UNIT, "LoadState"), "not-found", "the unit")


def test(stage):
    stage.create()
    m = Machine("winnowd-test", bind=("%s:/package" % package().parent,))
    try:
        installs_quietly(m)
        does_not_start_unwritten(m)
        refuses(m, stage)
        starts(m, stage)
        works(stage, 1)
        reloads(m, stage)
        is_confined(m)
        survives_a_hang(m, stage)
        runs_a_second(m, stage)
        upgrades(m, stage)
        stops(m)
        purges(m)
    finally:
        m.close()


main(test)

"""I12: secrets of every way in (files, credentials, maps, wrong places) never come out: not in the log at its most verbose, not in
`check`, not in errors, not over HTTP. And nothing listens beyond loopback."""
import os
import pathlib
import time

from broker import check, equal, wait
from winnowd import main, run

SECRETS = ("hunter2-password", "correct-horse-key", "tr0ub4dor-map", "plain-in-the-map", "wrong-place-secret")


def clean(what, text):
    for secret in SECRETS:
        check(secret not in text, "%s shows %s:\n%s", what, secret, text)


def listening(pid):
    """Local addresses of listening TCP sockets of a process."""
    inodes = set()
    for fd in pathlib.Path("/proc/%d/fd" % pid).iterdir():
        try:
            link = os.readlink(fd)
        except OSError:
            continue
        if link.startswith("socket:["):
            inodes.add(link[8:-1])
    out = []
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path("/proc/%d/net/%s" % (pid, table)).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                out.append(fields[1].split(":")[0])
    return out


def test(stage):
    credentials = stage.dir / "credentials"
    credentials.mkdir()
    for name, secret in zip(("password", "key", "map"), SECRETS):
        (credentials / name).write_text(secret + "\n")
    env = {"CREDENTIALS_DIRECTORY": str(credentials)}
    changes = {"kafka": {"password_file": "password", "key_password_file": str(credentials / "key"),
                         "common": {"security.protocol": "sasl_plaintext", "sasl.mechanisms": "SCRAM-SHA-256", "sasl.username": "winnowd",
                                    "ssl.keystore.password": "@map"}},
               "watch": {"log_level": "debug"}}
    config = stage.config(changes)
    full = {**os.environ, **env}
    checked = run("check", "-c", config, env=full)
    equal(checked.returncode, 0, "check: " + checked.stdout + checked.stderr)
    clean("check", checked.stdout + checked.stderr)
    online = run("check", "-c", config, "--online", env=full)
    clean("check --online", online.stdout + online.stderr)

    daemon = stage.start_with(config, env)
    port = daemon.port()
    wait("the broker refuses us", lambda: daemon.find("topic_unavailable") or daemon.find("kafka"))
    time.sleep(2)
    for path in ("/metrics", "/livez", "/readyz", "/status", "/config", "/models", "/recent"):
        clean(path, daemon.get(path)[1])
    addresses = listening(daemon.process.pid)
    check(addresses and set(addresses) == {"0100007F"}, "listens on %s (port %d)", addresses, port)
    daemon.stop()
    clean("the log", daemon.text)

    inline = stage.config({"kafka": {"common": {"security.protocol": "sasl_plaintext", "sasl.mechanisms": "PLAIN", "sasl.username": "u", "sasl.password": SECRETS[3]}}})
    done = run("check", "-c", inline)
    clean("check of a password in the map", done.stdout + done.stderr)
    for wrong in ({"kafka": {"password_file": "/no/" + "file", "common": {"sasl.passwrod": SECRETS[4]}}},
                  {"kafka": {"common": {"sasl.mechanisms": "PLAIN", "ssl.key.pem": SECRETS[4], "security.protocol": "ssl"}}},
                  {"kafka": {"pasword": SECRETS[4]}}):
        done = run("check", "-c", stage.config(wrong))
        equal(done.returncode, 78, "check of %s" % wrong)
        clean("the error of %s" % list(wrong), done.stdout + done.stderr)


main(test)

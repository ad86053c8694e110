"""TLS, SCRAM and rights as docs/OPERATIONS.md tells them: its recipe and exactly the rights of its table are enough for a whole run; a wrong password, a
broker of an unknown authority and a missing right are told, and the password is in nothing that is said."""
import concurrent.futures
import os
import pathlib
import re
import subprocess

from accounts import learned
from broker import PATIENCE, ROOT, check, equal, script, wait
from stream import Oracle, feed
from winnowd import as_yaml, main, run

# Brokers from 4.0 on refuse SCRAM by Debian 12's librdkafka (docs/OPERATIONS.md), so this one is older.
os.environ["KAFKA_VERSION"] = "3.9.1"
OPERATIONS = (ROOT / "docs" / "OPERATIONS.md").read_text()


def recipe(stage, directory):
    """The YAML of the document, with what is particular to this broker put in."""
    text = re.search(r"<!-- recipe: scram -->\n```yaml\n(.*?)```", OPERATIONS, re.S).group(1)
    for there, here in (("kafka.example.org:9094", stage.secure), ("/etc/ssl/certs/ca-certificates.crt", str(directory / "ca.pem"))):
        check(there in text, "the recipe does not say %s", there)
        text = text.replace(there, here)
    settings = stage.settings({"topics": {"predictions": stage.topic("predictions")}})
    del settings["kafka"]["brokers"]
    path = stage.dir / "secure.yaml"
    pathlib.Path(settings["service"]["state_dir"]).mkdir(parents=True, exist_ok=True)
    timeout = settings.pop("kafka")["session_timeout"]
    path.write_text(text + "  session_timeout: %s\n" % timeout + as_yaml(settings))
    return path


def rights(stage):
    """[(what, name, operation)] of the columns for workers and the learner of the table under "Rights"."""
    table = OPERATIONS[OPERATIONS.index("## Rights"):]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")][2:10]
    out = []
    for what, workers, learner, *_ in rows:
        for operation in sorted({o.strip() for o in re.sub(r"\(.*?\)", "", workers + "," + learner).split(",")} & {"Read", "Write", "Describe"}):
            if what.startswith("group"):
                out.append(("group", stage.name + what.partition("NAME")[2].strip("`"), operation))
            elif what.startswith("transactional"):
                out.append(("transactional-id", stage.name + "-", operation))
            else:
                out += [("topic", stage.topic(name.strip().replace(" ", "_")), operation) for name in what.split(",")]
    check(len(out) > 12, "rights of the table: %s", out)
    return out


def grant(stage):
    """All but the learner's group, which comes later. Through Kafka's own tool, a call for each operation, side by side: the Python client of Debian
    knows no rights on transactional ids."""
    calls = [("--operation", operation, *(x for what, name, o in rights(stage) if o == operation and what != "transactional-id" and not name.endswith("-learner")
                                          for x in ("--" + what, name)))
             for operation in ("Read", "Write", "Describe")]
    calls += [("--operation", operation, "--resource-pattern-type", "prefixed", "--transactional-id", stage.name + "-") for operation in ("Write", "Describe")]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda arguments: acl(stage, *arguments), calls))


def acl(stage, *arguments):
    script("tool", "kafka.admin.AclCommand", "--bootstrap-server", stage.brokers, "--add", "--allow-principal", "User:winnowd", *arguments)


def says_nothing(password, *texts):
    for text in texts:
        check(password not in text, "the password is shown:\n%s", text)


def test(stage):
    directory = stage.dir / "secure-kafka"
    stage.secure = script("secure", str(directory))
    try:
        stage.brokers = (directory / "internal").read_text().strip()  # the tests' own way in
        stage.create()
        password = (directory / "winnowd.password").read_text().strip()
        env = {"CREDENTIALS_DIRECTORY": str(stage.dir / "credentials")}
        (stage.dir / "credentials").mkdir()
        (stage.dir / "credentials" / "kafka-password").write_text(password + "\n")
        config = recipe(stage, directory)
        works(stage, config, env, password)
        refuses(stage, config, password)
    finally:
        subprocess.run([ROOT / "scripts" / "kafka", "stop", directory], timeout=PATIENCE)


def misses_the_group(config, env):
    """check --online without any right, once the broker answers: one that has just begun may be too slow for the first question."""
    done = run("check", "-c", config, "--online", env=env)
    check(done.returncode != 0, "check --online is content without any right: %s", done.stdout)
    return done if re.search(r"wrong +learner's group", done.stdout) else None


def works(stage, config, env, password):
    full = {**os.environ, **env}
    blind = wait("check --online misses the learner's group", lambda: misses_the_group(config, full))
    grant(stage)
    daemon, oracle = stage.start_with(config, env).ready(), Oracle(stage)
    daemon.await_event("election_refused")
    wait("/readyz says so", lambda: "refuses the group" in daemon.get("/readyz")[1])
    group = ("group", stage.name + "-learner", "Read")
    check(group in rights(stage), "the table does not say %s", group)
    acl(stage, "--operation", "Read", "--group", group[1])
    daemon.await_event("learner_ready")  # by itself
    online = run("check", "-c", config, "--online", env=full)
    equal(online.returncode, 0, "check --online with the rights of the table: %s" % (online.stdout[-2000:] + online.stderr))
    oracle.start()
    feed(stage, 3000)
    stage.caught_up()
    tasks = wait("all tasks are answered", lambda: (lambda t: t if t and len(oracle.answers) == len(t) else None)(stage.tasks()), every=0.5)
    learned(daemon, len(tasks))
    wait("a model is live", lambda: daemon.metric("model_version") >= 1)
    daemon.stop()
    oracle.end()
    check(not daemon.find("kafka_error", answer="FATAL"), "errors: %s", daemon.find("kafka_error"))
    says_nothing(password, blind.stdout + blind.stderr, online.stdout + online.stderr, daemon.text)


def refuses(stage, config, password):
    wrong = stage.dir / "wrong"
    wrong.mkdir()
    (wrong / "kafka-password").write_text("surely-not-the-password\n")
    done = run("check", "-c", config, "--online", env={**os.environ, "CREDENTIALS_DIRECTORY": str(wrong)})
    equal(done.returncode, 69, "with a wrong password: %s" % (done.stdout + done.stderr))
    check("SASL" in done.stderr or "uthentication" in done.stderr, "what is wrong is not told: %s", done.stderr)
    says_nothing("surely-not-the-password", done.stdout + done.stderr)
    text = config.read_text()
    stranger = stage.dir / "stranger.yaml"
    stranger.write_text(re.sub(r"ssl.ca.location: .*", "ssl.ca.location: /etc/ssl/certs/ca-certificates.crt", text))
    done = run("check", "-c", stranger, "--online", env={**os.environ, "CREDENTIALS_DIRECTORY": str(stage.dir / "credentials")})
    check(done.returncode != 0 and "certificate" in done.stderr, "a broker of an unknown authority: %s", done.stderr)
    says_nothing(password, done.stdout + done.stderr)


main(test)

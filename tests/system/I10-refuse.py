"""I10: a bad configuration never starts: exit 78, every error at once as FILE:LINE:COLUMN with what is allowed, the nearest right word,
and unknown or reserved Kafka properties refused with the reason. Wrong usage is 64."""
import re

from broker import check, equal
from winnowd import main, run

BAD = """\
service:
  nmae: x
  workers: many
kafka:
  session_timeout: 5
budget:
  rate: 1.5
query:
  measure: margn
model:
  classes: [good]
features:
  - name: x
"""


def refused(stage, text, *needed):
    path = stage.dir / "bad.yaml"
    path.write_text(text)
    for command in ("check", "run"):
        done = run(command, "-c", path)
        said = done.stdout + done.stderr
        equal(done.returncode, 78, "%s of a bad file; it said: %s" % (command, said))
        for one in needed:
            check(re.search(one, said, re.M), "%s does not say %r:\n%s", command, one, said)


GOOD = "model:\n  classes: [good, bad]\nfeatures:\n  - name: x\nservice:\n  state_dir: %s\n"


def test(stage):
    where = re.escape(str(stage.dir / "bad.yaml"))
    refused(stage, BAD, "^%s:2:3: .*nmae.*name" % where, "^%s:3:12: .*workers" % where, "^%s:5:20: .*session_timeout" % where, "^%s:7:9: .*rate" % where,
            "^%s:9:12: .*margin" % where, "^%s:11:\\d+: .*classes" % where)
    refused(stage, "model: [", "^%s:\\d+:\\d+: " % where)
    refused(stage, "", "classes", "features")
    good = GOOD % stage.dir
    refused(stage, good + "kafka:\n  common: {no.such.property: 1}\n", r"no\.such\.property")
    refused(stage, good + "kafka:\n  consumer: {fetch.max.bytes: many}\n", r"fetch\.max\.bytes")
    refused(stage, good + "kafka:\n  producer: {transactional.id: mine}\n", r"transactional\.id: winnowd sets this itself: ")
    for property, value in (("linger.ms", 900000), ("retries", 0), ("message.timeout.ms", 200000), ("queuing.strategy", "lifo")):  # only with ours
        refused(stage, good + "kafka:\n  producer: {%s: %s}\n" % (property, value), property.replace(".", r"\."))
    refused(stage, good + "kafka:\n  consumer: {heartbeat.interval.ms: 20000}\n", r"^%s:8:37: .*heartbeat\.interval\.ms.*at most 3333" % where)
    refused(stage, good + "kafka:\n  password_file: /no/such/file\n", "/no/such/file")
    equal(run("check", "-c", write(stage, good)).returncode, 0, "check of a good file")
    equal(run("run", "-c", stage.dir / "absent.yaml").returncode, 78, "an absent file")

    for arguments, said in ((("run",), "--config"), (("chek",), "check"), (("run", "--confg", "x"), "--config"), (("policy", "-c", stage.dir / "good.yaml", "pauze"), "pause")):
        done = run(*arguments)
        equal(done.returncode, 64, "exit code of %s: %s" % (arguments, done.stderr))
        check(said in done.stderr, "%s does not say %s: %s", arguments, said, done.stderr)
    for command in ("run", "check", "topics", "feed", "annotate", "policy", "model", "tasks", "dead-letters", "reload", "demo", "version"):
        done = run(command, "--help")
        check(done.returncode == 0 and "usage: winnowd %s" % command in done.stdout, "%s --help: %s", command, done.stdout + done.stderr)


def write(stage, text):
    path = stage.dir / "good.yaml"
    path.write_text(text)
    return path


main(test)

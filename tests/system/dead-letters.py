"""I1: dead letters by the command line: listed, shown, fed again once they can be read, and never twice by accident."""
import json

from broker import Writer, check, equal, wait
from stream import BAD, Feeder
from winnowd import main, run


def test(stage):
    stage.create()
    config = stage.config({"service": {"learner": False}})

    def letters(*words, code=0, **more):
        done = run("dead-letters", "-c", config, *words, **more)
        equal(done.returncode, code, "dead-letters %s: %s" % (words, done.stdout + done.stderr))
        return done.stdout if code == 0 else done.stderr + done.stdout

    def listed(*words):
        return json.loads(letters("list", "--json", "--limit", "0", *words))

    equal(listed(), [], "letters at first")
    check("no dead letter" in letters("list"), "an empty list says nothing")
    daemon = stage.start_with(config).ready()
    Feeder(stage, rate=1e9, total=800, bad_every=20).work()
    big = Writer(stage.brokers)
    big.send(stage.topic("samples"), b'{"id":"long","x":1,"y":' + b"9" * 70000 + b"}", key="long", headers=[("bad", b"not_finite"), ("traceparent", b"00-1-2-01")])
    big.send(stage.topic("samples"), b"\x1b[2Jesc", key="esc", headers=[("bad", b"not_json")])
    big.flush()
    stage.caught_up()
    wait("all letters are there", lambda: len(listed()) == 42)
    reasons = {one["reason"] for one in listed()}
    equal(reasons, set(BAD), "reasons")
    missing = listed("--reason", "missing_field")
    check(missing and all(one["reason"] == "missing_field" and not one["retried"] == "yes" for one in missing), "by reason: %s", missing)
    check(len(letters("list", "--limit", "3").splitlines()) == 5, "three of them, a head and a foot")
    check("\x1b" not in letters("list", "--limit", "0"), "a control character in a list")

    shown = next(text for one in listed("--reason", "not_json") if "key            esc" in (text := letters("show", one["place"])))
    check("\\x1b[2Jesc" in shown and "\x1b" not in shown, "a letter that would move the cursor: %r", shown)
    one = missing[0]["place"]
    told = json.loads(letters("show", one, "--json"))
    equal((told["reason"], json.loads(told["value"])["id"], told["cut"], told["headers"]), ("missing_field", "m", False, {"bad": "missing_field"}), "show")

    # What can still not be read is not sent round again.
    count = len(stage.read("samples"))
    check("would be a dead letter again" in letters("retry", one, code=65), "a hopeless retry")
    long = [x for x in listed("--reason", "not_finite") if x["bytes"] == 65536][0]["place"]
    check("whole" in letters("retry", long, code=65), "a retry of what was cut")
    edit = stage.dir / "edit.json"
    edit.write_text('{"id": "still", "y": 2}\n')
    check("x" in letters("retry", one, "--edit", edit, code=65), "a repair that repairs nothing")
    edit.write_text('{"id": "mended-good", "x": 0.5, "y": 2, "kind": "a"}\n')
    check("feed" in letters("retry", one, "--edit", edit, "--dry-run"), "a dry run")
    for words, code in ((("show", "0/999999"), 66), (("retry", "9/0"), 66), (("show", "x"), 64), (("show",), 64), (("retry",), 64), (("retry", one, "--all"), 64), (("retry", one, one), 64),
                        (("retry", one, long, "--edit", edit), 64), (("retry", one, "--edit", stage.dir / "absent"), 66), (("lits",), 64), (("retry", "--all", "--again"), 64)):
        letters(*words, code=code)
    equal(len(stage.read("samples")), count, "samples after everything that was refused")

    letters("retry", one, "--edit", edit)
    letters("retry", long, "--edit", "-", input='{"id": "long-good", "x": 1, "y": 2, "kind": "b"}')
    fed = [r for r in stage.read("samples") if r.headers.get("winnowd.retry.of")]
    equal({r.headers["winnowd.retry.of"].decode() for r in fed}, {one, long}, "where they come from")
    long_one = next(r for r in fed if r.key == b"long")
    equal((long_one.headers.get("traceparent"), any(k.startswith("__connect") for k in long_one.headers)), (b"00-1-2-01", False), "headers of a sample that was fed again")
    wait("they are decided", lambda: {"mended-good", "long-good"} <= {json.loads(r.value)["sample_id"] for r in stage.read("predictions")})

    check("again" in letters("retry", one, "--edit", edit, code=65), "the same letter twice")
    equal({x["place"] for x in listed() if x["retried"] == "yes"}, {one, long}, "what the list says of them")
    letters("retry", one, "--edit", edit, "--again")
    equal(len([r for r in stage.read("samples") if r.headers.get("winnowd.retry.of")]), 3, "samples fed again")

    # A configuration that reads more makes many of them readable at once, and each once. (The daemon has the old one: it would refuse them again.)
    daemon.stop()
    relaxed = stage.config({"service": {"learner": False, "instance": "two", "state_dir": str(stage.dir / "two")}, "features": [{"name": "x"}, {"name": "y"}, {"name": "kind", "type": "category", "values": ["a"]}]}, "relaxed.yaml")
    before = len(stage.read("samples"))
    for expected in (len(missing) - 1, 0):
        done = run("dead-letters", "-c", relaxed, "retry", "--all")
        check(done.returncode == 0 and "%d fed again" % expected in done.stderr, "retry --all: %s", done.stderr)
    equal(len(stage.read("samples")) - before, len(missing) - 1, "samples fed by --all")


main(test)

"""I1, I10: each kind of bad record, up to one of 100 MB, is one dead letter with its reason, whatever stands around it, and the stream goes on."""
import hashlib
import json

from accounts import accounts
from broker import Writer, check, equal
from stream import BAD, sample
from winnowd import main

MAX = 65536


def cases():
    """(reason, value) of everything bad; None is a tombstone."""
    out = [(reason, value) for reason, value in BAD.items()]
    out += [("empty", None), ("too_large", b'{"id":"l","x":1,"y":"' + b"a" * MAX + b'"}'),
            ("too_large", b'{"id":"l","x":' + b"9" * 100_000_000 + b"}"),
            ("not_json", b"not json at all"), ("not_json", b"[1,2,3]"), ("not_json", b'"text"'), ("not_json", b'{"id":"a","x":1} trailing'),
            ("not_json", b'{"id":"a","x":NaN}'), ("not_json", b'{"id":"a","x":Infinity}'), ("not_json", b'{"id":"a","x":01}'),
            ("not_json", b"\x00\x01\x02"), ("not_finite", b'{"id":"a","x":-1e400,"kind":"a"}'),
            ("wrong_type", b'{"id":"a","x":true}'), ("wrong_type", b'{"id":"a","x":1,"kind":[7]}'), ("wrong_type", b'{"id":"a","x":{"deep":1}}'),
            ("missing_field", b'{"id":"a","x":null}'), ("missing_field", b"{}"),
            ("bad_id", b'{"id":1.5,"x":1}'), ("bad_id", b'{"id":"' + b"i" * 300 + b'","x":1}'), ("bad_id", b'{"id":"","x":1}'),
            ("too_deep", b'{"id":"d","x":1,"else":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}")]
    return out


def test(stage):
    stage.create(config={"max.message.bytes": "104000000"})
    writer, n = Writer(stage.brokers, **{"message.max.bytes": 104000000}), 0
    bad = cases()
    for i, (reason, value) in enumerate(bad):
        for _ in range(20):
            n += 1
            name, good = sample(n, stage.random)
            writer.send(stage.topic("samples"), good, partition=n % 2)
        writer.send(stage.topic("samples"), value, key="k%d" % i, partition=i % 2,
                    headers=[("trace", b"t%d" % i), ("bad", reason.encode())])
    writer.flush()

    daemon = stage.start({"budget": {"rate": 0.2}, "admit": {"max_bytes": "64KiB"}, "service": {"learner": False}})
    stage.caught_up()
    accounts(stage)
    figures = daemon.metrics()
    for reason in {r for r, _ in bad}:
        equal(figures['winnowd_dead_letters_total{reason="%s"}' % reason], sum(r == reason for r, _ in bad), "counted as " + reason)
    daemon.stop()

    letters = {r.headers["trace"]: r for r in stage.read("dead_letters")}
    for i, (reason, value) in enumerate(bad):
        r = letters[b"t%d" % i]
        equal(r.headers["__connect.errors.topic"].decode(), stage.topic("samples"), "topic of the dead letter")
        equal(r.key, b"k%d" % i, "key of the dead letter")
        check(r.headers["__connect.errors.exception.message"], "no message: %s", r.headers)
        if value is not None and len(value) > MAX:
            equal(r.value, value[:MAX], "the first bytes")
            equal(r.headers["winnowd.value.sha256"].decode(), hashlib.sha256(value).hexdigest(), "hash of the whole")
            equal(int(r.headers["winnowd.value.bytes"]), len(value), "length of the whole")
        else:
            equal(r.value or b"", value or b"", "value of the dead letter (%s)" % reason)
    equal(len(letters), len(bad), "dead letters")
    check(json.loads(stage.read("tasks")[0].value)["meta"]["format"] == 1, "a task's format")


main(test)

"""I9: what is not a whole, sound, fitting model is refused and counted, the old one stays in force and goes on deciding; a sound one
afterwards goes live."""
import hashlib
import json
import struct

from broker import Writer, check, equal, wait
from stream import feed
from taught import lend, taught
from winnowd import main, run


def split(record):
    """(header, tensor bytes) of a safetensors record."""
    length = struct.unpack("<Q", record[:8])[0]
    return json.loads(record[8:8 + length]), bytearray(record[8 + length:])


def joined(header, data, signed=True):
    if signed:
        header["__metadata__"]["sha256"] = hashlib.sha256(data).hexdigest()
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(data)


def changed(record, version, tensors=None, signed=True, **metadata):
    """The same model under another version, with other metadata or bytes."""
    header, data = split(record)
    header["__metadata__"].update({"version": str(version), **metadata})
    if tensors:
        tensors(header, data)
    return joined(header, data, signed)


def poison(pattern):
    def put(header, data):
        tensor = next(t for name, t in header.items() if name != "__metadata__" and t["dtype"] == "F32")
        data[tensor["data_offsets"][0]:tensor["data_offsets"][0] + 4] = pattern
    return put


def narrower(header, data):
    """Claims one column less than the features make."""
    for name, tensor in header.items():
        if name != "__metadata__" and tensor["shape"]:
            tensor["shape"][-1] -= 1


def flipped(header, data):
    data[len(data) // 2] ^= 1


def cases(good, version):
    """[(what, record, chunks header)], each under the next version's number."""
    header, _ = split(good)
    fingerprint = header["__metadata__"].get("fingerprint", "")
    list_of = [
        ("NaN weight", lambda v: changed(good, v, poison(b"\x00\x00\xc0\x7f")), "1"),
        ("infinite weight", lambda v: changed(good, v, poison(b"\x00\x00\x80\x7f")), "1"),
        ("wrong shape", lambda v: changed(good, v, narrower), "1"),
        ("a flipped bit", lambda v: changed(good, v, flipped, signed=False), "1"),
        ("truncated", lambda v: changed(good, v)[:-5], "1"),
        ("cut in the header", lambda v: changed(good, v)[:40], "1"),
        ("garbage", lambda v: bytes(range(256)) * 8, "1"),
        ("empty", lambda v: b"", "1"),
        ("an absurd header length", lambda v: b"\xff" * 8 + b"{}", "1"),
        ("another feature map", lambda v: changed(good, v, fingerprint="%016x" % (int(fingerprint or "0", 16) ^ 1)), "1"),
        ("another version inside", lambda v: changed(good, v + 1000), "1"),
        ("other classes", lambda v: changed(good, v, classes=header["__metadata__"].get("classes", "").replace("bad", "sad")), "1"),
        ("no count of chunks", lambda v: changed(good, v), None),
        ("an absurd count of chunks", lambda v: changed(good, v), "999999999"),
    ]
    return [(what, version + 1 + i, make(version + 1 + i), chunks) for i, (what, make, chunks) in enumerate(list_of)]


def test(stage):
    stage.create()
    records = taught(stage)
    lend(stage, records, stage.name)
    versions = {int(k.split("/")[1]) for k, r in records if k.startswith("model/") and r.value}
    live = max(versions)
    good = next(r.value for k, r in records if k == "model/%d/0" % live)
    policy = json.loads([r for k, r in records if k == "policy"][-1].value)
    equal(policy["live"], live, "the policy's live version")

    daemon = stage.start({"service": {"learner": False}}).ready()
    wait("the lent model is live", lambda: daemon.metric("model_version") == live)
    refused = daemon.metric("models_total", outcome="refused")
    equal(refused, 0, "refused at first")
    writer = Writer(stage.brokers)
    last = live
    for what, version, record, chunks in cases(good, live):
        writer.send(stage.topic("models"), record, key="%s/model/%d/0" % (stage.name, version), headers=[("chunks", chunks.encode())] if chunks else None)
        writer.send(stage.topic("models"), json.dumps({**policy, "live": version}), key=stage.name + "/policy")
        writer.flush()
        refused += 1
        wait(lambda: "%s is refused and counted: %s of %s" % (what, daemon.metric("models_total", outcome="refused"), refused),
             lambda: daemon.metric("models_total", outcome="refused") >= refused)
        daemon.await_event("model_refused", version=version)
        wait("the policy was read", lambda: daemon.find("policy_read", wanted=version))
        equal(daemon.metric("model_version"), live, "live version after: " + what)
        last = version
    feed(stage, 3000)
    stage.caught_up()
    check({t["model"] for t in stage.tasks()} == {live}, "the old model decided: %s", {t["model"] for t in stage.tasks()})

    writer.send(stage.topic("models"), b"not json", key=stage.name + "/policy")
    writer.flush()
    daemon.await_event("policy_refused")
    equal(daemon.metric("model_version"), live, "live version after a broken policy")
    writer.send(stage.topic("models"), changed(good, last + 1), key="%s/model/%d/0" % (stage.name, last + 1), headers=[("chunks", b"1")])
    writer.send(stage.topic("models"), json.dumps({**policy, "live": last + 1}), key=stage.name + "/policy")
    writer.flush()
    wait("a sound model goes live", lambda: daemon.metric("model_version") == last + 1)

    # No operator can choose what no worker would take: whoever did was told that it is in force.
    bad = {what: version for what, version, _, _ in cases(good, live)}
    config = stage.config({"service": {"learner": False}})
    for what, words in (("NaN weight", ("model", "rollback")), ("another feature map", ("model", "pin")), ("other classes", ("policy", "live"))):
        done = run(*words, bad[what], "-c", config)
        equal(done.returncode, 65, "%s %s: %s" % (what, words, done.stderr))
        check("cannot go live" in done.stderr and "%d, %d" % (live, last + 1) in done.stderr, "why, and which can: %s", done.stderr)
    equal(run("model", "rollback", "-c", config).returncode, 0, "a rollback without a version")
    wait("it goes back to one that was checked", lambda: daemon.metric("model_version") == live)
    daemon.stop()


main(test)

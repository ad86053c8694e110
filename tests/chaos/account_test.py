"""The account finds what it is there for: each fault, put into records that otherwise add up, is told by its kind."""
import json
import pathlib
import struct
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[0:0] = [str(HERE), str(HERE.parent / "system")]

from account import BASE85, FORMS, Ledger, Z85, mark, read_state  # noqa: E402 (the path is set first)
from broker import check, equal  # noqa: E402

TASK = "01a2025d-5200-708b-8269-cfea3e53%04x"


class Message:
    """A record as the client gives it."""

    def __init__(self, topic, partition, offset, value, key=b"k", headers=None):
        self._of = topic, partition, offset, value, key, headers

    def topic(self):
        return self._of[0]

    def partition(self):
        return self._of[1]

    def offset(self):
        return self._of[2]

    def value(self):
        return self._of[3]

    def key(self):
        return self._of[4]

    def headers(self):
        return self._of[5]

    def timestamp(self):
        return 1, 1000


def record(role, offset, value, **more):
    return role, Message(role, 0, offset, value if value is None or isinstance(value, bytes) else json.dumps(value).encode(), **more)


def sample(offset, bad=None):
    return record("samples", offset, {"id": "s%d" % offset}, headers=[("bad", bad.encode())] if bad else None)


def prediction(offset, asked=False):
    return record("predictions", offset, {"partition": 0, "offset": offset, "asked": asked})


def letter(offset, reason):
    headers = [("__connect.errors." + k, v.encode()) for k, v in
               (("partition", "0"), ("offset", str(offset)), ("exception.class.name", reason))]
    return record("dead_letters", offset, b"x", headers=headers)


def task(offset, admitted, number=None):
    name = TASK % (offset if number is None else number)
    return record("tasks", offset, {"meta": {"id": name, "sample_id": "s%d" % offset, "admitted": admitted,
                                             "source": {"partition": 0, "offset": offset}}})


def label(offset, of, class_="good", **more):
    return record("labels", offset, {"id": TASK % of, "label": class_, **more})


def version(number, rows, offset):
    header = json.dumps({"__metadata__": {"rows": str(rows)}}).encode()
    return record("models", offset, struct.pack("<Q", len(header)) + header, key=b"n/model/%d/0" % number)


def policy(live):
    return record("models", 90 + live, {"live": live}, key=b"n/policy")


def progress(rows, digest):
    return record("models", 99, {"labelled": rows, "published_digest": "%016x" % digest}, key=b"n/progress")


def state(admitted, asked, form=b"w5"):
    """A selection state as docs/FORMATS.md has it, written by another way than the account reads it."""
    f = FORMS[form]
    data = bytearray(f.crc + 4)
    for (at, size), value in ((f.admitted, admitted), (f.asked, asked)):
        data[at:at + size] = value.to_bytes(size, "little")
    struct.pack_into("<I", data, f.crc, zlib.crc32(bytes(data[:f.crc])) ^ f.mask)
    text = ""
    for word, in struct.iter_unpack("<I", bytes(data)):
        digits = []
        for _ in range(5):
            word, digit = divmod(word, 85)
            digits.append(Z85[digit])
        text += "".join(reversed(digits))
    return form + text.encode()


def whole():
    """Four samples, one bad, one asked and answered, learned by version 1: all adds up."""
    return [sample(0), sample(1, "empty"), sample(2), sample(3), prediction(0), letter(1, "empty"), prediction(2, True), prediction(3),
            task(2, 2), label(0, 2), version(1, 1, 0), policy(1), progress(1, mark(TASK % 2, 0))]


def faults(records, admitted=3, asked=1, rate=0.3, burst=5):
    ledger = Ledger(("good", "bad"), rate, burst)
    ledger.take(records)
    return [kind for kind, _ in ledger.check({0: (4, state(admitted, asked))})]


def without(role, number):
    """The whole but for the number-th record of a topic."""
    records = whole()
    records.remove([r for r in records if r[0] == role][number])
    return records


def main():
    equal(len(BASE85), 85, "Python's alphabet")
    for form in FORMS:
        equal(read_state(state(123456789, 42, form)), (123456789, 42), "a state that was written and read")
        equal(read_state(state(1, 2, form) + b"m1"), (1, 2), "a state with a mark behind it")
    equal(read_state(state(1, 2)[:-1] + b"!"), None, "a state whose sum is wrong")
    equal(faults(whole()), [], "faults of what adds up")
    equal(faults(list(reversed(whole()[:9])) + whole()[9:]), [], "faults, tasks and predictions read before samples")
    for what, kind, found in (
            ("a prediction is missing", "lost", faults(without("predictions", 0))),
            ("a dead letter is missing", "lost", faults(without("dead_letters", 0))),
            ("a prediction comes twice", "doubled", faults(whole() + [prediction(0)])),
            ("a dead letter of a good sample", "doubled", faults(whole() + [letter(0, "empty")])),
            ("a dead letter with another reason", "wrong", faults(without("dead_letters", 0) + [letter(1, "not_json")])),
            ("a task is missing", "lost", faults(without("tasks", 0) + [label(1, 2)], asked=0)),
            ("a task comes twice", "doubled", faults(whole() + [task(2, 2)], asked=2)),
            ("a task of a sample that was not asked", "lost", faults(whole() + [task(3, 3)], asked=2)),
            ("a task counts its samples wrong", "wrong", faults(without("tasks", 0) + [task(2, 1)])),
            ("more tasks than the budget has", "wrong", faults(whole(), rate=0.01, burst=-1)),
            ("the state counts other samples", "wrong", faults(whole(), admitted=2)),
            ("the state counts other tasks", "wrong", faults(whole(), asked=0)),
            ("a version is skipped", "wrong", faults(whole() + [version(3, 1, 1)])),
            ("two versions have one number", "wrong", faults(whole() + [version(1, 1, 1)])),
            ("a version has fewer rows", "wrong", faults(whole() + [version(2, 0, 1)])),
            ("an old version is live again", "wrong", faults(whole() + [version(2, 1, 1), policy(2), policy(1)])),
            ("a label is not learned", "lost", faults(without("labels", 0))),
            ("another class was learned", "lost", faults(whole() + [label(1, 2, "bad", revision=1)]))):
        check(kind in found, "%s: found %s, wanted %s", what, found, kind)


main()

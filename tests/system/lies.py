"""Answers of a broker that are not true, for the proxy's rule lie(): functions of a request and its answer that give another answer. Versions as the proxy holds
them down (kafka_proxy.NEWEST)."""
import struct

from kafka_proxy import Fields, _text

HEAD = 4  # the correlation


def _array(fields, one):
    """Copies an array; one(fields): the bytes of an element."""
    n = fields.number("i")
    out = struct.pack(">i", n)
    for _ in range(n):
        out += one(fields)
    return out


def _copy(fields, step):
    """The bytes that a step passes over."""
    start = fields.at
    step()
    return fields.data[start:fields.at]


def fetch_error(code):
    """Every partition of a Fetch fails with that code, and has no record."""
    def change(_, frame):
        fields = Fields(frame)
        fields.skip(HEAD + 4 + 2 + 4)  # throttle, error, session
        head = frame[:fields.at]

        def partition(f):
            index = f.number("i")
            f.skip(2)
            ends = _copy(f, lambda: f.skip(24))  # high watermark, last stable, start of the log
            for _ in range(max(0, f.number("i"))):
                f.skip(16)  # an aborted transaction
            f.skip(4)  # preferred replica
            f.skip(max(0, f.number("i")))  # records
            return struct.pack(">ih", index, code) + ends + struct.pack(">iii", 0, -1, 0)
        return head + _array(fields, lambda f: _copy(f, f.text) + _array(f, partition))
    return change


def offsets(code=0, offset=None, add=0):
    """ListOffsets says an error, another offset, or one that lies `add` behind the true one."""
    def change(request, frame):
        fields = Fields(frame)
        fields.skip(HEAD + (4 if request.version >= 2 else 0))
        head = frame[:fields.at]

        def partition(f):
            index, error = f.number("i"), f.number("h")
            time, at = f.number("q"), f.number("q")
            epoch = _copy(f, lambda: f.skip(4 if request.version >= 4 else 0))
            at = at + add if offset is None else offset
            return struct.pack(">ihqq", index, code or error, time, -1 if code else at) + epoch
        return head + _array(fields, lambda f: _copy(f, f.text) + _array(f, partition))
    return change


def metadata(topic, code=0, drop=False):
    """Metadata says an error of a topic (code; then it has no partitions), leaves it out (drop), or says that it has no partitions."""
    def change(request, frame):
        version, fields = request.version, Fields(frame)
        fields.skip(HEAD + (4 if version >= 3 else 0))

        def one_broker(f):
            return _copy(f, lambda: (f.skip(4), f.text(), f.skip(4), f.text() if version >= 1 else None))

        def one_partition(f):
            return _copy(f, lambda: (f.skip(10 + (4 if version >= 7 else 0)), *(f.skip(4 * f.number("i")) for _ in range(3 if version >= 5 else 2))))
        _array(fields, one_broker)
        if version >= 2:
            fields.text()  # the cluster's id
        if version >= 1:
            fields.skip(4)  # the controller
        head, kept = frame[:fields.at], []
        for _ in range(fields.number("i")):
            error, name = fields.number("h"), fields.text()
            internal = _copy(fields, lambda: fields.skip(1 if version >= 1 else 0))
            partitions = _array(fields, one_partition)
            rights = _copy(fields, lambda: fields.skip(4 if version >= 8 else 0))
            if name == topic and drop:
                continue
            if name == topic:
                error, partitions = code, struct.pack(">i", 0)
            kept.append(struct.pack(">h", error) + _text(name) + internal + partitions + rights)
        return head + struct.pack(">i", len(kept)) + b"".join(kept) + fields.rest()
    return change


def coordinator(code=0):
    """FindCoordinator says an error, or that the coordinator is nobody."""
    def change(request, frame):
        fields = Fields(frame)
        fields.skip(HEAD + (4 if request.version >= 1 else 0))
        out = frame[:fields.at] + struct.pack(">h", code)
        out += struct.pack(">h", -1) if request.version >= 1 else b""  # no words for it
        return out + struct.pack(">i", -1) + _text("") + struct.pack(">i", -1)
    return change

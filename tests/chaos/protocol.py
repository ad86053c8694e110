"""Requests that the Python client of Debian 12 cannot make, by the protocol itself: committed offsets with their metadata, and records
deleted as retention does it. Each broker is asked until one feels responsible."""
import socket
import struct

TIMEOUT = 5  # seconds, for one broker
OFFSET_FETCH, DELETE_RECORDS = 9, 21


def _string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _call(address, api, version, body):
    """One request to one broker (HOST:PORT); the answer behind its correlation id."""
    host, port = address.rsplit(":", 1)
    request = struct.pack(">hhi", api, version, 1) + _string("chaos") + body
    with socket.create_connection((host, int(port)), TIMEOUT) as s:
        s.sendall(struct.pack(">i", len(request)) + request)
        answer = b""
        while len(answer) < 4 or len(answer) < 4 + struct.unpack(">i", answer[:4])[0]:
            more = s.recv(65536)
            if not more:
                raise OSError("the broker closed the connection")
            answer += more
    return answer[8:]


def _first(brokers, ask):
    """The first answer that is not None of those who can be reached; None: nobody is responsible now."""
    for address in brokers:
        try:
            answer = ask(address)
        except (OSError, struct.error):
            continue
        if answer is not None:
            return answer
    return None


def committed(brokers, group, topic, partitions):
    """{partition: (offset, metadata)}, offset -1: none; None while no coordinator answers. brokers: a list of addresses."""
    body = _string(group) + struct.pack(">i", 1) + _string(topic) + struct.pack(">i", partitions)
    body += b"".join(struct.pack(">i", p) for p in range(partitions))

    def ask(address):
        answer, out = _call(address, OFFSET_FETCH, 1, body), {}
        at = 4 + 2 + len(topic.encode()) + 4
        for _ in range(partitions):
            partition, offset, length = struct.unpack_from(">iqh", answer, at)
            at += 14
            metadata = answer[at:at + max(length, 0)]
            at += max(length, 0)
            error, = struct.unpack_from(">h", answer, at)
            at += 2
            if error:
                return None
            out[partition] = (offset, metadata)
        return out
    return _first(brokers, ask)


def delete_records(brokers, topic, before):
    """before: {partition: offset}; whether each partition's leader has done it."""
    def ask(address, partition, offset):
        body = struct.pack(">i", 1) + _string(topic) + struct.pack(">iiqi", 1, partition, offset, 1000 * TIMEOUT)
        answer = _call(address, DELETE_RECORDS, 0, body)
        _, _, error = struct.unpack_from(">iqh", answer, 4 + 4 + 2 + len(topic.encode()) + 4)
        return True if error == 0 else None
    return all(_first(brokers, lambda address, p=p, o=o: ask(address, p, o)) for p, o in before.items())

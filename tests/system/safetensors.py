"""Safetensors by hand: header JSON and raw numbers, as docs/FORMATS.md says; enough for the tests."""
import json
import struct


def write(path, tensors, **metadata):
    """tensors: {name: (shape, numbers)}, as F64."""
    header, data = {"__metadata__": {k: str(v) for k, v in metadata.items()}}, b""
    for name, (shape, numbers) in tensors.items():
        packed = struct.pack("<%dd" % len(numbers), *numbers)
        header[name] = {"dtype": "F64", "shape": list(shape), "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def read(path):
    """(metadata, {name: shape})."""
    return header_of(path.read_bytes())


def header_of(record):
    header = json.loads(record[8:8 + struct.unpack("<Q", record[:8])[0]])
    return header.pop("__metadata__"), {name: t["shape"] for name, t in header.items()}

"""Records that fastavro writes, for tests/unit/admit/avro.c: answers of another program (tests/vectors/make runs this).

Three lines a record: the schema, its bytes in hexadecimal digits, and the JSON that people see, as docs/FORMATS.md says, made here
from the values and not from the bytes.
"""
import base64
import datetime
import decimal
import io
import json
import random

import fastavro

rng = random.Random(11)
UTC = datetime.timezone.utc


def primitive(kind):
    """(value for fastavro, JSON)."""
    if kind == "string":
        text = "".join(rng.choice("ab \"\\/\u00e9\u20ac\U0001f600") for _ in range(rng.randrange(12)))
        return text, text
    if kind in ("int", "long"):
        bits = rng.randrange(1, 32 if kind == "int" else 64)
        value = rng.getrandbits(bits) - (1 << (bits - 1))
        return value, value
    if kind == "bytes":
        raw = rng.randbytes(rng.randrange(9))
        return raw, base64.b64encode(raw).decode()
    value = {"null": None, "boolean": rng.random() < 0.5, "double": rng.randrange(-10 ** 6, 10 ** 6) / 64 + 0.015625, "float": rng.randrange(-999, 999) / 8 + 0.0625}[kind]
    return value, value


def logical(kind):
    """(schema, value, JSON)."""
    at = datetime.datetime(2024, 5, 1, 12, 30, 15, 250000, UTC) + datetime.timedelta(milliseconds=rng.randrange(10 ** 9))
    ms = int((at - datetime.datetime(1970, 1, 1, tzinfo=UTC)) / datetime.timedelta(milliseconds=1))
    if kind == "date":
        return {"type": "int", "logicalType": kind}, at.date(), (at.date() - datetime.date(1970, 1, 1)).days * 86400000
    if kind == "decimal":
        value = decimal.Decimal(rng.randrange(-10 ** 12, 10 ** 12) * 100 + 25).scaleb(-2)
        return {"type": "bytes", "logicalType": kind, "precision": 20, "scale": 2}, value, float(value)
    return {"type": "long", "logicalType": kind}, at, ms


def make(depth, names):
    """(schema, value, JSON) of some type."""
    kind = rng.choice(["string", "int", "long", "bytes", "null", "boolean", "double", "float", "date", "decimal", "timestamp-millis", "enum", "fixed"]
                      + (["record", "array", "map", "union"] * 3 if depth < 3 else []))
    if kind in ("date", "decimal", "timestamp-millis"):
        return logical(kind)
    if kind in ("enum", "fixed"):
        names.append("%s%d" % (kind, len(names)))
        if kind == "enum":
            symbol = rng.choice("ABCDEFG")
            return {"type": "enum", "name": names[-1], "symbols": list("ABCDEFG")}, symbol, symbol
        raw = rng.randbytes(5)
        return {"type": "fixed", "name": names[-1], "size": 5}, raw, base64.b64encode(raw).decode()
    if kind == "record":
        return record(depth, names)
    if kind == "union":
        schema, value, shown = make(depth + 3, names)
        if schema == "null":
            return ["null", "int"], None, None
        here = rng.random() < 0.7
        return ["null", schema], value if here else None, shown if here else None
    if kind in ("array", "map"):
        item = rng.choice(["string", "int", "double"])
        pairs = [primitive(item) for _ in range(rng.randrange(4))]
        if kind == "array":
            return {"type": "array", "items": item}, [v for v, _ in pairs], [s for _, s in pairs]
        return {"type": "map", "values": item}, {"k%d" % i: v for i, (v, _) in enumerate(pairs)}, {"k%d" % i: s for i, (_, s) in enumerate(pairs)}
    return (kind, *primitive(kind))


def record(depth, names):
    """(schema, value, JSON) of a record."""
    names.append("record%d" % len(names))
    name, fields, value, shown = names[-1], [], {}, {}
    for i in range(rng.randrange(1, 6)):
        schema, value["f%d" % i], shown["f%d" % i] = make(depth + 1, names)
        fields.append({"name": "f%d" % i, "type": schema})
    return {"type": "record", "name": name, "namespace": "of.test", "fields": fields}, value, shown


for _ in range(60):
    schema, value, shown = record(0, [])
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    print(json.dumps(schema), out.getvalue().hex(), json.dumps(shown, ensure_ascii=False, separators=(",", ":")), sep="\n")

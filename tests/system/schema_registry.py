"""What a producer with a schema registry does: Avro in five bytes of header, and a stand-in for the registry that answers as
Confluent's does, and as registries do at bad moments.

    with Registry() as registry:
        number = registry.add(SCHEMA)         # its id; kind="JSON", references=[{"name", "subject", "version"}]
        registry.trouble = "away"             # nobody answers; also 503, 401, "page" (200 and HTML), "slow", None
        registry.asked                        # paths, in order
    frame(number, avro(SCHEMA, record))       # a value
"""
import http.server
import json
import struct
import threading
import time

SAMPLE = {"type": "record", "name": "Payment", "namespace": "shop", "fields": [
    {"name": "id", "type": "string"},
    {"name": "x", "type": "double"},
    {"name": "y", "type": ["null", "double"], "default": None},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["a", "b", "c"]}}]}


def varint(n):
    """A long as Avro writes it."""
    n, out = (n << 1) ^ (n >> 63), b""
    while n > 0x7f:
        out, n = out + bytes([n & 0x7f | 0x80]), n >> 7
    return out + bytes([n])


def avro(schema, value):
    """The value in Avro's binary encoding: of the types that are needed here."""
    if isinstance(schema, list):
        branch = next(i for i, s in enumerate(schema) if (s == "null") == (value is None))
        return varint(branch) + avro(schema[branch], value)
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind == "record":
        return b"".join(avro(f["type"], value[f["name"]]) for f in schema["fields"])
    if kind == "enum":
        return varint(schema["symbols"].index(value))
    if kind == "array":
        return (varint(len(value)) + b"".join(avro(schema["items"], v) for v in value) if value else b"") + b"\0"
    return {"null": lambda v: b"", "double": lambda v: struct.pack("<d", v), "string": lambda v: varint(len(v.encode())) + v.encode(),
            "int": varint, "long": varint, "boolean": lambda v: bytes([v])}[kind](value)


def frame(number, payload):
    """The five bytes, and what stands behind them."""
    return b"\0" + struct.pack(">I", number) + payload


class Registry:
    """The server and what it holds."""

    def __init__(self, token=None, first=33):
        self.schemas, self.first, self.token, self.trouble, self.asked = [], first, token, None, []
        self.subjects, self.server = {}, None

    def add(self, schema, kind="AVRO", subject=None, references=()):
        """Registers it; the id."""
        answer = {"schema": schema if isinstance(schema, str) else json.dumps(schema)}
        if kind != "AVRO":
            answer["schemaType"] = kind
        if references:
            answer["references"] = list(references)
        self.schemas.append(answer)
        if subject:
            self.subjects["/subjects/%s/versions/1" % subject] = answer
        return self.first + len(self.schemas) - 1

    def answer(self, path):
        """(status, body) of a path."""
        if path in self.subjects:
            return 200, self.subjects[path]
        if path.startswith("/schemas/ids/"):
            at = int(path.rsplit("/", 1)[1]) - self.first
            if 0 <= at < len(self.schemas):
                return 200, self.schemas[at]
            if at + self.first > 0x7fffffff:
                return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}
        return 404, {"error_code": 40403, "message": "Schema not found"}

    def __enter__(self):
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                registry.asked.append(self.path)
                trouble = registry.trouble
                if trouble == "away":
                    return
                if trouble == "slow":
                    time.sleep(0.5)
                status, body = registry.answer(self.path)
                if registry.token and self.headers.get("Authorization") != registry.token:
                    status, body = 401, {"error_code": 401}
                if isinstance(trouble, int):
                    status, body = trouble, {"error_code": trouble}
                text = b"<html>hello</html>" if trouble == "page" else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        """For admit.registry."""
        return "http://127.0.0.1:%d" % self.server.server_address[1]

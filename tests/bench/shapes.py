"""The messages that scripts/bench all sends, and how the daemon is told to read them: {shape: (description, features, message(n, rng))}.

The id ends with the class, so whoever sees a task knows its label. Lengths are those of records that people send: a 0.4 kB, A 0.8, b 0.6, c 6.
"""
import json

CLASSES = ("good", "bad")
NUMBERS, ARRAY = 30, 784
COUNTRIES = ("de", "fr", "us", "br", "in", "jp", "ng", "se")


def _named(n, values):
    return "%d-%s" % (n, CLASSES[sum(values) > 0])


def _text(event):
    return json.dumps(event, separators=(",", ":"))


def flat(n, rng):
    values = [round(rng.gauss(0, 40), rng.choice((2, 3, 4))) for _ in range(NUMBERS)]
    return _text({"id": _named(n, values), "ts": 1700000000000 + n, **{"f%d" % i: v for i, v in enumerate(values)}})


def flat_long(n, rng):
    values = [rng.gauss(0, 40) for _ in range(NUMBERS)]
    return _text({"id": _named(n, values), "ts": 1700000000000 + n, **{"f%d" % i: v for i, v in enumerate(values)}})


def nested(n, rng):
    values = [round(rng.gauss(0, 40), 3) for _ in range(12)]
    words = [rng.choice(COUNTRIES) for _ in range(8)]
    return _text({"id": _named(n, values), "ts": 1700000000000 + n,
                  "account": {"age": values[0], "balance": values[1], "turnover": values[2], "country": words[0], "segment": words[1]},
                  "device": {"screen": {"width": values[3], "height": values[4]}, "risk": values[5], "os": words[2], "browser": words[3], "language": words[4]},
                  "debug": {"trace": "%032x" % rng.getrandbits(128), "hops": [rng.randrange(1000) for _ in range(8)], "note": "not \"wanted\""},
                  "payment": {"amount": values[6], "fee": values[7], "currency": words[5], "from": words[6], "to": words[7],
                              "velocity": {"hour": values[8], "day": values[9], "week": values[10], "month": values[11]}}})


def array(n, rng):
    values = [round(rng.random(), 5) for _ in range(ARRAY)]
    return _text({"id": "%d-%s" % (n, CLASSES[values[0] > 0.5]), "x": values})


def _number(path):
    return {"name": path.strip("/").replace("/", "."), "path": path}


def _category(path):
    return {"name": path.strip("/").replace("/", "."), "path": path, "type": "category", "values": list(COUNTRIES)}


_NESTED_NUMBERS = ("/account/age", "/account/balance", "/account/turnover", "/device/screen/width", "/device/screen/height", "/device/risk", "/payment/amount", "/payment/fee",
                   "/payment/velocity/hour", "/payment/velocity/day", "/payment/velocity/week", "/payment/velocity/month")
_NESTED_WORDS = ("/account/country", "/account/segment", "/device/os", "/device/browser", "/device/language", "/payment/currency", "/payment/from", "/payment/to")
_FLAT = [{"name": "f%d" % i} for i in range(NUMBERS)]

SHAPES = {
    "a": ("flat, 30 numbers of 2 to 4 decimals", _FLAT, flat),
    "A": ("flat, 30 numbers of 17 digits", _FLAT, flat_long),
    "b": ("nested, 12 numbers and 8 categories", [_number(p) for p in _NESTED_NUMBERS] + [_category(p) for p in _NESTED_WORDS], nested),
    "c": ("784 numbers in an array", [_number("/x/%d" % i) for i in range(ARRAY)], array),
}

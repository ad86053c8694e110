"""The decoder alone: bytes to rows, every reader of JSON beside cJSON as it is usually written and simdjson on demand (libsimdjson-dev, AVX2; fields
by find_field_unordered, numbers straight into the row, what is not wanted is passed over unchecked), and the same records in Avro, interleaved in
one process, on one core.

Shapes: a: flat, 30 numbers of 2 to 4 decimals; A: the same with 17 significant digits; b: nested, 12 numbers and 8 categories wanted, the rest ignored;
c: an array of 784 numbers of 5 decimals; m: as a, its keys in two orders in turn, so that nothing can be predicted. Ours is decoder_read and
features_encode; cJSON is ParseWithLength, GetObjectItemCaseSensitive (of c: once, then its entries), the same row, Delete. Rows are equal
bit for bit, or nothing is timed. `cjson-reader` is our decoder with admit.json_reader: cjson. A ratio is the median of the rounds' ratios.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import textwrap

import streams

HEADING = "Decoding (`scripts/bench decode`)"
SHAPES, WANTED, MUST, AIM = "aAbcvm", "abc", 8, 13
HEAD = ("shape", "bytes", "decoder", "ns a sample", "least", "most", "MB/s", "times cJSON", "instructions")


def program():
    return str(pathlib.Path(os.environ["WINNOWD"]).parent / "tests" / "bench" / "bench-decode")


def instructions(shape, name):
    """Per sample, counted by callgrind: of decoding and encoding, repeatable whatever else the machine does."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=counted", program(), shape, "--instructions", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, text=True)
    collected = [line.split()[-1] for line in done.stderr.splitlines() if "Collected" in line]
    return int(collected[0]) / int(done.stdout.split()[0])


def measure(shape, options):
    done = subprocess.run([program(), shape, str(options.rounds)], stdout=subprocess.PIPE, check=True, text=True)
    lines = {line.split()[0]: [float(word) for word in line.split()[1:]] for line in done.stdout.splitlines()}
    size, avro, rows = lines.pop("bytes")[0], lines.pop("bytes-avro")[0], []
    for name, ns in lines.items():
        ratio = statistics.median(theirs / ours for theirs, ours in zip(lines["cjson"], ns))
        rows.append({"shape": shape, "bytes": avro if name == "avro" else size, "decoder": name, "ns": statistics.median(ns), "least": min(ns), "most": max(ns), "ratio": ratio,
                     "instructions": instructions(shape, name) if options.instructions else None})
    return rows


def words(row):
    return (row["shape"], "%.0f" % row["bytes"], row["decoder"], "%.0f" % row["ns"], "%.0f" % row["least"], "%.0f" % row["most"], "%.0f" % (1000 * row["bytes"] / row["ns"]),
            "%.1f" % row["ratio"], "" if row["instructions"] is None else "%.0f" % row["instructions"])


def best(rows, shape):
    """What `admit.json_reader: auto` takes on this processor."""
    ours = {r["decoder"]: r["ratio"] for r in rows if r["shape"] == shape}
    return ours.get("avx2", ours["portable"])


def summary(ratios):
    reached = ["%s %.1f × (%s)" % (s, ratios[s], "aim" if ratios[s] >= AIM else "must" if ratios[s] >= MUST else "below") for s in WANTED]
    return "`decode_vs_cjson`, must %d ×, aim %d ×: %s." % (MUST, AIM, ", ".join(reached))


def beside_simdjson(rows):
    """{shape: how many times as fast as simdjson the reader is that `admit.json_reader: auto` takes}."""
    ns = {(r["shape"], r["decoder"]): r["ns"] for r in rows}
    return {s: ns[s, "simdjson"] / ns.get((s, "avx2"), ns[s, "portable"]) for s, name in ns if name == "simdjson"}


def beside(rows):
    ratios = beside_simdjson(rows)
    if not ratios:
        return "simdjson is not here (libsimdjson-dev, g++)."
    told = "Against simdjson on demand: %s." % ", ".join("%s %.2f ×" % one for one in ratios.items())
    behind = [s for s, ratio in ratios.items() if ratio < 1]
    return " ".join([told] + (["Behind it on %s, and no reason is known." % ", ".join(behind)] if behind else []))


def section(rows, ratios, options):
    shown = len(HEAD) - (not options.instructions)
    text = ["Bytes to a row, CPU time on one core, %d rounds in turn, median (`tests/bench/decode.py` says what each does)." % options.rounds, "",
            "| " + " | ".join(HEAD[:shown]) + " |", "|" + "---|" * shown]
    return "\n".join(text + ["| " + " | ".join(words(r)[:shown]) + " |" for r in rows] + ["", summary(ratios), "", *textwrap.wrap(beside(rows), 100)])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench decode", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--shapes", default=SHAPES, help="some of " + SHAPES)
    parser.add_argument("--no-instructions", dest="instructions", action="store_false", help="leave callgrind out (it takes a minute)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    options = parser.parse_args()
    rows, layout = [], "%-6s %6s %-13s %12s %8s %8s %6s %12s %13s"
    print(layout % HEAD)
    for shape in options.shapes:
        for row in measure(shape, options):
            rows.append(row)
            print(layout % words(row), flush=True)
    ratios = {shape: best(rows, shape) for shape in options.shapes}
    if set(WANTED) <= set(ratios):
        print(summary(ratios))
        print(beside(rows))
        if options.write:
            streams.replace_section(HEADING, section(rows, ratios, options))
    if options.json:
        print(json.dumps({"decode_vs_cjson": ratios, "decode_vs_simdjson": beside_simdjson(rows), "decode": rows}))
    return 0 if all(ratios[s] >= MUST for s in WANTED if s in ratios) else 1


sys.exit(main())

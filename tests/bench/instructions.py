"""Instructions a record, by stage, counted by callgrind: they are the same whatever else the machine does, so a regression fails a test.

    instructions.py BINARY [--json]      BINARY: bench-pipeline; exit 1 when a stage is more than 10 % above its ceiling, 77 without valgrind

A stage is one function and all that it calls. Scoring takes its kernels for AVX2, as valgrind has it.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

RECORDS, WARM, TOLERANCE = 8192, 4096, 1.10
DEFAULT, FOUR, THOUSAND = ("--members", "6", "--hinges", "4", "--trees", "20"), ("--members", "1"), ("--members", "1", "--idle", "996")

# Of what a record costs since 0.1.0: the decision's 160 are the sums that the figures want of every sample, 300 what it takes of the random arm's block by its doubt,
# 115 what is noted of who is not asked.
# (name, options of the run, function, or two of which the second is taken off, ceiling). 30 numbers, 2 classes, 1 % asked; the default learner's model: six straight members, one of which knows the base rates alone, and one with four hinges a column, twenty boosted trees (480), a temperature (125).
CEILINGS = (
    ("encode", FOUR, ("features_encode_at",), 570),
    ("infer and softmax, 1 member", FOUR, ("model_predict",), 730),
    ("infer and softmax, the default members", DEFAULT, ("model_predict",), 2780),
    ("measure and decision", FOUR, ("strategy_decide",), 1485),
    ("route of 1 %, the default members", DEFAULT, ("pipeline_route",), 1005),
    ("a cycle's states", FOUR, ("pipeline_offsets",), 30),
    ("a cycle's states beside 996 idle partitions", THOUSAND, ("pipeline_offsets",), 30),
    ("all but decoding, the default members", DEFAULT, ("pipeline_run", "decoder_read"), 6655),
)


def inclusive(profile):
    """{function: instructions in it and in what it calls}, added up over its calls, so that what the compiler has inlined into it counts as well."""
    names, found, called = {}, {}, None
    for line in profile:
        at = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line)
        if at:
            called = names.setdefault(*at.groups())
        elif line.startswith("calls="):
            found[called] = found.get(called, 0) + int(next(profile).split()[1])
    return found


def count(binary, options):
    """{function: instructions a record, with what it calls}."""
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="1")
    with tempfile.NamedTemporaryFile("r") as out:
        subprocess.run(["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=measured", "--callgrind-out-file=" + out.name, binary, "--records", str(RECORDS),
                        "--warm", str(WARM), "--rounds", "1", *options], check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return {function: n / RECORDS for function, n in inclusive(iter(out)).items()}


def main():
    if not shutil.which("valgrind"):
        print("valgrind is not installed")
        sys.exit(77)
    runs, figures, worst = {}, {}, 0
    for name, options, functions, ceiling in CEILINGS:
        if options not in runs:
            runs[options] = count(sys.argv[1], options)
        value = runs[options][functions[0]] - sum(runs[options][f] for f in functions[1:])
        figures[name] = round(value)
        worst = max(worst, value / ceiling)
        print("%-46s %7.0f instructions a record, ceiling %d%s" % (name, value, ceiling, "" if value <= ceiling * TOLERANCE else "  TOO MANY"), file=sys.stderr)
    if "--json" in sys.argv:
        print(json.dumps(figures))
    sys.exit(worst > TOLERANCE)


main()

"""What a decision costs, in instructions (callgrind counts them: the same on each run) and in nanoseconds of processor time.

rule: the budget manager's part, less the bench's own loop; decision: token bucket, both arms, measure log_odds_margin and the manager together; budget 1 %,
window 128, two classes. A committee is ten linear members at 30 columns; "scored" has their predictions in it too. Pool: an offer better than all
before it, the dearest kind.

`--check` compares the counts with those stated here, and fails above 1.1 of one: that is the test `cost.decision`.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from streams import replace_section

HEADING = "What a decision costs (`scripts/bench decision`)"
DECISIONS, ROUNDS, TIMED, SLACK = 2000, 5, 200000, 1.1
DEFAULT_MOST, STATED_WITH = 150, b"GCC: (Debian 12."  # instructions of the default manager; other compilers may take SLACK more

# Stated: what gcc 12 -O2 makes of it on x86-64. Of a decision 160 are the sums that the figures want of every sample, 300
# what it takes of the random arm's block by its doubt.
RULES = {"random": 0, "periodic": 38, "fixed": 3, "variable": 81, "random_variable": 273, "split": 82, "quantile_window": 148, "quantile_tracker": 81,
         "biqf": 1312, "margin_probability": 2154, "iwal": 2352}
DECISION = {"random": 1284, "periodic": 1277, "fixed": 1234, "variable": 1315, "random_variable": 1519, "split": 1325, "quantile_window": 1389, "quantile_tracker": 1320,
            "biqf": 2551, "margin_probability": 3427, "iwal": 3625}
MEASURES = {"least_confidence": 124, "margin": 125, "largest_margin": 125, "entropy": 236, "log_odds_margin": 181, "gradient_length": 1398, "gradient_length_raw": 498,
            "vote_entropy": 1610, "consensus_entropy": 791, "kl_divergence": 2061, "mutual_information": 2280, "risk": 89}
SCORED = {"vote_entropy": 4813, "consensus_entropy": 3494, "kl_divergence": 4942, "mutual_information": 5181}
POOL = {"16": 312, "64": 439, "256": 571, "1024": 704, "4096": 838, "16384": 972}
GROUPS = {"rule": RULES, "decide": DECISION, "measure": MEASURES, "committee": SCORED, "pool": POOL}


def counts(binary):
    """Instructions a decision, by row: callgrind's inclusive count of the function of that name."""
    with tempfile.TemporaryDirectory(prefix="winnowd-bench-") as place:
        out = pathlib.Path(place) / "callgrind.out"
        subprocess.run(["valgrind", "--quiet", "--tool=callgrind", "--callgrind-out-file=%s" % out, binary, str(DECISIONS)], check=True, stdout=subprocess.DEVNULL)
        told = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", str(out)], check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {}
    for line in told.splitlines():
        row = re.match(r" *([\d,]+) .*decision\.c:((?:%s)_[A-Z0-9_]+) \[" % "|".join(GROUPS), line)
        if row and "=>" not in line:
            found[re.sub("_(MANAGER|MEASURE)_", "_", row[2]).lower()] = int(row[1].replace(",", "")) / DECISIONS
    nothing = found.pop("rule_nothing")
    return {name: round(n - (nothing if name.startswith("rule_") else 0)) for name, n in found.items()}


def times(binary):
    """Nanoseconds a decision: the least of some rounds."""
    least = {}
    for _ in range(ROUNDS):
        for line in subprocess.run([binary, str(TIMED)], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines():
            name, n, nanoseconds = line.split()
            least[name] = min(least.get(name, float("inf")), float(nanoseconds) / float(n))
    nothing = least.pop("rule_nothing")
    return {name: max(0, t - (nothing if name.startswith("rule_") else 0)) for name, t in least.items()}


def check(found, binary):
    wrong, most = [], DEFAULT_MOST * (1 if STATED_WITH in pathlib.Path(binary).read_bytes() else SLACK)
    for group, stated in GROUPS.items():
        if group == "committee":
            continue  # predictions are OpenBLAS's, which has other code for other processors
        for name, most in stated.items():
            n = found.get("%s_%s" % (group, name))
            if n is None or n > SLACK * most + 2:
                wrong.append("%s of %s: %s instructions, stated are %d" % (group, name, n, most))
    if found["rule_quantile_window"] > most:
        wrong.append("the default manager takes %d instructions; at most %d" % (found["rule_quantile_window"], most))
    if found["pool_16384"] - found["pool_1024"] > 1.5 * (found["pool_1024"] - found["pool_64"]):
        wrong.append("an offer to the pool costs more than the logarithm of its size")
    return wrong


def cells(found, took, *names):
    return "".join(" | %d | %.0f" % (found[n], took[n]) for n in names)


def section(found, took):
    lines = ["Instructions a decision (callgrind; the same on each run, and a test holds them) and nanoseconds (processor time, the least of %d rounds). Rule: the manager's part alone; decision: token bucket, both arms, measure"
             " `log_odds_margin` and manager; budget 1 %%, window 128, two classes." % ROUNDS, "",
             "| manager | rule, instructions | ns | decision, instructions | ns |", "|---|---|---|---|---|"]
    lines += ["| %s%s |" % (m, cells(found, took, "rule_" + m, "decide_" + m)) for m in RULES]
    lines += ["", "Measures, two classes, 30 columns; those of a committee have ten members. Scored: with the ten members' predictions.", "",
              "| measure | instructions | ns | scored, instructions | ns |", "|---|---|---|---|---|"]
    lines += ["| %s%s |" % (m, cells(found, took, *["measure_" + m] + ["committee_" + m] * (m in SCORED)) + (" | | " if m not in SCORED else "")) for m in MEASURES]
    lines += ["", "An offer to the pool that is better than all it holds, 30 columns (it copies the row):", "", "| candidates | instructions | ns |", "|---|---|---|"]
    lines += ["| %s%s |" % (k, cells(found, took, "pool_" + k)) for k in POOL]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench decision", description=__doc__)
    parser.add_argument("binary", help="the built tests/bench/decision.c")
    parser.add_argument("--check", action="store_true", help="only counts, against what is stated")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the tables into docs/BENCHMARKS.md")
    options = parser.parse_args()
    found = counts(options.binary)
    wrong = check(found, options.binary)
    for line in wrong:
        print("decision: " + line, file=sys.stderr)
    if options.check:
        print("\n".join("%-32s %6d" % item for item in sorted(found.items())))
        return 1 if wrong else 0
    text = section(found, times(options.binary))
    print(text)
    if options.write:
        replace_section(HEADING, text)
    if options.json:
        print(json.dumps({"decision": found}))
    return 1 if wrong else 0


sys.exit(main())

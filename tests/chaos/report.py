"""Results of rounds played in parts, as one table of docs/BENCHMARKS.md: scripts/chaos --write LOG... reads the last line of each."""
import json
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

from streams import replace_section  # noqa: E402 (the path is set first)

HEADING = "Chaos (`scripts/chaos`)"
SUMS = ("rounds", "lost", "doubled", "wrong", "late")
MOST = ("decided", "learned")
INTRODUCTION = (
    "Three brokers (replication 3, min.insync.replicas 2), three daemons, 200 samples a second, one nemesis a round; then all "
    "comes to rest and every record is accounted for. Lost, doubled, wrong: faults found; late: decided more than 26 s after the "
    "harm had ended. Longest: seconds from there until every sample was decided, and until every label was learned.\n")


def parts(logs):
    """The JSON object at the end of each log."""
    return [json.loads(pathlib.Path(log).read_text().rstrip().splitlines()[-1]) for log in logs]


def joined(results):
    """{nemesis: row} over all parts."""
    rows = {}
    for result in results:
        for nemesis, row in result["nemeses"].items():
            into = rows.setdefault(nemesis, dict.fromkeys(SUMS + MOST, 0))
            for key in SUMS:
                into[key] += row[key]
            for key in MOST:
                into[key] = max(into[key], row[key])
    return rows


def total(results, role):
    return sum(result["totals"].get(role, 0) for result in results)


def section(results):
    """The text of the section."""
    rows = joined(results)
    lines = [INTRODUCTION, "| nemesis | rounds | lost | doubled | wrong | late | longest, decided | longest, learned |",
             "|---|---|---|---|---|---|---|---|"]
    for name, row in sorted(rows.items()):
        lines.append("| %s | %s | %.1f s | %.1f s |" % (name, " | ".join(str(row[key]) for key in SUMS), row["decided"], row["learned"]))
    lines.append("| all | %s | %.1f s | %.1f s |" % (" | ".join(str(sum(row[key] for row in rows.values())) for key in SUMS),
                                                  *(max(row[key] for row in rows.values()) for key in MOST)))
    seeds = ", ".join("%d (%d)" % (result["seed"], result["rounds"]) for result in results)
    lines.append("\nSeeds (rounds): %s. In all %s samples, %s tasks, %s dead letters, %s labels, %s versions; the budget's bound was "
                 "6 tasks over the rate, the most was %.2f." % (
                     seeds, *("{:,}".format(total(results, role)) for role in ("samples", "tasks", "dead_letters", "labels")),
                     "{:,}".format(sum(result["versions"] for result in results)), max(result["nearest_to_budget"] for result in results)))
    for result in results:
        if result["failed"]:
            lines.append("\nSeed %(seed)d, round %(round)d, %(nemesis)s: " % result["failed"] + "; ".join(result["failed"]["faults"][:3]) + ".")
    return "\n".join(lines)


def write(logs):
    """Puts the table into docs/BENCHMARKS.md."""
    replace_section(HEADING, section(parts(logs)))

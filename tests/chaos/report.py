"""Results of rounds played in parts, as one table of docs/BENCHMARKS.md: scripts/chaos --write LOG... reads what was said of each round.
A round counts when its account was clean; those that failed are named below the table."""
import collections
import json
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "bench"))

from streams import replace_section  # noqa: E402 (the path is set first)

HEADING = "Chaos (`scripts/chaos`)"
LATE = 26  # seconds: the longest recovery that docs/OPERATIONS.md names, with the fleet's session of 6 s
ROUND = re.compile(r" *\d+ s  round (?P<number>\d+)/\d+ +(?P<nemesis>\S+) +decided after +(?P<decided>[\d.]+) s, learned after +(?P<learned>[\d.]+) s: "
                   r"(?P<samples>\d+) samples, (?P<tasks>\d+) tasks, (?P<dead_letters>\d+) dead letters, (?P<labels>\d+) labels")
FAULT = re.compile(r"        (lost|doubled|wrong): ")
SEED = re.compile(r"seed (\d+): ")
COUNTED = ("samples", "tasks", "dead_letters", "labels")
INTRODUCTION = (
    "Three brokers (replication 3, min.insync.replicas 2), three daemons, 200 samples a second, one nemesis a round; then all "
    "comes to rest and every record is accounted for. Rounds: those whose account was clean. Longest: seconds from the end of the "
    "harm until every sample was decided, and until every label was learned, the brokers' own recovery included; late: decided "
    "after more than 26 s.\n")


class Part:
    """What one log says."""

    def __init__(self, text):
        lines = text.splitlines()
        self.clean, self.failed, self.result = [], [], {}
        seeds = [SEED.match(line) for line in lines]
        self.seed = next(int(s.group(1)) for s in seeds if s)
        for line, after in zip(lines, lines[1:] + [""]):
            said = ROUND.match(line)
            if said:
                (self.failed if FAULT.match(after) else self.clean).append((said.groupdict(), after.strip()))
        if lines and lines[-1].startswith("{"):
            self.result = json.loads(lines[-1])


def rows(parts):
    """{nemesis: [rounds, late, longest decided, longest learned]} of the clean rounds."""
    out = collections.defaultdict(lambda: [0, 0, 0.0, 0.0])
    for part in parts:
        for said, _ in part.clean:
            row, decided, learned = out[said["nemesis"]], float(said["decided"]), float(said["learned"])
            row[:] = row[0] + 1, row[1] + (decided > LATE), max(row[2], decided), max(row[3], learned)
    return out


def failures(parts):
    """One line for each round that failed."""
    return ["- seed %d, round %s, %s: %s" % (part.seed, said["number"], said["nemesis"], fault[:200])
            for part in parts for said, fault in part.failed]


def section(parts):
    """The text of the section."""
    table = rows(parts)
    lines = [INTRODUCTION, "| nemesis | rounds | late | longest, decided | longest, learned |", "|---|---|---|---|---|"]
    for name, row in sorted(table.items()):
        lines.append("| %s | %d | %d | %.1f s | %.1f s |" % (name, *row))
    every = list(zip(*table.values()))
    lines.append("| all | %d | %d | %.1f s | %.1f s |" % (sum(every[0]), sum(every[1]), max(every[2]), max(every[3])))
    totals = ["{:,}".format(sum(int(said[key]) for part in parts for said, _ in part.clean)) for key in COUNTED]
    lines.append("\nSeeds (clean rounds): %s. In them %s samples, %s tasks, %s dead letters, %s labels. The budget's bound was 6 tasks over "
                 "the rate; the most was %.2f." % (
                     ", ".join("%d (%d)" % (part.seed, len(part.clean)) for part in parts), *totals,
                     max(part.result.get("nearest_to_budget", 0) for part in parts if not part.failed)))
    busy = [part.result for part in parts if "load" in part.result]
    if busy:
        lines[-1] += " The machine did other work besides: its load was up to %d, on %d cores." % max((r["load"], r["cores"]) for r in busy)
    failed = failures(parts)
    if failed:
        lines.append("\nRounds that failed (docs/DECISIONS.md, D82, says of what, and what was mended):\n")
        lines += failed
    return "\n".join(lines)


def write(logs):
    """Puts the table into docs/BENCHMARKS.md."""
    replace_section(HEADING, section([Part(pathlib.Path(log).read_text()) for log in logs]))

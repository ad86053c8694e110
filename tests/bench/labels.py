"""How good the model gets for the labels: one default for all streams, beside random sampling with the same learner, beside the peers' best, and
beside a random forest and gradient boosting of scikit-learn that are refitted on random labels.

Mean of the seeds, file order, delay 0 unless --delay says another, the total spend at most the budget (an up-front share included).
"""
import argparse
import json
import math
import pathlib
import statistics
import sys

import forests
from streams import BUDGETS, Bench, add_arguments, chosen, replace_section

HEADING = "How good (`scripts/bench labels`)"
NEAR = 1  # points by which a forest may be ahead
KEPT = ("asked", "samples", "kappa", "average_precision")


def mean_and_error(values):
    values = [100 * v if v is not None else math.nan for v in values]
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def kept(options, name, wanted, measure):
    """`wanted` lists, one a seed: those that --keep has, and behind them what measure(first seed, how many) gives."""
    file = pathlib.Path(options.keep) / (name + ".jsonl") if options.keep else None
    found = [json.loads(line) for line in file.read_text().splitlines()] if file and file.exists() else []
    if len(found) < wanted:
        new = measure(len(found) + 1, wanted - len(found))
        found += new
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a") as out:
                out.writelines(json.dumps(one) + "\n" for one in new)
    return found[:wanted]


def simulated(bench, stream, budget, options):
    """Of each seed, the figures of winnowd and of random sampling."""

    def measure(first, seeds):
        runs = bench.simulate(stream, "--budget", str(budget), "--delay", str(options.delay), "--seed", str(first), "--seeds", str(seeds), "--against", "random")
        return [{s: {key: run[key] for key in KEPT} for s, run in (("winnowd", ours), ("random", theirs))} for ours, theirs in zip(runs["winnowd"], runs["random"])]

    return kept(options, "%s-%g-%d" % (stream.name, budget, options.delay), options.seeds, measure)


def of_forests(bench, stream, options):
    """{kind: of each seed, the figure at each budget}; {} where there is no scikit-learn."""
    if not forests.available() or not options.forests:
        return {}
    return {kind: kept(options, "%s-%s-%d" % (stream.name, kind, options.delay), options.forests,
                       lambda first, seeds, kind=kind: forests.measured(bench.file(stream), stream, kind, BUDGETS, first, seeds, options.delay))
            for kind in forests.KINDS}


def cell(bench, stream, n, trees, options):
    """One stream at one budget. trees: of_forests."""
    runs = simulated(bench, stream, BUDGETS[n], options)
    ours, random = ([r[s][stream.metric] for r in runs] for s in ("winnowd", "random"))
    asked = [r["winnowd"]["asked"] / r["winnowd"]["samples"] for r in runs]
    # the last token may be a part of one
    over = any(r["winnowd"]["asked"] >= r["winnowd"]["samples"] * BUDGETS[n] + 1 for r in runs)
    row = {"stream": stream.name, "metric": stream.metric, "budget": BUDGETS[n], "peer": stream.peers[n][0], "peer_name": stream.peers[n][1],
           "must": stream.must[n], "aim": stream.aim[n], "spend": max(asked) / BUDGETS[n]}
    row["winnowd"], row["winnowd_error"] = mean_and_error(ours)
    row["random"], row["random_error"] = mean_and_error(random)
    for kind, seeds in trees.items():
        row[kind], row[kind + "_error"] = mean_and_error([s[n] for s in seeds])
    row["verdict"] = "overspent" if over else "aim" if row["winnowd"] >= row["aim"] else "must" if row["winnowd"] >= row["must"] else "below"
    return row


HEAD = ("stream", "budget", "winnowd", "random", "forest", "boosting", "best peer", "must", "aim", "spend", "reached")


def with_error(row, of):
    return "%.1f ± %.1f" % (row[of], row[of + "_error"]) if of in row else "–"


def words(row):
    return (row["stream"] + (" (AP)" if row["metric"] == "average_precision" else ""), "%g %%" % (100 * row["budget"]),
            *(with_error(row, of) for of in ("winnowd", "random", *forests.KINDS)),
            "%.1f %s" % (row["peer"], row["peer_name"]), "%g" % row["must"], "%g" % row["aim"], "%.2f" % row["spend"], row["verdict"])


def summary(rows):
    def count(*verdicts):
        return sum(r["verdict"] in verdicts for r in rows)

    ahead = sum(r["winnowd"] > r["random"] for r in rows)
    return "%d cells: %d reach what they must, %d of these the aim, %d overspent; ahead of random sampling in %d." % (
        len(rows), count("must", "aim"), count("aim"), count("overspent"), ahead)


NAMES = {"forest": "a random forest", "boosting": "gradient boosting"}


def beside_forests(rows):
    """Where one of them is ahead by more than a point; nothing where none was measured."""
    pairs = [(r, kind) for r in rows for kind in forests.KINDS if kind in r]
    behind = ["%s at %g %% (%s by %.1f)" % (r["stream"], 100 * r["budget"], NAMES[kind], r[kind] - r["winnowd"]) for r, kind in pairs if r[kind] - r["winnowd"] > NEAR]
    if not pairs:
        return ""
    return "Of %d cells of a forest or boosting winnowd is ahead or within %d point in %d%s." % (
        len(pairs), NEAR, len(pairs) - len(behind), "; behind: " + ", ".join(behind) if behind else "")


def section(rows, options):
    lines = ["Kappa × 100; AP: average precision × 100. Mean of %d seeds ± standard error, file order, delay %d, one default for all streams; spend: of the budget, the"
             " most of the seeds. random: random sampling with the same learner. The best peers' cells are each the best of many configurations, picked in hindsight"
             " (`tests/bench/streams.py` says which)." % (options.seeds, options.delay)]
    if any(kind in r for r in rows for kind in forests.KINDS):
        lines.append("\nforest, boosting: RandomForestClassifier and GradientBoostingClassifier of scikit-learn %s as they come, on random labels, fitted anew at each"
                     " 30 %% more labels on the last 5,000; %d seeds (`tests/bench/forests.py`)." % (forests.version(), options.forests))
    if options.extra:
        lines.append("\nWith `%s`." % options.extra)
    lines += ["", "| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(words(r)) + " |" for r in rows]
    return "\n".join(lines + ["", summary(rows), "", beside_forests(rows)])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench labels", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--forests", type=int, default=2, metavar="SEEDS", help="of the forest and of boosting (2); 0: without them")
    parser.add_argument("--delay", type=int, default=0, help="samples that pass before a label is back, for all of them (0)")
    parser.add_argument("--keep", metavar="DIR", help="keep the runs there (of one --with), and do not run again what is there")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    options = parser.parse_args()
    bench, rows = Bench(options), []
    if options.forests and not forests.available():
        print("bench: python3-sklearn is not installed: no forest, no boosting", file=sys.stderr)
    layout = "%-15s %6s  %-13s %-13s %-13s %-13s %-31s %6s %6s %7s  %s"
    print(layout % HEAD)
    for stream in chosen(options):
        trees = of_forests(bench, stream, options)
        for n in range(len(BUDGETS)):
            rows.append(cell(bench, stream, n, trees, options))
            print(layout % words(rows[-1]), flush=True)
    print(summary(rows), beside_forests(rows), sep="\n")
    if options.write:
        replace_section(HEADING, section(rows, options))
    if options.json:
        print(json.dumps({"labels": rows}))


if __name__ == "__main__":
    main()

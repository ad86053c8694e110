"""How good the model gets for the labels: one default for all streams, beside random sampling with the same learner and beside the peers' best.

Mean of the seeds, file order, delay 0, the total spend at most the budget (an up-front share included).
"""
import argparse
import json
import math
import statistics
import sys

from streams import BUDGETS, Bench, add_arguments, chosen, replace_section

HEADING = "How good (`scripts/bench labels`)"


def mean_and_error(values):
    values = [100 * v if v is not None else math.nan for v in values]
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def cell(bench, stream, n, options):
    """One stream at one budget."""
    runs = bench.simulate(stream, "--budget", str(BUDGETS[n]), "--seeds", str(options.seeds), "--against", "random")
    ours, random = ([r[stream.metric] for r in runs[s]] for s in ("winnowd", "random"))
    spend = max(r["asked"] / (r["samples"] * BUDGETS[n]) for r in runs["winnowd"])
    over = any(r["asked"] >= r["samples"] * BUDGETS[n] + 1 for r in runs["winnowd"])  # the last token may be a part of one
    row = {"stream": stream.name, "metric": stream.metric, "budget": BUDGETS[n], "peer": stream.peers[n][0], "peer_name": stream.peers[n][1],
           "must": stream.must[n], "aim": stream.aim[n], "spend": spend}
    row["winnowd"], row["winnowd_error"] = mean_and_error(ours)
    row["random"], row["random_error"] = mean_and_error(random)
    row["verdict"] = "overspent" if over else "aim" if row["winnowd"] >= row["aim"] else "must" if row["winnowd"] >= row["must"] else "below"
    return row


HEAD = ("stream", "budget", "winnowd", "random", "best peer", "must", "aim", "spend", "reached")


def words(row):
    return (row["stream"] + (" (AP)" if row["metric"] == "average_precision" else ""), "%g %%" % (100 * row["budget"]),
            "%.1f ± %.1f" % (row["winnowd"], row["winnowd_error"]), "%.1f ± %.1f" % (row["random"], row["random_error"]),
            "%.1f %s" % (row["peer"], row["peer_name"]), "%g" % row["must"], "%g" % row["aim"], "%.2f" % row["spend"], row["verdict"])


def summary(rows):
    def count(*verdicts):
        return sum(r["verdict"] in verdicts for r in rows)

    ahead = sum(r["winnowd"] > r["random"] for r in rows)
    return "%d cells: %d reach what they must, %d of these the aim, %d overspent; ahead of random sampling in %d." % (
        len(rows), count("must", "aim"), count("aim"), count("overspent"), ahead)


def section(rows, options):
    lines = ["Kappa × 100; AP: average precision × 100. Mean of %d seeds ± standard error, file order, delay 0, one default for all streams; spend: of the budget, the"
             " most of the seeds. random: random sampling with the same learner. The peers' cells are each the best of many configurations, picked in hindsight"
             " (`tests/bench/streams.py` says which)." % options.seeds]
    if options.extra:
        lines.append("\nWith `%s`." % options.extra)
    lines += ["", "| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(words(r)) + " |" for r in rows]
    return "\n".join(lines + ["", summary(rows)])


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench labels", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    options = parser.parse_args()
    bench, rows = Bench(options), []
    layout = "%-15s %6s  %-13s %-13s %-31s %6s %6s %7s  %s"
    print(layout % HEAD)
    for stream in chosen(options):
        for n in range(len(BUDGETS)):
            rows.append(cell(bench, stream, n, options))
            print(layout % words(rows[-1]), flush=True)
    print(summary(rows))
    if options.write:
        replace_section(HEADING, section(rows, options))
    if options.json:
        print(json.dumps({"labels": rows}))


sys.exit(main())

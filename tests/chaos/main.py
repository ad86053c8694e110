"""scripts/chaos: arguments, what is said while rounds are played, and the result as JSON."""
import argparse
import faulthandler
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[0:0] = [str(HERE), str(HERE.parent / "system")]

import nemeses  # noqa: E402 (the path is set first)
import report  # noqa: E402
from fleet import knows  # noqa: E402
from rounds import Run, World  # noqa: E402

MOST_SHOWN = 10  # faults of a round
COUNTED = ("samples", "tasks", "dead_letters", "labels")


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/chaos")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--nemesis", default="all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=24 * 60)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--members", type=int, default=3)
    parser.add_argument("--whole", type=int, default=25)
    parser.add_argument("--write", nargs="+", metavar="LOG")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", metavar="DIR")
    return parser.parse_args()


def say_round(options):
    started = time.monotonic()

    def say(number, nemesis, decided, learned, new, whole, faults):
        counts = ", ".join("%d %s" % (new[role], role.replace("_", " ")) for role in COUNTED)
        print("%5.0f s  round %d/%d  %-18s decided after %4.1f s, learned after %4.1f s: %s%s" % (
            time.monotonic() - started, number, options.rounds, nemesis, decided, learned, counts, "; all read again" if whole else ""), flush=True)
        for kind, text in faults[:MOST_SHOWN]:
            print("        %s: %s" % (kind, text), flush=True)
        if len(faults) > MOST_SHOWN:
            print("        and %d more" % (len(faults) - MOST_SHOWN), flush=True)
    return say


def say_table(rows):
    print("\n%-20s %7s %6s %8s %6s %6s %16s %16s" % ("nemesis", "rounds", "lost", "doubled", "wrong", "late", "longest decided", "longest learned"))
    for name, row in sorted(rows.items()):
        print("%-20s %7d %6d %8d %6d %6d %14.1f s %14.1f s" % (
            name, row["rounds"], row["lost"], row["doubled"], row["wrong"], row["late"], row["decided"], row["learned"]))


def result(run, options, world):
    ledger = world.ledger
    return {"seed": options.seed, "rounds": run.done, "failed": run.failure, "nemeses": run.tally.rows, "totals": ledger.totals,
            "versions": ledger.version, "nearest_to_budget": round(ledger.nearest, 2), "excused": ledger.excused, "ended_by_themselves": world.fleet.ended,
            "load": round(run.load), "cores": os.cpu_count()}


def main():
    options = arguments()
    if options.list:
        print("\n".join("%-20s %s" % (name, function.__doc__) for name, function in nemeses.NEMESES.items()))
        return
    if options.write:
        report.write(options.write)
        return
    names = nemeses.named(options.nemesis, knows("lost_position"))
    directory = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="winnowd-chaos-"))
    directory.mkdir(parents=True, exist_ok=True)
    faulthandler.register(signal.SIGUSR1)
    world, fine = None, False
    try:
        print("seed %d: %d rounds of %s; logs in %s" % (options.seed, options.rounds, ", ".join(names), directory), flush=True)
        world = World(directory, options.seed, options.rate, options.members)
        world.start()
        signal.signal(signal.SIGTERM, lambda *_: run.stop())
        run = Run(world, names, options.rounds, options.minutes * 60, options.whole, say_round(options))
        fine = run.play()
        say_table(run.tally.rows)
        if run.failure:
            print("FAILED: seed %(seed)d, round %(round)d, %(nemesis)s" % run.failure)
        print(json.dumps(result(run, options, world)), flush=True)
    except BaseException:  # noqa: BLE001 (an interrupt too must end what runs)
        traceback.print_exc()
    finally:
        if world:
            world.close()
        if fine and not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    os._exit(0 if fine else 1)  # librdkafka's handles must not hold up the end


main()

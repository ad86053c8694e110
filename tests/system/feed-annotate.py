"""A file in and its labels back by the command line: winnowd feed, winnowd annotate, with the daemon between them."""
import gzip
import signal
import subprocess

from accounts import learned
from broker import PATIENCE, check, equal, wait
from winnowd import BINARY, CLASSES, main, run

ROWS = 4000


def test(stage):
    stage.create()
    data = stage.dir / "data.csv.gz"
    with gzip.open(data, "wt") as f:
        f.write("number,x,y,kind,class,note\n")
        for n in range(ROWS):
            x, y = stage.random.uniform(-2, 2), stage.random.uniform(-2, 2)
            kind = "" if n % 50 == 0 else "abc"[n % 3]
            f.write('r%d,%.3f,%.3f,%s,%s,"a, ""quoted"" note"\n' % (n, x, y, kind, CLASSES[x + y > 1]))
    header, *rows = gzip.open(data, "rt").readlines()
    parts = [stage.dir / "first.csv.gz", stage.dir / "rest.csv.gz"]
    for part, of_it in zip(parts, (rows[:ROWS // 4], rows[ROWS // 4:])):
        part.write_bytes(gzip.compress((header + "".join(of_it)).encode()))
    config = stage.config({"admit": {"id": "/number"}})
    daemon = stage.start_with(config).ready()
    oracle = subprocess.Popen([BINARY, "annotate", "-c", str(config), "--data", str(data), "--label", "class", "--id", "number", "--delay", "0.2"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for part in parts:  # the second is scored by a model, however busy the machine is
            done = run("feed", "-c", config, "--data", part, "--label", "class", "--id", "number", "--drop", "note", "--rate", "2000")
            equal(done.returncode, 0, "feed: " + done.stdout + done.stderr)
            stage.caught_up()
            learned(daemon, len(stage.tasks()))
            wait("the model is live", lambda: daemon.metric("model_labelled_rows") == daemon.metric("labelled_rows") > 0)
        equal(daemon.metric("samples_admitted_total"), ROWS, "admitted samples")
        tasks = stage.tasks()
        check(150 <= len(tasks) <= 230, "%d tasks", len(tasks))
    finally:
        oracle.send_signal(signal.SIGTERM)
        said = oracle.communicate(timeout=PATIENCE)[0]
    equal(oracle.returncode, 0, "annotate: " + said)
    records = stage.read("samples")
    check(not any(b"class" in r.value or b"note" in r.value for r in records), "the label or a dropped column is in a sample")
    equal({r.key.decode() for r in records}, {"r%d" % n for n in range(ROWS)}, "keys of the samples")
    check(daemon.metric("accuracy_unbiased") > 0.7, "accuracy %s", daemon.metric("accuracy_unbiased"))

    equal(run("feed", "-c", config, "--data", stage.dir / "absent.csv").returncode, 66, "an absent file")
    stranger = stage.dir / "stranger.csv"
    stranger.write_text("p,q\n1,2\n")
    refused = run("feed", "-c", config, "--data", stranger)
    check(refused.returncode == 65 and "each would be a dead letter" in refused.stderr, "no field of the configuration: %s", refused.stderr)
    told = run("feed", "-c", config, "--data", data, "--id", "number", "--limit", "100")
    check('"class" holds nothing but classes' in told.stderr, "a label that is sent: %s", told.stderr)
    wrong = run("feed", "-c", config, "--data", data, "--label", "clas")
    check(wrong.returncode != 0 and "class" in wrong.stderr, "an unknown column: %s", wrong.stderr)
    daemon.stop()


main(test)

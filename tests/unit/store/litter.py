"""No test of a store leaves anything behind: each program is run with a directory for temporary files of its own, which must be empty after it.

    litter.py PROGRAM...
"""
import os
import pathlib
import subprocess
import sys
import tempfile


def main():
    left = 0
    with tempfile.TemporaryDirectory(prefix="winnowd-litter-") as parent:
        homes = [pathlib.Path(tempfile.mkdtemp(dir=parent)) for _ in sys.argv[1:]]
        running = [subprocess.Popen([program], env={**os.environ, "TMPDIR": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for program, home in zip(sys.argv[1:], homes)]
        for program, home, process in zip(sys.argv[1:], homes, running):
            code, litter = process.wait(), sorted(path.name for path in home.iterdir())
            if code or litter:
                print("%s: exit code %d, left %s" % (program, code, ", ".join(litter[:5]) or "nothing"))
                left += 1
    return left > 0


sys.exit(main())

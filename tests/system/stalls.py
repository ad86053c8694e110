"""How long the machine kept its programs waiting, so that a promise in seconds is held against the daemon and not against its neighbours.

A process of its own sleeps and works in turn. What a sleep takes beyond what was asked is time in which nobody ran; what work takes beyond its
processor time is time in which others ran. On a machine with nothing else to do, own seconds are seconds.

    with Stalls() as stalls:
        began = time.monotonic()
        ...
        stalls.own(began, time.monotonic())    # seconds as they would have been
"""
import subprocess
import sys
import threading
import time

from broker import check, wait

WORK_S, REST_S, RESTS = 0.02, 0.045, 10  # in turn: work once, then rest so often; shorter work would run through before its turn is over
WAKING_S = 0.01  # a sleep may be so much late on an idle machine
STILL_S = 1  # work that takes so long was not slow: it stood still


def measure():
    """The process: a line for each piece: whether it was work, its beginning and end, and the seconds that it is entitled to."""
    while True:
        began, used = time.monotonic(), time.process_time()
        while time.process_time() - used < WORK_S:
            pass
        print(1, began, time.monotonic(), time.process_time() - used, flush=True)
        for _ in range(RESTS):
            began = time.monotonic()
            time.sleep(REST_S)
            print(0, began, time.monotonic(), REST_S, flush=True)


class Stalls:
    def __enter__(self):
        self.pieces = []
        self.process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        wait("the first pieces", lambda: len(self.pieces) > RESTS)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def _read(self):
        for line in self.process.stdout:
            work, *numbers = line.split()
            self.pieces.append((work == "1", *map(float, numbers)))

    def _between(self, began, ended):
        wait("the pieces of that time", lambda: self.pieces[-1][1] > ended or self.process.poll() is not None)
        check(self.process.poll() is None, "nobody measures")
        return [p for p in list(self.pieces) if p[2] > began - RESTS * REST_S - WORK_S and p[1] < ended]

    def still(self, began, ended):
        """Seconds in which nobody ran, between two readings of time.monotonic()."""
        return sum(max(0, min(end - start - due - WAKING_S, end - began, ended - start))
                   for work, start, end, due in self._between(began, ended) if not work or end - start > STILL_S)

    def own(self, began, ended):
        """What that time would have been without the others."""
        work = [p for p in self._between(began, ended) if p[0] and p[2] - p[1] <= STILL_S]
        slow = sum(p[2] - p[1] for p in work) / sum(p[3] for p in work) if work else 1
        return max(0, ended - began - self.still(began, ended)) / max(1, slow) if ended > began else 0


if __name__ == "__main__":
    measure()

"""Instructions of the decode stage per sample, under callgrind, against ceilings: repeatable whatever else the machine does, so that a
slower decoder fails here and not in somebody's benchmark. Only decoder_read is counted.

    decode_instructions.py BENCH-DECODE      exit 1 when one is more than 10 % off, 77 without valgrind
"""
import shutil
import subprocess
import sys

# Measured with gcc 12 -O2 on x86-64; the C library's share (memcpy) changes a little with the processor. A gain of more than the tolerance
# must be written down here, or the next loss would hide in it.
CEILINGS = {("a", "portable"): 5460, ("a", "avx2"): 4140, ("A", "portable"): 10480, ("A", "avx2"): 9290, ("b", "portable"): 4970, ("b", "avx2"): 4230, ("m", "avx2"): 16790, ("a", "avro"): 760, ("b", "avro"): 2440}
TOLERANCE = 0.10
NOT_HERE = 69


def instructions(program, shape, decoder):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=decoder_read", program, shape, "--instructions", decoder]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode == NOT_HERE:
        return None
    if done.returncode:
        sys.exit("%s\n%s" % (" ".join(command), done.stderr))
    collected = [line.split()[-1] for line in done.stderr.splitlines() if "Collected" in line]
    return int(collected[0]) / int(done.stdout.split()[0])


def main(program):
    if not shutil.which("valgrind"):
        print("valgrind is not installed")
        sys.exit(77)
    failed = 0
    for (shape, decoder), ceiling in CEILINGS.items():
        counted = instructions(program, shape, decoder)
        if counted is None:
            print("shape %s, %-8s left out: this processor lacks what it takes" % (shape, decoder))
            continue
        change = counted / ceiling - 1
        failed += abs(change) > TOLERANCE
        print("shape %s, %-8s %6.0f instructions a sample; stated are %d: %+.1f %%" % (shape, decoder, counted, ceiling, 100 * change), flush=True)
    return 1 if failed else 0


sys.exit(main(sys.argv[1]))

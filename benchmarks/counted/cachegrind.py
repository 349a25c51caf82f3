"""Counts the lines that each kernel of an artefact fetches, with valgrind's cachegrind.

Cachegrind models a first-level data cache and a last level, both with least-recently-used
replacement and without prefetching. What is counted is a line that a read or a write did not find:
a write fetches its line too. What is written back it does not count.
"""

import collections
import pathlib
import re
import subprocess
import tempfile


class Cache:
    """One cache of a machine file."""

    def __init__(self, memory):
        self.name = memory["name"]
        self.bytes, self.ways, self.line = memory["bytes"], memory["ways"], memory["line_bytes"]

    def flag(self):
        return f"{self.bytes},{self.ways},{self.line}"


def parse(path):
    """{function: {event: count}} of a cachegrind.out file."""
    counts = collections.defaultdict(collections.Counter)
    events, function = [], ""
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith("events:"):
            events = line.split()[1:]
        elif line.startswith("fn="):
            function = line[3:]
        elif line[:1].isdigit():
            for event, count in zip(events, line.split()[1:]):
                counts[function][event] += int(count)
    return counts


def run(aicc_run, artefact, inner, last, repeat):
    """One simulated process that runs the artefact `repeat` times."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=yes", f"--I1={inner.flag()}", f"--D1={inner.flag()}"]
        command += [f"--LL={last.flag()}", f"--cachegrind-out-file={out}"]
        command += [str(aicc_run), str(artefact), "--random", "--threads=1", f"--repeat={repeat}"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}:\n{done.stderr}")
        return parse(out)


def per_run(aicc_run, artefact, inner, last, runs=2):
    """{kernel: (bytes into `inner`, bytes into `last`)} of one run in a steady state.

    The difference of two processes, so that loading and the first run, which starts with cold
    caches, are in neither.
    """
    before = run(aicc_run, artefact, inner, last, 1)
    after = run(aicc_run, artefact, inner, last, 1 + runs)
    result = {}
    for function, counts in after.items():
        kernel = re.search(r"_(k\d+)$", function)
        if not kernel:
            continue
        delta = {event: count - before[function][event] for event, count in counts.items()}
        result[kernel[1]] = (
            (delta["D1mr"] + delta["D1mw"]) * inner.line / runs,
            (delta["DLmr"] + delta["DLmw"]) * last.line / runs,
        )
    return result

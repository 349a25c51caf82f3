#!/usr/bin/env python3
"""Times engines against each other on one model, in turns.

Each engine runs in a process of its own, which keeps its model loaded. The engines take turns, a
batch each, so that whatever else the machine does meets all of them; between batches all rest
until the idle threads of the last engine have stopped spinning. The figure is the median of all
timed runs.

    harness.py ENGINE MODEL THREADS INPUTS.npz PYTHON_PATH     (one engine: started by Turns)
"""

import contextlib
import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys
import time

REST_S = 0.25  # libomp's threads spin for 0.2 s


@dataclasses.dataclass
class Timing:
    """Times of one engine at one number of threads."""

    runs: int
    median_us: float
    min_us: float
    p90_us: float


def summary(times_ns):
    ordered = sorted(times_ns)
    return Timing(
        runs=len(ordered),
        median_us=statistics.median(ordered) / 1e3,
        min_us=ordered[0] / 1e3,
        p90_us=ordered[int(0.9 * (len(ordered) - 1))] / 1e3,
    )


class Turns:
    """Engines that take turns. models: {engine: model file}; engines: 'aicc', 'onnxruntime'."""

    def __init__(self, models, threads, inputs, python_path):
        self.stack = contextlib.ExitStack()
        self.workers = {}
        for engine, model in models.items():
            command = [sys.executable, __file__, engine, str(model), str(threads), str(inputs), str(python_path)]
            worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.workers[engine] = self.stack.enter_context(worker)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers.values():
            worker.stdin.close()
        self.stack.close()

    def batch(self, engine, runs, warmup):
        worker = self.workers[engine]
        print(runs, warmup, file=worker.stdin, flush=True)
        line = worker.stdout.readline()
        if not line:
            raise RuntimeError(f"{engine} stopped with status {worker.wait()}")
        return json.loads(line)

    def measure(self, rounds=5, batch_s=0.4, least=3, most=2000):
        """{engine: Timing} over `rounds` turns of about `batch_s` seconds, least..most runs each."""
        runs = {}
        for engine in self.workers:
            once = min(self.batch(engine, 3, 1))
            runs[engine] = int(min(most, max(least, batch_s * 1e9 / once)))
        times = {engine: [] for engine in self.workers}
        for turn in range(rounds):
            # Each engine goes first in every other round.
            order = list(self.workers) if turn % 2 == 0 else list(self.workers)[::-1]
            for engine in order:
                time.sleep(REST_S)
                times[engine] += self.batch(engine, runs[engine], warmup=2)
        return {engine: summary(values) for engine, values in times.items()}


# ------------------------------------------------------------------ one engine


def aicc_runner(model, threads, inputs):
    import aicc

    compiled = aicc.load(model)
    compiled.threads = threads
    return lambda: compiled.run(inputs)


def onnxruntime_runner(model, threads, inputs):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, inputs)


def serve(engine, model, threads, inputs, python_path):
    sys.path.insert(0, python_path)
    import numpy

    runner = {"aicc": aicc_runner, "onnxruntime": onnxruntime_runner}[engine]
    run = runner(model, int(threads), dict(numpy.load(inputs)))
    for line in sys.stdin:
        runs, warmup = map(int, line.split())
        for _ in range(warmup):
            run()
        times = []
        for _ in range(runs):
            start = time.perf_counter_ns()
            run()
            times.append(time.perf_counter_ns() - start)
        print(json.dumps(times), flush=True)


def python_path(build):
    """Where the package of a build is."""
    return pathlib.Path(build) / "python"


if __name__ == "__main__":
    serve(*sys.argv[1:])

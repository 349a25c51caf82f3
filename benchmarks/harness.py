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
    """Engines that take turns. models: {engine: model file}; engines: those of RUNNERS.

    peers: the interpreter that has the packages of the engines in PEERS.
    """

    def __init__(self, models, threads, inputs, python_path, peers=sys.executable):
        self.stack = contextlib.ExitStack()
        self.workers = {}
        for engine, model in models.items():
            interpreter = peers if engine in PEERS else sys.executable
            command = [str(interpreter), __file__, engine, str(model), str(threads), str(inputs), str(python_path)]
            worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.workers[engine] = self.stack.enter_context(worker)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers.values():
            with contextlib.suppress(BrokenPipeError):
                worker.stdin.close()
        self.stack.close()

    def ask(self, engine, request):
        worker = self.workers[engine]
        try:
            print(json.dumps(request), file=worker.stdin, flush=True)
        except BrokenPipeError:
            pass  # It has stopped: there is no answer either.
        line = worker.stdout.readline()
        if not line:
            raise RuntimeError(f"{engine} stopped with status {worker.wait()}")
        answer = json.loads(line)
        if isinstance(answer, str):
            raise RuntimeError(f"{engine}: {answer}")
        return answer

    def batch(self, engine, runs, warmup):
        return self.ask(engine, [runs, warmup])

    def outputs(self, engine, path):
        """The engine's outputs, in the model's order; path: a file NAME.npz to pass them in."""
        import numpy

        self.ask(engine, str(path))
        with numpy.load(path) as arrays:
            return [arrays[f"arr_{i}"] for i in range(len(arrays.files))]

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


def openvino_runner(model, threads, inputs, **settings):
    """settings: OpenVINO's properties; without a precision it may compute fp32 models in bf16."""
    import openvino

    core = openvino.Core()
    network = core.read_model(model)
    network.reshape({name: list(value.shape) for name, value in inputs.items()})
    settings |= {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(network, "CPU", settings).create_infer_request()
    return lambda: request.infer(inputs)


def openvino_f32_runner(model, threads, inputs):
    return openvino_runner(model, threads, inputs, INFERENCE_PRECISION_HINT="f32")


PEERS = {"openvino_f32": openvino_f32_runner, "openvino": openvino_runner}
RUNNERS = {"aicc": aicc_runner, "onnxruntime": onnxruntime_runner, **PEERS}


def serve(engine, model, threads, inputs, python_path):
    sys.path.insert(0, python_path)
    import numpy

    try:
        run = RUNNERS[engine](model, int(threads), dict(numpy.load(inputs)))
        run()
    except Exception as error:  # Whatever an engine raises is why it is absent.
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        print(json.dumps(lines[-1] if lines else type(error).__name__), flush=True)
        return
    for line in sys.stdin:
        request = json.loads(line)
        if isinstance(request, str):
            result = run()
            numpy.savez(request, *(result.values() if hasattr(result, "values") else result))
            print("[]", flush=True)
            continue
        runs, warmup = request
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

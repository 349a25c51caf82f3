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
import os
import pathlib
import statistics
import subprocess
import sys
import time

SLOW_NS = 5e9  # An engine that takes longer has one run.
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
    """Engines that take turns. models: {engine: model file}; engines: those of RUNNERS. What they
    compile first they keep beside the inputs.

    peers: the interpreter that has the packages of the engines in PEERS.
    """

    def __init__(self, models, threads, inputs, python_path, peers=sys.executable):
        self.stack = contextlib.ExitStack()
        self.workers = {}
        for engine, model in models.items():
            interpreter = peers if engine in PEERS else sys.executable
            command = [str(interpreter), __file__, engine, str(model), str(threads), str(inputs), str(python_path)]
            env = os.environ | {"AICC_BENCH_FOLDER": str(pathlib.Path(inputs).parent)}
            worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
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
        runs, times = {}, {engine: [] for engine in self.workers}
        for engine in self.workers:
            first = self.batch(engine, 1, 0)
            if first[0] > SLOW_NS:
                times[engine] = first
                continue
            once = min(self.batch(engine, 3, 1))
            runs[engine] = int(min(most, max(least, batch_s * 1e9 / once)))
        for turn in range(rounds):
            # Each engine goes first in every other round.
            order = list(runs) if turn % 2 == 0 else list(runs)[::-1]
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
    """Without the dynamic quantisation by which it computes models with 8-bit weights in integers."""
    return openvino_runner(model, threads, inputs, INFERENCE_PRECISION_HINT="f32", DYNAMIC_QUANTIZATION_GROUP_SIZE=0)


def tool(name, *arguments, cwd=None):
    """Runs a program that a package has installed; raises with its last words."""
    done = subprocess.run(
        [pathlib.Path(sys.executable).parent / name, *map(str, arguments)], cwd=cwd, capture_output=True, text=True
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()] or done.stderr.splitlines()
        raise RuntimeError(f"{name}: {lines[0][:200] if lines else done.returncode}")


def kept(model, suffix):
    """Where an engine keeps what it has made of a model."""
    return pathlib.Path(os.environ["AICC_BENCH_FOLDER"]) / (pathlib.Path(model).stem + suffix)


def iree_runner(model, threads, inputs):
    """IREE's CPU back end for this processor."""
    import iree.runtime as rt
    import onnx

    library = kept(model, ".vmfb")
    if not library.exists():
        proto = onnx.load(model)
        for value in proto.graph.input:
            if value.name in inputs:
                for dim, size in zip(value.type.tensor_type.shape.dim, inputs[value.name].shape):
                    dim.dim_value = size
        static, mlir = kept(model, ".static.onnx"), kept(model, ".mlir")
        onnx.save(proto, static)
        tool("iree-import-onnx", static, "-o", mlir, "--opset-version", 17)
        target = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu"]
        tool("iree-compile", mlir, *target, "--iree-llvmcpu-target-cpu=host", "-o", library)
    rt.flags.parse_flags(f"--task_topology_max_group_count={threads}")
    config = rt.Config("local-task")
    context = rt.SystemContext(config=config)
    context.add_vm_module(rt.VmModule.mmap(config.vm_instance, str(library)))
    (module,) = [module for name, module in context.modules.items() if name != "hal"]
    (name,) = [name for name in module.vm_module.function_names if not name.startswith("_") and "$" not in name]
    arguments = list(inputs.values())

    def run():
        results = module[name](*arguments)
        return [result.to_host() for result in (results if isinstance(results, (list, tuple)) else [results])]

    return run


def ncnn_runner(model, threads, inputs):
    """ncnn in f32, of what pnnx makes of the model; one sample without its dimension of size 1."""
    import ncnn
    import numpy
    import onnx

    stem = kept(model, ".pnnx")
    param = stem.with_suffix(".ncnn.param")
    if not param.exists():
        shapes = ",".join(f"[{','.join(map(str, value.shape))}]{value.dtype.kind}32" for value in inputs.values())
        if any(value.dtype != numpy.float32 for value in inputs.values()):
            raise RuntimeError("pnnx: inputs that are not f32")
        copy = stem.with_suffix(".onnx")
        copy.write_bytes(pathlib.Path(model).read_bytes())
        tool("pnnx", copy, f"inputshape={shapes}", "fp16=0", cwd=stem.parent)
        if not param.exists():
            raise RuntimeError("pnnx: writes nothing")
    net = ncnn.Net()
    net.opt.num_threads = threads
    for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, name, False)
    if net.load_param(str(param)) or net.load_model(str(stem.with_suffix(".ncnn.bin"))):
        raise RuntimeError("ncnn: a layer is not known")
    count = len(onnx.load(model, load_external_data=False).graph.output)
    # A Mat does not own the array that it is made of.
    arrays = [numpy.ascontiguousarray(value.reshape(value.shape[1:])) for value in inputs.values()]
    mats = [ncnn.Mat(array).clone() for array in arrays]

    def run():
        extractor = net.create_extractor()
        for i, mat in enumerate(mats):
            extractor.input(f"in{i}", mat)
        outputs = []
        for i in range(count):
            status, out = extractor.extract(f"out{i}")
            if status:
                raise RuntimeError(f"ncnn: output {i} is not computed")
            outputs.append(numpy.array(out))
        return outputs

    return run


PEERS = {
    "openvino_f32": openvino_f32_runner,
    "openvino": openvino_runner,
    "ncnn": ncnn_runner,
    "iree": iree_runner,
}
RUNNERS = {"aicc": aicc_runner, "aicc_bf16": aicc_runner, "onnxruntime": onnxruntime_runner, **PEERS}


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


def build_peak(folder):
    """The program that measures what one core can do."""
    peak, source = pathlib.Path(folder) / "peak", pathlib.Path(__file__).with_name("peak.cpp")
    subprocess.run(["clang++-22", "-O3", "-march=native", "-mprefer-vector-width=512", source, "-o", peak], check=True)
    return peak


def python_path(build):
    """Where the package of a build is."""
    return pathlib.Path(build) / "python"


if __name__ == "__main__":
    serve(*sys.argv[1:])

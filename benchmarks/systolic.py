#!/usr/bin/env python3
"""Quantised models on systolic arrays: agreement, cycles, utilisation, traffic, energy.

    systolic.py [--machine NAME ...] [--model NAME ...]
    systolic.py [--machine NAME ...] --public FOLDER MANIFEST

Prints the tables of docs/targets/systolic.md. Each model is compiled for each machine and for the host; the
array's programs run on the simulator, and the results are compared byte by byte. Models of the zoo are quantised by
ONNX Runtime (test/models/quantized.py). --public takes FOLDER/NAME.onnx for each model of a manifest (JSON: "models",
each with "name" and "inputs": name -> "shape" and "gen") and quantises it by `aicc --quantize=int8`, on two random
samples; what cannot be written so but has integer products of its own is taken as it is, and what has nothing for the
array is a row that says why. Needs ./dev build.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "test"), str(ROOT / "build" / "python")]
import numpy as np  # noqa: E402
import onnx  # noqa: E402
from models import quantized, zoo  # noqa: E402

MODELS = ["lcnet_orientation", "gen_mobilenetv2", "gen_resnet50", "minilm_l6_fp32"]
MACHINES = ["gemmini16", "edge64", "tpu_v1"]
TOOLS = ROOT / "build" / "bin"
COLUMNS = [
    "model",
    "machine",
    "bytes that differ",
    "groups on the array / host",
    "Mcycles",
    "utilisation",
    "predicted / counted cycles",
    "groups within 5 %",
    "DRAM",
    "predicted / counted bytes",
    "DRAM / operands of the groups",
    "DRAM / weights and ends of the model",
    "energy",
    "predicted / counted energy",
    "compile",
    "simulate",
]
PRODUCTS = ("Conv", "Gemm", "MatMul", "ConvInteger", "MatMulInteger")
# A machine's names of the memories, and the simulator's (docs/counts.md).
COUNTERS = {
    "dram": "dram",
    "accumulator": "accumulator",
    "accumulators": "accumulator",
    "scratchpad": "scratchpad",
    "sram": "scratchpad",
    "unified_buffer": "scratchpad",
    "pe_weights": "weight_registers",
    "weight_registers": "weight_registers",
}


class Refused(Exception):
    """aicc's first error."""


def aicc(*arguments):
    """Seconds that it took."""
    start = time.perf_counter()
    done = subprocess.run([TOOLS / "aicc", *arguments, "--quiet"], capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error: " in line] or done.stderr.splitlines() or ["?"]
        raise Refused(lines[0].split("error: ", 1)[-1])
    return time.perf_counter() - start


def compiled(model, target, artefact):
    """Seconds that it took."""
    return aicc(model, f"--target={target}", "-o", artefact)


def run(artefact, inputs, folder, counts=False):
    """Outputs and the printed measurements."""
    command = [TOOLS / "aicc-run", artefact, "--json"] + (["--counts"] if counts else [])
    for i, (name, value) in enumerate(inputs.items()):
        np.save(folder / f"in{i}.npy", value)
        command.append(f"--input={name}=@{folder / f'in{i}.npy'}")
    done = json.loads(subprocess.run([*command, "--repeat=1"], check=True, capture_output=True, text=True).stdout)
    outputs = []
    for i, output in enumerate(done["outputs"]):
        path = folder / f"out{i}.npy"
        subprocess.run([*command, f"--output={output['name']}=@{path}"], check=True, stdout=subprocess.DEVNULL)
        outputs.append(np.load(path))
    return outputs, done


def predicted(artefact, folder):
    """The launches on the array, and how many are on the host."""
    manifest = folder / "manifest.json"
    subprocess.run(["llvm-objcopy-22", f"--dump-section=.aicc.manifest={manifest}", artefact, "/dev/null"], check=True)
    launches = json.loads(manifest.read_text())["predicted"]
    array = [launch for launch in launches if launch["kernel"].startswith("p")]
    return array, len(launches) - len(array)


def counter(component):
    """The simulator's count of a predicted component; None for what goes by the cycle."""
    memory, _, direction = component.partition(".")
    if memory in COUNTERS:
        return f"{COUNTERS[memory]}.{direction}"
    return component if memory == "mac" else None


def energy(launch, run):
    """Picojoules of what was counted, at the prices of the prediction."""
    total = 0
    for component, (count, picojoules) in launch["items"].items():
        key = counter(component)
        number = run["counts"][key] if key else count * run["cycles"] / launch["cycles"]
        total += number * picojoules
    return total


def least_bytes(path):
    """Of the model: weights on the array, inputs and outputs; of all groups on the array: their operands, summed.

    A byte for each element, which is what the array sees.
    """
    graph = onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True).graph
    shapes = {
        v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
        for v in [*graph.value_info, *graph.input, *graph.output]
    }
    constants = {t.name: int(np.prod(t.dims)) for t in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}
    weights = groups = 0
    for node in graph.node:
        if node.op_type not in PRODUCTS or any(a.name == "group" and a.i > 1 for a in node.attribute):
            continue
        source = made.get(node.input[1])
        name = source.input[0] if source is not None and source.op_type == "DequantizeLinear" else node.input[1]
        if name in constants:
            weights += constants[name]
            groups += constants[name] + sum(int(np.prod(shapes[n])) for n in (node.input[0], node.output[0]))
    ends = [v for v in [*graph.input, *graph.output] if v.name not in constants]
    return weights + sum(int(np.prod(shapes[v.name])) for v in ends), groups


def row(name, path, inputs, machine, folder):
    host, array = folder / "host.so", folder / "array.so"
    compiled(path, "cpu", host)
    seconds = compiled(path, f"systolic/{machine}", array)
    want, _ = run(host, inputs, folder)
    got, done = run(array, inputs, folder, counts=True)
    differ = sum(int(np.count_nonzero(a.view(np.uint8) != b.view(np.uint8))) for a, b in zip(got, want))
    total = sum(a.nbytes for a in want)
    counts, (launches, on_host) = done["counts"], predicted(array, folder)
    pairs = list(zip(launches, counts["launches"], strict=True))
    close = sum(abs(launch["cycles"] / run["cycles"] - 1) <= 0.05 for launch, run in pairs)
    cycles, least = sum(launch["cycles"] for launch in launches), sum(launch["energy_pj"] for launch in launches)
    spent = sum(energy(*pair) for pair in pairs)
    used = sum(launch["macs"] for launch in launches) / counts["cycles"] / counts["rows"] / counts["cols"]
    moved = counts["counts"]["dram.read"] + counts["counts"]["dram.write"]
    bytes_predicted = sum(launch["dram_bytes"] for launch in launches)
    model, groups = least_bytes(path)
    return (
        f"| {name} | {machine} | {differ} of {total} | {len(launches)} / {on_host} | {counts['cycles'] / 1e6:.3f} | "
        f"{100 * used:.1f} % | {cycles / counts['cycles']:.3f} | {close} of {len(pairs)} | "
        f"{moved / 1e6:.2f} MB | {bytes_predicted / moved:.4f} | {moved / groups:.2f} | {moved / model:.2f} | "
        f"{spent / 1e6:.0f} uJ | {least / spent:.4f} | {seconds:.1f} s | {done['latency_us']['median'] / 1e6:.2f} s |"
    )


def quantised(model, specs, folder):
    """The model with 8-bit integers, and its inputs."""
    types = {
        v.name: onnx.helper.tensor_dtype_to_np_dtype(v.type.tensor_type.elem_type)
        for v in onnx.load(model, load_external_data=False).graph.input
    }
    specs = {name: spec | {"dtype": types[name], "fill": spec["gen"]} for name, spec in specs.items() if name in types}
    samples = folder / "samples"
    samples.mkdir(exist_ok=True)
    for old in samples.iterdir():
        old.unlink()
    draw = [{name: zoo.fill(np.random.default_rng(seed), spec) for name, spec in specs.items()} for seed in range(3)]
    for i, sample in enumerate(draw[:2]):
        np.savez(samples / f"{i}.npz", **sample)
    path = folder / "quantised.onnx"
    shapes = [f"--shape={name}:{'x'.join(map(str, spec['shape']))}" for name, spec in specs.items()]
    try:
        aicc(model, *shapes, "--quantize=int8", f"--calibration={samples}", "--emit=qdq", "-o", path)
    except Refused:
        if not is_integer(model):
            raise
        proto = onnx.load(model)
        for value in proto.graph.input:
            if value.name in specs:
                value.type.tensor_type.shape.CopyFrom(
                    onnx.helper.make_tensor_type_proto(1, specs[value.name]["shape"]).tensor_type.shape
                )
        onnx.save(proto, path)
    return path, draw[2]


def is_integer(model):
    """Some tool has made its products integers."""
    nodes = onnx.load(model, load_external_data=False).graph.node
    return any(node.op_type in ("MatMulInteger", "ConvInteger", "DynamicQuantizeLSTM") for node in nodes)


def sources(args, folder):
    """(name, how to get path and inputs) of each model."""
    if not args.public:
        for name in args.model or MODELS:
            yield name, lambda name=name: (quantized.path(name), zoo.random_inputs(name, seed=5))
        return
    models, manifest = map(pathlib.Path, args.public)
    for entry in json.loads(manifest.read_text())["models"]:
        model = models / f"{entry['name']}.onnx"
        if model.exists() and (not args.model or entry["name"] in args.model):
            yield entry["name"], lambda model=model, entry=entry: quantised(model, entry["inputs"], folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append")
    parser.add_argument("--machine", action="append")
    parser.add_argument("--public", nargs=2, metavar=("FOLDER", "MANIFEST"))
    args = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |")
    print("|" + "---|" * len(COLUMNS))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for model, source in sources(args, folder):
            try:
                path, inputs = source()
                for machine in args.machine or MACHINES:
                    print(row(model, path, inputs, machine, folder), flush=True)
            except Refused as error:
                print(f"| {model} | {error} |" + " |" * (len(COLUMNS) - 2), flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Quantised models on systolic arrays: agreement, cycles, utilisation, traffic, energy.

    systolic.py [--model NAME ...] [--machine NAME ...]

Prints the table of docs/targets/systolic.md. Each model (quantised by ONNX Runtime, test/models/quantized.py)
is compiled for each machine and for the host; the array's programs run on the simulator, and the results
are compared byte by byte. Needs ./dev build.
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


def compiled(model, target, artefact):
    """Seconds that it took."""
    start = time.perf_counter()
    subprocess.run([TOOLS / "aicc", model, f"--target={target}", "-o", artefact, "--quiet"], check=True)
    return time.perf_counter() - start


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
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    shapes = {
        v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
        for v in [*graph.value_info, *graph.input, *graph.output]
    }
    constants = {t.name: int(np.prod(t.dims)) for t in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}
    weights = groups = 0
    for node in graph.node:
        if node.op_type not in ("Conv", "Gemm", "MatMul") or any(a.name == "group" and a.i > 1 for a in node.attribute):
            continue
        source = made.get(node.input[1])
        name = source.input[0] if source is not None and source.op_type == "DequantizeLinear" else node.input[1]
        if name in constants:
            weights += constants[name]
            groups += constants[name] + sum(int(np.prod(shapes[n])) for n in (node.input[0], node.output[0]))
    ends = [v for v in [*graph.input, *graph.output] if v.name not in constants]
    return weights + sum(int(np.prod(shapes[v.name])) for v in ends), groups


def row(name, machine, folder):
    path, inputs = quantized.path(name), zoo.random_inputs(name, seed=5)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", choices=MODELS)
    parser.add_argument("--machine", action="append")
    args = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |")
    print("|" + "---|" * len(COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        for name in args.model or MODELS:
            for machine in args.machine or MACHINES:
                print(row(name, machine, pathlib.Path(folder)), flush=True)


if __name__ == "__main__":
    main()

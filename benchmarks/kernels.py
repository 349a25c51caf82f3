#!/usr/bin/env python3
"""Single kernels from .onnx to a shared library, beside the measured bounds of one core.

    kernels.py [--build DIR] [--rounds N]

Writes small ONNX models (a packed matrix product, 3x3 convolutions, depthwise 3x3 convolutions), compiles them
with aicc, and runs them in turns with a program that measures the peak (peak.cpp, built here with clang): the
fp32 FMA rate, and the rate of copying a layer's bytes. The bound is the larger of its arithmetic at the FMA peak and
its bytes at the rate of a copy of the same size. Other programs on the same core slow all of them down by turns, so two
figures are given: medians against medians, and the best of all runs against the best peak, which is what the code
reaches when it has the core for itself.

A chain reads and writes tensors with channels first, as ONNX has them, and so pays for two changes of the layout;
"one more layer" is the difference between chains of 4 and 12 layers, by layer: what it costs inside a network.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

import harness
import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent


def model(path, nodes, weights, x, y):
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, y)]
    graph = helper.make_graph(nodes, "kernel", inputs, outputs, [numpy_helper.from_array(w, n) for n, w in weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)


def matmul(path, size=512):
    """y = relu(x w); FLOP, and bytes in and out."""
    w = numpy.random.default_rng(0).standard_normal((size, size)).astype("f4")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["p"]), helper.make_node("Relu", ["p"], ["y"])]
    model(path, nodes, [("w", w)], [size, size], [size, size])
    return 2 * size**3, 1, 3 * 4 * size**2


def convolutions(path, layers, channels, size, groups):
    """A chain of 3x3 convolutions with bias; FLOP, layers, and bytes in and out of one layer."""
    rng, nodes, weights = numpy.random.default_rng(0), [], []
    shape = (channels, channels // groups, 3, 3)
    for i in range(layers):
        scale = (9 * channels // groups) ** -0.5
        weights += [
            (f"w{i}", (rng.standard_normal(shape) * scale).astype("f4")),
            (f"b{i}", rng.standard_normal(channels).astype("f4")),
        ]
        result = "y" if i == layers - 1 else f"t{i}"
        source = "x" if i == 0 else f"t{i - 1}"
        nodes.append(
            helper.make_node("Conv", [source, f"w{i}", f"b{i}"], [result], group=groups, pads=[1] * 4, name=f"c{i}")
        )
    tensor = [1, channels, size, size]
    model(path, nodes, weights, tensor, tensor)
    return 2 * 9 * channels // groups * channels * size**2 * layers, layers, 2 * 4 * channels * size**2


KERNELS = {
    "packed matmul 512^3": matmul,
    "3 convolutions 3x3, 56x56, 64 -> 64": lambda path: convolutions(path, 3, 64, 56, 1),
    "4 depthwise 3x3, 56x56, 192": lambda path: convolutions(path, 4, 192, 56, 192),
    "12 depthwise 3x3, 56x56, 192": lambda path: convolutions(path, 12, 192, 56, 192),
    "4 depthwise 3x3, 14x14, 512": lambda path: convolutions(path, 4, 512, 14, 512),
    "12 depthwise 3x3, 14x14, 512": lambda path: convolutions(path, 12, 512, 14, 512),
}


def further_layers(rows):
    """Rows for what a chain takes longer than one of fewer of the same layers, by layer."""
    found = {}
    for name, row in rows.items():
        count, _, kind = name.partition(" ")
        for other, fewer in rows.items():
            if other != name and other.endswith(" " + kind) and fewer["layers"] < row["layers"]:
                more = row["layers"] - fewer["layers"]
                found[f"one more {kind}"] = {
                    **row,
                    "flop": row["flop"] / row["layers"],
                    "layers": 1,
                    "us": [(a - b) / more for a, b in zip(row["us"], fewer["us"])],
                    "best": [(min(row["best"]) - min(fewer["best"])) / more],
                }
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aicc-kernels-") as folder:
        folder, rows = pathlib.Path(folder), {}
        peak = harness.build_peak(folder)
        for number, (name, write) in enumerate(KERNELS.items()):
            path = folder / f"k{number}.onnx"
            flop, layers, layer_bytes = write(path)
            artifact = path.with_suffix(".so")
            subprocess.run(
                [options.build / "bin/aicc", path, "--target=cpu", "--threads=1", f"-o{artifact}", "--quiet"],
                check=True,
            )
            rows[name] = {
                "artifact": artifact,
                "flop": flop,
                "layers": layers,
                "bytes": layer_bytes,
                "us": [],
                "best": [],
            }
        sizes = [str(row["bytes"] // 2) for row in rows.values()]
        fma, copies = [], []
        for _ in range(options.rounds):
            bound = json.loads(subprocess.check_output([peak, *sizes]))
            fma.append(bound["fma_gflops"])
            copies.append(bound["copy_gb_per_s"])
            for row in rows.values():
                command = [options.build / "bin/aicc-run", row["artifact"], "--random", "--repeat=100", "--warmup=10"]
                run = json.loads(subprocess.check_output([*command, "--threads=1", "--json"]))
                row["us"].append(run["latency_us"]["median"])
                row["best"].append(run["latency_us"]["min"])
    rows.update(further_layers(rows))
    sizes = [str(row["bytes"] // 2) for row in rows.values()]
    print(f"FMA peak of one thread: median {statistics.median(fma):.1f}, best {max(fma):.1f} GFLOP/s\n")
    print("| kernel | us | GFLOP/s | bound, us | of the bound | best, us | GFLOP/s | bound, us | of the bound |")
    print("|---|---|---|---|---|---|---|---|---|")
    for (name, row), size in zip(rows.items(), sizes):
        line = f"| {name} "
        for us, summary, best in (row["us"], statistics.median, statistics.median), (row["best"], min, max):
            rate = best(copy[size] for copy in copies)
            bound = max(row["flop"] / best(fma), row["layers"] * row["bytes"] / rate) / 1e3
            time = summary(us)
            line += f"| {time:.0f} | {row['flop'] / time / 1e3:.1f} | {bound:.0f} | {bound / time:.0%} "
        print(line + "|")


if __name__ == "__main__":
    main()

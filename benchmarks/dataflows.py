#!/usr/bin/env python3
"""ResNet-50's layers on arrays of three sizes: cycles of the programs beside the best dataflow's closed form.

    dataflows.py [--size N ...] [--layers]

The closed forms are SCALE-Sim's (test/unit/Systolic/resnet50_cycles.csv): output, weight and input stationary, each
fold filled and drained by itself, no memory. The programs are those that aicc makes, with all that they load and
store, on machines whose memories are fast enough not to matter. Prints the table of docs/targets/systolic.md;
`--layers` adds the layers that stay below 0.95. Needs ./dev build.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "test"), str(ROOT / "benchmarks")]
from models import quantized, zoo  # noqa: E402
from systolic import TOOLS, compiled, predicted  # noqa: E402

SIZES = [16, 32, 128]
LEAST = 0.95


def machine(size, folder):
    """The file of a machine like gemmini16 of another size, with memories that are large and fast."""
    desc = yaml.safe_load((ROOT / "targets/systolic/machines/gemmini16.yaml").read_text())
    desc["name"] = f"array{size}"
    array = desc["array"]
    array["rows"] = array["cols"] = size
    array["latency_cycles"]["value"] = 2 * size - 2
    memories = {memory["name"]: memory for memory in desc["memories"]}
    memories["pe_weights"]["fill_bytes_per_cycle"]["value"] = 1 / size
    rates = {"accumulator": 4 * size, "scratchpad": 4 * size, "dram": 64 * size}
    for name, rate in rates.items():
        memories[name]["bytes_per_cycle"]["value"] = rate
    memories["accumulator"]["bytes"] = 4096 * 4 * size
    memories["scratchpad"]["bytes"] = 1 << 24
    del memories["dram"]["shared_port"]
    path = folder / f"array{size}.yaml"
    path.write_text(yaml.safe_dump(desc, sort_keys=False))
    return path


def closed_form(dataflow, m, k, n, size):
    """Cycles of an m x k by k x n product, all folds."""
    folds = {"os": (m, n), "ws": (k, n), "is": (k, m)}[dataflow]
    each = {"os": k + 2 * size - 2, "ws": m + 3 * size - 2, "is": n + 3 * size - 2}[dataflow]
    return -(-folds[0] // size) * -(-folds[1] // size) * each


def best_of(m, k, n, size):
    """The dataflow of the fewest cycles, and these."""
    return min((closed_form(flow, m, k, n, size), flow) for flow in ("os", "ws", "is"))[::-1]


def layers(size):
    """The products of the network in the order in which it runs them: (name, m, k, n)."""
    found = []
    rows = [line for line in (ROOT / "test/unit/Systolic/resnet50_cycles.csv").open() if not line.startswith("#")]
    for row in csv.DictReader(rows):
        if int(row["array"]) != size or row["dataflow"] != "os":
            continue
        layer = row["layer"], int(row["M"]), int(row["K"]), int(row["N"])
        # The projection of a block is first in the model.
        at = len(found) - 3 if row["layer"].endswith("_proj") else len(found)
        found[at:at] = [layer] * int(row["count"])
    return found


def measured(size, folder):
    """(name, m, k, n, cycles) of each layer's program."""
    name = "gen_resnet50"
    artefact, inputs = folder / "array.so", []
    compiled(quantized.path(name), machine(size, folder), artefact)
    for key, value in zoo.random_inputs(name, seed=5).items():
        np.save(folder / f"{key}.npy", value)
        inputs.append(f"--input={key}=@{folder / f'{key}.npy'}")
    command = [TOOLS / "aicc-run", artefact, "--json", "--counts", *inputs]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    runs = json.loads(done.stdout)["counts"]["launches"]
    launches, _ = predicted(artefact, folder)
    programs = [(launch, run) for launch, run in zip(launches, runs, strict=True) if launch["macs"]]
    for layer, (launch, run) in zip(layers(size), programs, strict=True):
        _, m, k, n = layer
        if launch["macs"] != m * k * n:
            sys.exit(f"{layer[0]} is {m} x {k} x {n}, its program has {launch['macs']} products")
        yield *layer, run["cycles"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", action="append", type=int, choices=SIZES)
    parser.add_argument("--layers", action="store_true")
    args = parser.parse_args()
    print(
        "| array | layers of at least 0.95 | all together | least | the best dataflow is (os, ws, is) |\n"
        "|---|---|---|---|---|"
    )
    below = []
    with tempfile.TemporaryDirectory() as folder:
        for size in args.size or SIZES:
            ratios, flows, best, all_cycles = [], [], 0, 0
            for name, m, k, n, cycles in measured(size, pathlib.Path(folder)):
                flow, least = best_of(m, k, n, size)
                ratios.append(least / cycles)
                flows.append(flow)
                best, all_cycles = best + least, all_cycles + cycles
                if least < LEAST * cycles:
                    below.append(
                        f"{size}: {name} ({m} x {k} x {n}): {flow} {least}, here {cycles}: {least / cycles:.2f}"
                    )
            reached = sum(ratio >= LEAST for ratio in ratios)
            counts = ", ".join(str(flows.count(flow)) for flow in ("os", "ws", "is"))
            print(
                f"| {size} x {size} | {reached} of {len(ratios)} | {best / all_cycles:.2f} "
                f"| {min(ratios):.2f} | {counts} |",
                flush=True,
            )
    if args.layers:
        print("\n".join(["", *below]))


if __name__ == "__main__":
    main()

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
from models import quantized, zoo  # noqa: E402

MODELS = ["lcnet_orientation", "gen_mobilenetv2", "gen_resnet50", "minilm_l6_fp32"]
MACHINES = ["gemmini16", "edge64", "tpu_v1"]
TOOLS = ROOT / "build" / "bin"


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
    """Cycles, picojoules and products of the launches on the array, and how many are there and on the host."""
    manifest = folder / "manifest.json"
    subprocess.run(["llvm-objcopy-22", f"--dump-section=.aicc.manifest={manifest}", artefact, "/dev/null"], check=True)
    launches = json.loads(manifest.read_text())["predicted"]
    array = [launch for launch in launches if launch["kernel"].startswith("p")]
    cycles, energy, macs = (sum(launch[key] for launch in array) for key in ("cycles", "energy_pj", "macs"))
    return cycles, energy, macs, len(array), len(launches) - len(array)


def row(name, machine, folder):
    path, inputs = quantized.path(name), zoo.random_inputs(name, seed=5)
    host, array = folder / "host.so", folder / "array.so"
    compiled(path, "cpu", host)
    seconds = compiled(path, f"systolic/{machine}", array)
    want, _ = run(host, inputs, folder)
    got, done = run(array, inputs, folder, counts=True)
    differ = sum(int(np.count_nonzero(a.view(np.uint8) != b.view(np.uint8))) for a, b in zip(got, want))
    total = sum(a.nbytes for a in want)
    counts, (cycles, energy, macs, groups, on_host) = done["counts"], predicted(array, folder)
    used = macs / counts["cycles"] / counts["rows"] / counts["cols"]
    moved = counts["counts"]["dram.read"] + counts["counts"]["dram.write"]
    return (
        f"| {name} | {machine} | {differ} of {total} | {groups} / {on_host} | {counts['cycles'] / 1e6:.3f} | "
        f"{100 * used:.1f} % | {cycles / counts['cycles']:.3f} | {moved / 1e6:.2f} MB | "
        f"{energy / 1e6:.0f} uJ | {seconds:.1f} s | {done['latency_us']['median'] / 1e6:.2f} s |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", choices=MODELS)
    parser.add_argument("--machine", action="append")
    args = parser.parse_args()
    print(
        "| model | machine | bytes that differ | groups on the array / host | Mcycles | utilisation "
        "| predicted / counted cycles | DRAM | energy (predicted) | compile | simulate |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in args.model or MODELS:
            for machine in args.machine or MACHINES:
                print(row(name, machine, pathlib.Path(folder)), flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""What each objective costs: energy and time of models on machines, by the cost model.

    steering.py [--build DIR] [--write] [--models NAME ...] [--machines NAME ...]

Maps models of the zoo for latency, for edp and for energy on each machine and prints the energy and the time of one
run under each. --write puts the table into docs/steering.md. On machines with an array the groups that stay with the
host are in the figures, and counted.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test"))
from models import zoo  # noqa: E402

MODELS = ["ppocrv4_rec", "lcnet_orientation", "vgg16_tumor", "gen_mobilenetv2", "minilm_l6_fp32"]
MACHINES = ["cpu/x86_64_v4", "cpu/x86_64_v3", "systolic/tpu_like"]
HOST = "cpu/x86_64_v3"  # Of machines with an array.
OBJECTIVES = ["latency", "edp", "energy"]


def report(build, name, machine, objective):
    """The totals of one report, and how many nodes are on the host of a machine with an array."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "report.json"
        command = [str(build / "bin" / "aicc"), str(zoo.path(name)), *zoo.manifest()[name].shape_flags()]
        command += [f"--target={machine}", f"--objective={objective}", "--threads=1", "--emit=report", "--quiet"]
        processor = machine if machine.startswith("cpu/") else HOST
        command += [f"--mcpu={processor.removeprefix('cpu/').replace('_', '-')}"]
        subprocess.run([*command, "-o", str(file)], check=True)
        data = json.loads(file.read_text())
        return data["totals"], data["memory"]["arena_bytes"], len(data["fallbacks"])


def row(build, name, machine):
    cells, left = [name, machine], 0
    for objective in OBJECTIVES:
        totals, arena, left = report(build, name, machine, objective)
        cells.append(f"{totals['energy_pj'] / 1e9:.4g} mJ, {totals['time_us'] / 1e3:.4g} ms, {arena / 2**20:.1f} MiB")
    return [*cells, str(left)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--machines", nargs="+", default=MACHINES)
    options = parser.parse_args()
    head = ["model", "machine", *(f"for {objective}" for objective in OBJECTIVES), "nodes on the host"]
    lines = ["| " + " | ".join(head) + " |", "|---|---|" + "---:|" * (len(head) - 2)]
    print("\n".join(lines))
    for name in options.models:
        for machine in options.machines:
            lines.append("| " + " | ".join(row(options.build, name, machine)) + " |")
            print(lines[-1], flush=True)
    if options.write:
        path = ROOT / "docs" / "steering.md"
        begin, end = "<!-- table -->", "<!-- end of table -->"
        before, rest = path.read_text().split(begin)
        path.write_text(before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + rest.split(end)[1])


if __name__ == "__main__":
    main()

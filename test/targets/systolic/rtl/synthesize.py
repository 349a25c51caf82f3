#!/usr/bin/env python3
"""Synthesizes a small systolic machine with Yosys: synthesize.py [--yosys=PROGRAM] SOURCE ...

Prints a table of its cells by module. Exit status 1 for what Yosys does not read, a latch, a loop
of logic, or a wire that nothing or two things drive.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

# Small enough for a minute, and every part is there.
PARAMETERS = {
    "ROWS": 4,
    "COLS": 4,
    "SCRATCHPAD_ROWS": 4,
    "WEIGHT_ROWS": 4,
    "ACCUMULATOR_ROWS": 4,
    "QUEUE_DEPTH": 2,
    "LOOP_LENGTH": 4,
    "BYTES": 4,
    "ACCESS": 8,
    "SHARED": 1,
    "OUTPUT_STATIONARY": 1,
}

FLIP_FLOP = re.compile(r"\$_(DFF|SDFF|ALDFF)")
LATCHES = "t:$dlatch t:$adlatch t:$_DLATCH_* t:$sr t:$_SR_*"


def script(sources, statistics):
    parameters = " ".join(f"-set {name} {value}" for name, value in PARAMETERS.items())
    return "\n".join(
        [
            f"read_verilog -sv {' '.join(str(source) for source in sources)}",
            f"chparam {parameters} systolic",
            "hierarchy -check -top systolic",
            "proc",
            f"select -assert-none {LATCHES}",
            "check -assert",
            "synth -top systolic -run coarse:check",
            f"select -assert-none {LATCHES}",
            "check -assert",
            f"tee -q -o {statistics} stat",
        ]
    )


def source_name(module):
    """What a module that was made for its parameters is called in the source."""
    return next(part for part in reversed(module.split("\\")) if part.startswith("systolic"))


def modules_of(statistics):
    """By module: number of cells by type, as `stat` prints them."""
    modules, cells = {}, None
    for line in statistics.read_text().splitlines():
        if title := re.fullmatch(r"=== (.*) ===", line):
            cells = modules.setdefault(title[1], {})
        elif cell := re.fullmatch(r"     (\S+) +(\d+)", line):
            cells[cell[1]] = int(cell[2])
    modules.pop("design hierarchy", None)
    return modules


def cells(statistics):
    """By name in the source: instances, flip-flops and other cells of all of them."""
    modules = modules_of(statistics)
    found = {}

    def count(module, times):
        for cell, number in modules[module].items():
            if cell in modules:
                count(cell, times * number)
            else:
                row = found.setdefault(source_name(module), [0, 0, 0])
                row[1 if FLIP_FLOP.match(cell) else 2] += times * number
        found.setdefault(source_name(module), [0, 0, 0])[0] += times

    count("systolic", 1)
    return found


def print_table(found):
    size = ", ".join(f"{name}={value}" for name, value in PARAMETERS.items())
    print(f"{size}\n\n| module | instances | flip-flops | other cells |\n|---|---|---|---|")
    for name, row in sorted(found.items()):
        print(f"| {name} | " + " | ".join(str(number) for number in row) + " |")
    total = [sum(row[i] for row in found.values()) for i in range(3)]
    print("| all | " + " | ".join(str(number) for number in total) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yosys", default="yosys")
    parser.add_argument("sources", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        statistics = pathlib.Path(folder, "statistics.json")
        commands = pathlib.Path(folder, "script.ys")
        commands.write_text(script(options.sources, statistics))
        done = subprocess.run([options.yosys, "-q", str(commands)], capture_output=True, text=True)
        if done.returncode or "ERROR" in done.stderr:
            print(done.stdout[-4000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
            return 1
        print_table(cells(statistics))
    return 0


if __name__ == "__main__":
    sys.exit(main())

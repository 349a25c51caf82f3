#!/usr/bin/env python3
"""Predicted beside counted: bytes into each cache, and floating-point operations.

    count.py [--build DIR] [--machine NAME] [--kernels] [--write] [--check PERCENT] [MODEL ...]

Compiles models of the zoo (or .onnx files; NAME:energy for an objective) for one thread of a machine of the cpu
family, runs
them under valgrind's cachegrind, with its last level set to each outer cache in turn, and prints
what the cost model predicted beside what was counted. --kernels shows each kernel; --write puts
the table into docs/counted.md; --check ends with 1 if a model's bytes miss by more, or its
floating-point operations at all. Needs valgrind and clang.
"""

import argparse
import collections
import dataclasses
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import cachegrind
import flops
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test"))
from models import zoo  # noqa: E402

LAUNCH = re.compile(r"aicc\.launch @(k\d+)\(.*")
NUMBERS = r"array<i64: ([-0-9, ]*)>"


@dataclasses.dataclass
class Kernel:
    """Predicted and counted, of all launches of one kernel in one run."""

    launches: int = 0
    predicted: list = dataclasses.field(default_factory=list)  # bytes into each cache
    counted: list = dataclasses.field(default_factory=list)
    useful: int = 0  # floating-point operations
    executed: int = 0
    flops: int = 0  # counted
    known: bool = True  # all operations of it are predicted


def numbers(name, line):
    found = re.search(rf"{name} = {NUMBERS}", line)
    return [int(number) for number in found[1].split(",")] if found else None


def predictions(loops):
    """{kernel: Kernel} of a program in the form of --emit=loops."""
    kernels = collections.defaultdict(Kernel)
    for line in loops.splitlines():
        found = LAUNCH.search(line)
        if not found:
            continue
        kernel = kernels[found[1]]
        kernel.launches += 1
        fetched = numbers("aicc.fetched", line) or []
        kernel.predicted = [a + b for a, b in zip(kernel.predicted or [0] * len(fetched), fetched)]
        predicted = numbers("aicc.flops", line)
        if predicted:
            kernel.useful += predicted[0]
            kernel.executed += predicted[1]
        else:
            kernel.known = False
    return kernels


class Compiler:
    """aicc for one thread of one machine."""

    def __init__(self, build, machine):
        self.build, self.name = build, machine
        file = ROOT / "targets" / "cpu" / "machines" / f"{machine}.yaml"
        memories = yaml.safe_load(file.read_text())["memories"]
        self.caches = [cachegrind.Cache(memory) for memory in memories if memory["bytes"]]

    def emit(self, kind, model, out):
        command = [str(self.build / "bin" / "aicc"), str(model.path), *model.flags, f"--target=cpu/{self.name}"]
        command += [f"--mcpu={self.name.replace('_', '-')}", "--threads=1", "--quiet", f"--emit={kind}", "-o", str(out)]
        subprocess.run(command, check=True)

    def measure(self, model):
        """{kernel: Kernel}, and the name of each cache."""
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for kind, name in (("loops", "loops.mlir"), ("llvm", "final.ll"), ("lib", "model.so")):
                self.emit(kind, model, folder / name)
            kernels = predictions((folder / "loops.mlir").read_text())
            for name, count in flops.count(folder / "final.ll").items():
                kernels[name].flops = count
            inner = self.caches[0]
            for last in self.caches[1:]:
                counted = cachegrind.per_run(self.build / "bin" / "aicc-run", folder / "model.so", inner, last)
                for name, kernel in kernels.items():
                    into_inner, into_last = counted.get(name, (0, 0))
                    if not kernel.counted:
                        kernel.counted.append(into_inner)
                    kernel.counted.append(into_last)
            return kernels


@dataclasses.dataclass
class Model:
    name: str
    path: pathlib.Path
    flags: list


def find(text):
    """A model by NAME or FILE.onnx, compiled for the latency, or for what is after a colon ("NAME:energy")."""
    name, _, objective = text.partition(":")
    flags = [f"--objective={objective}"] if objective else []
    label = f"{pathlib.Path(name).stem}, for {objective}" if objective else pathlib.Path(name).stem
    if name.endswith(".onnx"):
        return Model(label, pathlib.Path(name), flags)
    return Model(label, zoo.path(name), zoo.manifest()[name].shape_flags() + flags)


def ratio(predicted, counted):
    return predicted / counted if counted else (1.0 if not predicted else float("inf"))


def row(label, kernels, caches):
    """One line of the table: megabytes predicted / counted (ratio) by cache, then operations."""
    cells = [label]
    for i in range(len(caches)):
        predicted = sum(kernel.predicted[i] for kernel in kernels)
        counted = sum(kernel.counted[i] for kernel in kernels)
        cells.append(f"{predicted / 1e6:.3f} / {counted / 1e6:.3f} ({ratio(predicted, counted):.2f})")
    known = [kernel for kernel in kernels if kernel.known]
    useful, executed = (sum(getattr(k, field) for k in known) for field in ("useful", "executed"))
    counted, rest = sum(k.flops for k in known), sum(k.flops for k in kernels if not k.known)
    cells += [f"{useful:,}", f"{executed:,} / {counted:,}", f"{rest:,}"]
    return "| " + " | ".join(cells) + " |"


def table_head(caches):
    names = ["model", *(f"into {cache.name} ({cache.bytes >> 10} KiB), MB" for cache in caches)]
    names += ["FLOPs, useful", "FLOPs, executed", "not predicted"]
    return ["| " + " | ".join(names) + " |", "|---|" + "---:|" * (len(names) - 1)]


def faults(name, kernels, caches, percent):
    """What is further off than `percent`."""
    for i, cache in enumerate(caches):
        share = ratio(sum(k.predicted[i] for k in kernels), sum(k.counted[i] for k in kernels))
        if abs(share - 1) > percent / 100:
            yield f"{name}: bytes into {cache.name}: predicted {share:.3f} times what was counted"
    for kernel in kernels:
        if kernel.known and kernel.executed != kernel.flops:
            yield f"{name}: floating-point operations: predicted {kernel.executed}, counted {kernel.flops}"


def write(lines):
    """Replaces the table in docs/counted.md."""
    path = ROOT / "docs" / "counted.md"
    begin, end = "<!-- table -->", "<!-- end of table -->"
    before, rest = path.read_text().split(begin)
    path.write_text(before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + rest.split(end)[1])


DEFAULT = ["oww_alexa", "silero_vad_static", "oww_embedding", "ppocr_cls", "magika", "lcnet_orientation"]
DEFAULT += ["lcnet_orientation:energy", "gen_mobilenetv2", "gen_mobilenetv2:energy", "nudenet_320n"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=DEFAULT)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--machine", default="x86_64_v3")
    parser.add_argument("--kernels", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", type=float, metavar="PERCENT")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("count.py: valgrind is not installed")

    compiler = Compiler(options.build.resolve(), options.machine)
    lines, wrong = table_head(compiler.caches), []
    print("\n".join(lines), flush=True)
    for name in options.models:
        model = find(name)
        kernels = compiler.measure(model)
        if options.kernels:
            for kernel, each in kernels.items():
                print(row(f"{kernel} x {each.launches}", [each], compiler.caches))
        lines.append(row(model.name, kernels.values(), compiler.caches))
        print(lines[-1], flush=True)
        if options.check is not None:
            wrong += faults(model.name, kernels.values(), compiler.caches, options.check)
    if options.write:
        write(lines)
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""aicc beside ONNX Runtime on every model of the zoo.

    compare.py [--build DIR] [--only NAME ...] [--rounds N] [--batch S] [--json FILE] [--write]

For each model: compiles it with the command line (time, peak memory and size of the result), runs
both engines on the same seeded inputs (agreement), and times them in turns at 1 and 2 threads. The
table goes to stdout; --write also puts it into benchmarks/RESULTS.md with the date and the
machine, and the figures into a JSON file.
"""

import argparse
import dataclasses
import datetime
import json
import math
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import harness
import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test"))
from models import zoo  # noqa: E402

THREADS = (1, 2)


# A child counts as resident what its parent held when it was started, so a small process stands between.
MEASURE = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
status = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(json.dumps([status, seconds, peak]))
"""


def measured(command):
    """Runs a command: (status, seconds, peak resident MiB, what it said on stderr)."""
    child = subprocess.run([sys.executable, "-S", "-c", MEASURE, *command], capture_output=True, text=True, check=True)
    return *json.loads(child.stdout), child.stderr


def agreement(model, artifact, inputs, python_path):
    """(largest absolute error, largest error relative to an output's largest value)."""
    sys.path.insert(0, str(python_path))
    import aicc
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    got, absolute, relative = aicc.load(artifact).run(inputs), 0.0, 0.0
    for output, want in zip(session.get_outputs(), session.run(None, inputs)):
        error = float(numpy.abs(got[output.name].astype(numpy.float64) - want).max())
        absolute = max(absolute, error)
        relative = max(relative, error / float(numpy.abs(want).max()))
    return absolute, relative


def compare(name, build, folder, options):
    """All figures of one model, or {'model', 'error'}."""
    path, entry = zoo.path(name), zoo.manifest()[name]
    artifact = pathlib.Path(folder) / f"{name}.so"
    command = [str(build / "bin" / "aicc"), str(path), "--target=cpu", f"-o{artifact}", *entry.shape_flags()]
    status, seconds, peak, errors = measured(command)
    if status:
        return {"model": name, "error": errors.strip().splitlines()[0] if errors.strip() else f"exit status {status}"}
    row = {
        "model": name,
        "model_mib": path.stat().st_size / 2**20,
        "compile_s": seconds,
        "compile_peak_mib": peak,
        "artifact_mib": artifact.stat().st_size / 2**20,
    }
    inputs = zoo.random_inputs(name)
    feed = pathlib.Path(folder) / "inputs.npz"
    numpy.savez(feed, **inputs)
    python_path = harness.python_path(build)
    row["max_abs_error"], row["max_rel_error"] = agreement(path, artifact, inputs, python_path)
    row["agrees"] = row["max_rel_error"] <= entry.tolerance
    for threads in THREADS:
        with harness.Turns({"aicc": artifact, "onnxruntime": path}, threads, feed, python_path) as turns:
            for engine, timing in turns.measure(options.rounds, options.batch).items():
                row[f"{engine}_{threads}t"] = dataclasses.asdict(timing)
    artifact.unlink()
    return row


def ratio(row, threads):
    """aicc's time over ONNX Runtime's: below 1 is faster."""
    return row[f"aicc_{threads}t"]["median_us"] / row[f"onnxruntime_{threads}t"]["median_us"]


def ms(row, engine, threads):
    value = row[f"{engine}_{threads}t"]["median_us"] / 1e3
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def table(rows):
    lines = [
        "| model | max rel. error | aicc 1T ms | ORT 1T ms | ratio | aicc 2T ms | ORT 2T ms | ratio "
        "| compile s | peak MiB | model MiB | artefact MiB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    good = [row for row in rows if "error" not in row]
    for row in rows:
        if "error" in row:
            lines.append(f"| {row['model']} | {row['error']} |" + " |" * 10)
            continue
        times = " | ".join(f"{ms(row, 'aicc', n)} | {ms(row, 'onnxruntime', n)} | {ratio(row, n):.2f}" for n in THREADS)
        error = f"{row['max_rel_error']:.1e}" + ("" if row["agrees"] else " (over the tolerance)")
        lines.append(
            f"| {row['model']} | {error} | {times} | {row['compile_s']:.1f} | {row['compile_peak_mib']:.0f} "
            f"| {row['model_mib']:.1f} | {row['artifact_mib']:.1f} |"
        )
    for threads in THREADS if good else ():
        ratios = [ratio(row, threads) for row in good]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        lines.append("")
        lines.append(
            f"{threads} thread{'s' * (threads > 1)}: geometric mean of the ratios {mean:.2f}, "
            f"worst {max(ratios):.2f}; {sum(r <= 1 for r in ratios)} of {len(ratios)} at least as fast."
        )
    return "\n".join(lines)


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def machine():
    model = processor()
    load = f"load average {os.getloadavg()[1]:.1f} at the end"
    return f"{model}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}, {load}"


def write(rows, command):
    import onnxruntime

    revision = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True
    ).stdout.strip()
    file = ROOT / "benchmarks" / "RESULTS.md"
    sections = file.read_text().split("\n## ")[1:] if file.exists() else []
    others = [section for section in sections if f" on {processor()}, " not in section]
    text = f"""# Results

What is measured: the median of many runs through each engine's Python interface, in turns, one process
each (`harness.py`); ratio is aicc's time over ONNX Runtime's, below 1 is faster. Errors are the
largest absolute error over the largest absolute value of the reference, the worst of a model's outputs.
The latest run on each kind of processor.

## {datetime.date.today().isoformat()}, {revision}

`{command}` with ONNX Runtime {onnxruntime.__version__} on {machine()}.

{table(rows)}
"""
    file.write_text("\n## ".join([text, *others]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--only", nargs="+", choices=list(zoo.manifest()), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each engine")
    parser.add_argument("--batch", type=float, default=0.4, metavar="S", help="seconds of one turn")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="aicc-bench-") as folder:
        for name in options.only or zoo.manifest():
            print(f"{name} ...", file=sys.stderr, flush=True)
            rows.append(compare(name, options.build, folder, options))
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows))
    if options.write:
        write(rows, f"./dev bench --write --rounds {options.rounds} --batch {options.batch}")
    return 1 if any("error" in row or not row["agrees"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

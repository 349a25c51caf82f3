#!/usr/bin/env python3
"""aicc beside ONNX Runtime on every model of the zoo, and beside OpenVINO where --peers has it.

    compare.py [--build DIR] [--only NAME ...] [--rounds N] [--batch S] [--json FILE] [--write]
               [--peers PYTHON] [--check FILE]

For each model: compiles it with the command line (time, peak memory and size of the result), runs
both engines on the same seeded inputs (agreement), and times them in turns at 1 and 2 threads. The
table goes to stdout; --write also puts it into benchmarks/RESULTS.md with the date and the
machine, and --json the figures into a JSON file. --check compares with such a file and fails where a
ratio has become worse by more than CHECK_FACTOR. A peer that cannot run a model is absent there, and named.
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
CHECK_FACTOR = 1.15  # More than the ratios of two runs of the same code differ by on a busy machine.


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


def relative_error(got, wanted):
    """The largest error relative to an output's largest value; got, wanted: lists of arrays."""
    errors = [0.0]
    for have, want in zip(got, wanted, strict=True):
        error = float(numpy.abs(have.astype(numpy.float64) - want).max(initial=0))
        errors.append(error / (float(numpy.abs(want).max(initial=0)) or 1.0))
    return max(errors)


def usable_peers(path, feed, folder, options):
    """({peer: its error relative to ONNX Runtime}, {peer: why it cannot run the model})."""
    if not options.peers:
        return {}, {}
    python_path, file = harness.python_path(options.build), pathlib.Path(folder) / "outputs.npz"
    with harness.Turns({"onnxruntime": path}, 1, feed, python_path) as turns:
        wanted = turns.outputs("onnxruntime", file)
    errors, absent = {}, {}
    for peer in harness.PEERS:
        with harness.Turns({peer: path}, 1, feed, python_path, options.peers) as turns:
            try:
                errors[peer] = relative_error(turns.outputs(peer, file), wanted)
            except (RuntimeError, ValueError) as reason:
                absent[peer] = str(reason)
    return errors, absent


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
    row["peer_errors"], row["absent"] = usable_peers(path, feed, folder, options)
    models = {"aicc": artifact, "onnxruntime": path} | dict.fromkeys(row["peer_errors"], path)
    for threads in THREADS:
        with harness.Turns(models, threads, feed, python_path, options.peers) as turns:
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


def lead(row, threads):
    """The time of the fastest fp32 peer over aicc's: above 1 aicc is faster."""
    peers = [
        row[key]["median_us"] for key in (f"{p}_{threads}t" for p in ("onnxruntime", "openvino_f32")) if key in row
    ]
    return min(peers) / row[f"aicc_{threads}t"]["median_us"]


def peer_table(rows):
    """The rows that were measured beside peers, and what is absent; "" without any."""
    rows = [row for row in rows if row.get("peer_errors") or row.get("absent")]
    if not rows:
        return ""
    lines = [
        "| model | threads | aicc ms | ORT ms | OpenVINO f32 ms (error) | OpenVINO ms (error) | f32 peer / aicc |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for n in THREADS:
            cells = [
                f"{ms(row, p, n)} ({row['peer_errors'][p]:.1e})" if p in row["peer_errors"] else "absent"
                for p in harness.PEERS
            ]
            times = " | ".join([ms(row, "aicc", n), ms(row, "onnxruntime", n), *cells])
            lines.append(f"| {row['model']} | {n} | {times} | {lead(row, n):.2f} |")
    for n in THREADS:
        leads = [lead(row, n) for row in rows]
        mean = math.exp(sum(map(math.log, leads)) / len(leads))
        lines += [
            "",
            f"{n} thread{'s' * (n > 1)}: geometric mean of the last column {mean:.2f}, least {min(leads):.2f}.",
        ]
    lines += [f"\nAbsent: {row['model']}: {reason}" for row in rows for reason in row["absent"].values()]
    return "\n".join(lines)


def worse(rows, recorded):
    """What became slower beside ONNX Runtime than in `recorded` by more than CHECK_FACTOR, a line each."""
    before, lines = {row["model"]: row for row in recorded if "error" not in row}, []
    for row in rows:
        if row["model"] not in before:
            continue
        if "error" in row:
            lines.append(f"{row['model']}: {row['error']}")
            continue
        for n in THREADS:
            was, now = ratio(before[row["model"]], n), ratio(row, n)
            if now > was * CHECK_FACTOR:
                lines.append(f"{row['model']}, threads {n}: ratio {now:.2f}, was {was:.2f}")
    return lines


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
    text = (
        f"""# Results

What is measured: the median of many runs through each engine's Python interface, in turns, one process
each (`harness.py`); ratio is aicc's time over ONNX Runtime's, below 1 is faster. Errors are the
largest absolute error over the largest absolute value of the reference, the worst of a model's outputs.
The latest run on each kind of processor.

Beside OpenVINO: its fp32 form is forced to f32, its default may compute in bf16, and is not compared with. The last
column is the time of the fastest fp32 engine over aicc's: above 1 aicc is faster. Errors are relative to ONNX Runtime.

## {datetime.date.today().isoformat()}, {revision}

`{command}` with ONNX Runtime {onnxruntime.__version__} on {machine()}.

{table(rows)}

{peer_table(rows)}
""".rstrip()
        + "\n"
    )
    file.write_text("\n## ".join([text, *others]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--only", nargs="+", choices=list(zoo.manifest()), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each engine")
    parser.add_argument("--batch", type=float, default=0.4, metavar="S", help="seconds of one turn")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--peers", type=pathlib.Path, metavar="PYTHON", help="has the packages of requirements.txt")
    parser.add_argument("--check", type=pathlib.Path, metavar="FILE", help="what --json wrote earlier")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="aicc-bench-") as folder:
        for name in options.only or zoo.manifest():
            print(f"{name} ...", file=sys.stderr, flush=True)
            rows.append(compare(name, options.build, folder, options))
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows), peer_table(rows), sep="\n\n")
    slower = worse(rows, json.loads(options.check.read_text())) if options.check else []
    for line in slower:
        print(f"slower: {line}", file=sys.stderr)
    if options.write:
        write(rows, f"./dev bench --write --rounds {options.rounds} --batch {options.batch}")
    return 1 if slower or any("error" in row or not row["agrees"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""aicc beside ONNX Runtime on every model of the zoo, and beside OpenVINO, ncnn and IREE where --peers has them.

    compare.py [--build DIR] [--only NAME ...] [--rounds N] [--batch S] [--json FILE] [--write]
               [--public FOLDER MANIFEST ...] [--peers PYTHON] [--check FILE] [--resume FILE]

For each model: compiles it with the command line (time, peak memory and size of the result), runs
all engines on the same seeded inputs (agreement), and times them in turns at 1 and 2 threads; between
models the rate of FMAs of one thread is measured. --public takes FOLDER/NAME.onnx for each model of the
manifests (JSON: "models", each with "name" and "inputs": name -> "shape" and "gen") in place of the zoo,
but for those whose weights are constants (light_*). The
table goes to stdout; --write also puts it into benchmarks/RESULTS.md with the date and the
machine, and --json the figures into a JSON file. --check compares with such a file and fails where a
ratio has become worse by more than CHECK_FACTOR. A peer that cannot run a model, or gives other numbers, is
absent there, and named.
"""

import argparse
import dataclasses
import datetime
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

import harness
import numpy
import onnx

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test"))
from models import zoo  # noqa: E402

THREADS = (1, 2)
WRONG = 0.1  # A peer that is off by more than this share of the largest value computes something else.
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


def subjects(options):
    """(name, path, zoo.Model) of what is measured."""
    if not options.public:
        for name in options.only or zoo.manifest():
            yield name, zoo.path(name), zoo.manifest()[name]
        return
    folder, *manifests = map(pathlib.Path, options.public)
    for entry in (entry for file in manifests for entry in json.loads(file.read_text())["models"]):
        name, path = entry["name"], folder / f"{entry['name']}.onnx"
        if not path.exists() or name.startswith("light_") or (options.only and name not in options.only):
            continue
        graph = onnx.load(path, load_external_data=False).graph
        types = {v.name: onnx.helper.tensor_dtype_to_np_dtype(v.type.tensor_type.elem_type) for v in graph.input}
        inputs = {
            key: {"shape": spec["shape"], "dtype": types[key], "fill": spec["gen"]}
            for key, spec in entry["inputs"].items()
        }
        # Dynamically quantised models round once more where a value lies between two steps.
        tolerance = 5e-2 if "int8" in name else 1e-2 if "fp16" in name else 1e-3
        yield name, path, zoo.Model(name, "public", inputs, tolerance)


def multiply_accumulates(path, shapes):
    """Of products, convolutions and recurrent cells at these input shapes; None where a shape is not known."""
    model = onnx.load(path)
    for value in model.graph.input:
        if value.name in shapes:
            for dim, size in zip(value.type.tensor_type.shape.dim, shapes[value.name]):
                dim.dim_value = size
    del model.graph.value_info[:]
    try:
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception:  # Whatever ONNX's inference raises: the figure is left out.
        return None
    known = {t.name: list(t.dims) for t in graph.initializer}
    for value in [*graph.value_info, *graph.input, *graph.output]:
        known.setdefault(value.name, [d.dim_value for d in value.type.tensor_type.shape.dim])
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].HasField("t"):
            known[node.output[0]] = list(node.attribute[0].t.dims)
    total = 0
    for node in graph.node:
        ins, out = ([known.get(name) for name in names] for names in (node.input, node.output))
        if node.op_type in ("Conv", "ConvInteger", "QLinearConv"):
            weights = ins[3] if node.op_type == "QLinearConv" else ins[1]
            term = out[0] and weights and math.prod(out[0]) * math.prod(weights[1:])
        elif node.op_type == "ConvTranspose":
            term = ins[0] and ins[1] and math.prod(ins[0]) * math.prod(ins[1][1:])
        elif node.op_type in ("MatMul", "MatMulInteger", "Gemm"):
            transposed = any(a.name == "transA" and a.i for a in node.attribute)
            term = out[0] and ins[0] and math.prod(out[0]) * ins[0][-2 if transposed else -1]
        elif node.op_type in ("LSTM", "GRU", "RNN"):
            term = ins[0] and ins[0][0] * ins[0][1] * (math.prod(ins[1]) + math.prod(ins[2]))
        else:
            continue
        if not term:
            return None
        total += term
    return total


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
        # Some engines leave out dimensions of size 1.
        if have.size != want.size:
            raise ValueError(f"an output has {have.size} elements, not {want.size}")
        error = float(numpy.abs(have.astype(numpy.float64).reshape(want.shape) - want).max(initial=0))
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
                error = relative_error(turns.outputs(peer, file), wanted)
                if not error <= WRONG:
                    raise ValueError(f"other numbers (error {error:.1e})")
                errors[peer] = error
            except (RuntimeError, ValueError) as reason:
                absent[peer] = str(reason).replace(f"{folder}{os.sep}", "")
    return errors, absent


def compare(name, path, entry, folder, peak, options):
    """All figures of one model, or {'model', 'error'}."""
    build = options.build
    artifact, narrow = pathlib.Path(folder) / f"{name}.so", pathlib.Path(folder) / f"{name}.bf16.so"
    command = [str(build / "bin" / "aicc"), str(path), "--target=cpu", f"-o{artifact}", *entry.shape_flags()]
    status, seconds, memory, errors = measured(command)
    if status:
        lines = [line.split("error: ", 1)[1] for line in errors.splitlines() if "error: " in line]
        return {"model": name, "error": lines[0] if lines else f"exit status {status}"}
    row = {
        "model": name,
        "model_mib": path.stat().st_size / 2**20,
        "compile_s": seconds,
        "compile_peak_mib": memory,
        "artifact_mib": artifact.stat().st_size / 2**20,
    }
    inputs = entry.random_inputs()
    row["macs"] = multiply_accumulates(path, entry.shapes())
    feed = pathlib.Path(folder) / "inputs.npz"
    numpy.savez(feed, **inputs)
    python_path = harness.python_path(build)
    row["max_abs_error"], row["max_rel_error"] = agreement(path, artifact, inputs, python_path)
    row["agrees"] = row["max_rel_error"] <= entry.tolerance
    row["peer_errors"], row["absent"] = usable_peers(path, feed, folder, options)
    models = {"aicc": artifact, "onnxruntime": path} | dict.fromkeys(row["peer_errors"], path)
    if row["peer_errors"]:
        subprocess.run([*command, "--quantize=bf16", f"-o{narrow}", "--quiet"], check=True)
        # Where nothing is narrowed, the program is the same.
        if narrow.stat().st_size < 0.99 * artifact.stat().st_size:
            models["aicc_bf16"] = narrow
    for threads in THREADS:
        with harness.Turns(models, threads, feed, python_path, options.peers) as turns:
            for engine, timing in turns.measure(options.rounds, options.batch).items():
                row[f"{engine}_{threads}t"] = dataclasses.asdict(timing)
    for file in pathlib.Path(folder).glob(f"{name}.*"):
        file.unlink()
    row["fma_gflops"] = json.loads(subprocess.check_output([peak]))["fma_gflops"]
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
        lines.append("")
        lines.append(
            f"{threads} thread{'s' * (threads > 1)}: geometric mean of the ratios {mean_of(ratios):.2f}, "
            f"worst {max(ratios):.2f}; {sum(r <= 1 for r in ratios)} of {len(ratios)} at least as fast."
        )
    return "\n".join(lines)


def lead(row, threads):
    """The time of the fastest fp32 peer over aicc's: above 1 aicc is faster."""
    fastest = ("onnxruntime", "openvino_f32", "ncnn")
    peers = [row[key]["median_us"] for key in (f"{p}_{threads}t" for p in fastest) if key in row]
    return min(peers) / row[f"aicc_{threads}t"]["median_us"]


def bf16_lead(row, threads):
    """The time of OpenVINO's default over that of --quantize=bf16; None where OpenVINO is absent."""
    if f"openvino_{threads}t" not in row:
        return None
    own = row.get(f"aicc_bf16_{threads}t", row[f"aicc_{threads}t"])
    return row[f"openvino_{threads}t"]["median_us"] / own["median_us"]


def rates(row, threads, peak):
    """GFLOP/s, and the share of the FMA peak of as many cores."""
    if not row.get("macs"):
        return "", ""
    gflops = 2e-3 * row["macs"] / row[f"aicc_{threads}t"]["median_us"]
    return f"{gflops:.1f}", f"{100 * gflops / peak / threads:.0f} %"


def mean_of(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def peer_table(rows):
    """The rows that were measured beside peers, and what is absent; "" without any."""
    rows = [row for row in rows if row.get("peer_errors") or row.get("absent")]
    if not rows:
        return ""
    peak = statistics.median(row["fma_gflops"] for row in rows)
    lines = [
        f"FMA peak of one thread between the models: median {peak:.1f} GFLOP/s, "
        f"{min(row['fma_gflops'] for row in rows):.1f} to {max(row['fma_gflops'] for row in rows):.1f}. "
        "GFLOP/s: two for each multiply-accumulate of the model's products, whatever is executed for them.",
        "",
        "| model | threads | aicc ms | GFLOP/s | of the peak | aicc bf16 ms | ORT ms | OpenVINO f32 ms (error) "
        "| OpenVINO ms (error) | ncnn ms (error) | IREE ms (error) | f32 peer / aicc | OpenVINO / aicc bf16 |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for n in THREADS:
            cells = [
                f"{ms(row, p, n)} ({row['peer_errors'][p]:.1e})" if p in row["peer_errors"] else "absent"
                for p in harness.PEERS
            ]
            own = [ms(row, "aicc", n), *rates(row, n, peak)]
            own.append(ms(row, "aicc_bf16", n) if f"aicc_bf16_{n}t" in row else "as f32")
            narrow = bf16_lead(row, n)
            times = " | ".join([*own, ms(row, "onnxruntime", n), *cells, f"{lead(row, n):.2f}"])
            lines.append(f"| {row['model']} | {n} | {times} | {f'{narrow:.2f}' if narrow else ''} |")
    for n in THREADS:
        leads = [lead(row, n) for row in rows]
        narrow = [ratio for row in rows if (ratio := bf16_lead(row, n))]
        below = ", ".join(row["model"] for row in rows if lead(row, n) < 1)
        lines += [
            "",
            f"{n} thread{'s' * (n > 1)}: fastest of ONNX Runtime, OpenVINO f32 and ncnn over aicc: geometric mean "
            f"{mean_of(leads):.2f}, least {min(leads):.2f}; below 1: {below or 'none'}. OpenVINO's default over "
            f"`--quantize=bf16`: geometric mean {mean_of(narrow):.2f}, least {min(narrow):.2f}.",
        ]
    for peer in harness.PEERS:
        absent = [f"{row['model']} ({row['absent'][peer]})" for row in rows if peer in row["absent"]]
        if absent:
            lines.append(f"\nAbsent, {peer}: {'; '.join(absent)}.")
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

Beside other peers: OpenVINO's f32 form is forced to f32, its default may compute in bf16 where the processor does;
ncnn gets f32 weights. Above 1 in the last two columns aicc is faster. Errors are relative to ONNX Runtime.

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
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--public", nargs="+", metavar=("FOLDER", "MANIFEST"))
    parser.add_argument("--rounds", type=int, default=5, help="turns of each engine")
    parser.add_argument("--batch", type=float, default=0.4, metavar="S", help="seconds of one turn")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--peers", type=pathlib.Path, metavar="PYTHON", help="has the packages of requirements.txt")
    parser.add_argument("--check", type=pathlib.Path, metavar="FILE", help="what --json wrote earlier")
    parser.add_argument(
        "--resume", type=pathlib.Path, metavar="FILE", help="what --json wrote of a run that was cut off"
    )
    options = parser.parse_args()
    rows = []
    known = {row["model"]: row for row in json.loads(options.resume.read_text())} if options.resume else {}
    with tempfile.TemporaryDirectory(prefix="aicc-bench-") as folder:
        peak = harness.build_peak(folder)
        for name, path, entry in subjects(options):
            print(f"{name} ...", file=sys.stderr, flush=True)
            rows.append(known.get(name) or compare(name, path, entry, folder, peak, options))
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    print(table(rows), peer_table(rows), sep="\n\n")
    slower = worse(rows, json.loads(options.check.read_text())) if options.check else []
    for line in slower:
        print(f"slower: {line}", file=sys.stderr)
    if options.write:
        public = " --public FOLDER MANIFEST ..." if options.public else ""
        write(rows, f"./dev bench --write --rounds {options.rounds} --batch {options.batch}{public}")
    return 1 if slower or any("error" in row or not row["agrees"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

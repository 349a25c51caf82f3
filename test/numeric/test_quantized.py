"""Quantised operators against integer arithmetic in numpy, bit by bit."""

import itertools
import math
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import pytest
from conftest import ROOT, tool
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import aicc  # isort: skip

F32 = np.float32
TYPES = {np.dtype(np.int8): TensorProto.INT8, np.dtype(np.uint8): TensorProto.UINT8}


# ------------------------------------------------------------------ the reference


def rounded(real, zero, dtype, low=None, high=None):
    """Half to even, then the zero point, then saturation; `real` is f32."""
    info = np.iinfo(dtype)
    y = np.rint(real.astype(F32)) + F32(zero)
    return np.clip(y, info.min if low is None else low, info.max if high is None else high).astype(dtype)


def requantized(sums, scales, zero, dtype, axis=0, low=None, high=None):
    assert sums.dtype == np.int32
    scales = np.asarray(scales, F32)
    if scales.size > 1:
        scales = scales.reshape([-1 if d == axis else 1 for d in range(sums.ndim)])
    return rounded(sums.astype(F32) * scales, zero, dtype, low, high)


def conv_sums(x, w, x_zero, w_zero, strides, pads, dilations, group):
    """sum((x - x_zero) * (w - w_zero)) over the taps, by loops over the taps; int32."""
    rank = x.ndim - 2
    x = x.astype(np.int64) - x_zero
    w = w.astype(np.int64) - np.asarray(w_zero, np.int64).reshape([-1] + [1] * (w.ndim - 1))
    x = np.pad(x, [(0, 0), (0, 0)] + [(pads[d], pads[rank + d]) for d in range(rank)])
    out = [(x.shape[2 + d] - (w.shape[2 + d] - 1) * dilations[d] - 1) // strides[d] + 1 for d in range(rank)]
    y = np.zeros([x.shape[0], w.shape[0], *out], np.int64)
    per_group = w.shape[0] // group
    for o in range(w.shape[0]):
        first = o // per_group * w.shape[1]
        for c in range(w.shape[1]):
            for tap in itertools.product(*map(range, w.shape[2:])):
                at = tuple(
                    slice(k * dilations[d], k * dilations[d] + (out[d] - 1) * strides[d] + 1, strides[d])
                    for d, k in enumerate(tap)
                )
                y[:, o] += x[(slice(None), first + c, *at)] * w[(o, c, *tap)]
    return y.astype(np.int32)


def fma(a, b, c):
    """a * b + c of f32 values, rounded once."""
    wide = a.astype(np.longdouble) * np.longdouble(b) + c.astype(np.longdouble)
    return wide.astype(F32)


# ------------------------------------------------------------------ models


class Builder:
    """A model of quantised nodes, put together one call at a time."""

    def __init__(self):
        self.nodes, self.inputs, self.initializers, self.feeds, self.count = [], [], [], {}, 0

    def name(self):
        self.count += 1
        return f"v{self.count}"

    def constant(self, value):
        name = self.name()
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def input(self, value):
        name = self.name()
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        self.inputs.append(helper.make_tensor_value_info(name, kind, value.shape))
        self.feeds[name] = value
        return name

    def node(self, op, *inputs, **attributes):
        name = self.name()
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def dequantize(self, value, scale, zero, dtype, axis=0):
        return self.node(
            "DequantizeLinear", value, self.constant(F32(scale)), self.constant(np.asarray(zero, dtype)), axis=axis
        )

    def quantize(self, value, scale, zero, dtype):
        return self.node("QuantizeLinear", value, self.constant(F32(scale)), self.constant(np.asarray(zero, dtype)))

    def model(self, *outputs):
        graph = helper.make_graph(
            self.nodes,
            "quantised",
            self.inputs,
            [onnx.ValueInfoProto(name=name) for name in outputs],
            self.initializers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        return onnx.shape_inference.infer_shapes(model)

    def run(self, *outputs, uses=None, tmp_path=None, **flags):
        """What the compiled model answers; its graph must hold the operators `uses`."""
        model = self.model(*outputs)
        if uses is not None:
            text = graph_of(model, tmp_path)
            for op in uses:
                assert f"qnn.{op} " in text, text
            left = {op for op in ("Conv", "MatMul", "Gemm", "QLinear", "Integer") if f"onnx.{op}" in text}
            assert not left, text
        results = aicc.compile(model, **flags).run(self.feeds)
        return [results[name] for name in outputs]


def graph_of(model, folder):
    onnx.save(model, folder / "m.onnx")
    done = subprocess.run(
        [tool("aicc"), str(folder / "m.onnx"), "--emit=graph", "-o-", "--quiet"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def random(rng, shape, dtype):
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


# ------------------------------------------------------------------ convolutions

CONVS = {
    "plain": dict(x=(1, 3, 9, 9), w=(8, 3, 3, 3)),
    "pointwise": dict(x=(2, 33, 5, 7), w=(20, 33, 1, 1)),
    "padded": dict(x=(1, 5, 8, 9), w=(7, 5, 3, 3), pads=(1, 2, 1, 0)),
    "strided": dict(x=(1, 4, 11, 10), w=(6, 4, 3, 5), pads=(1, 2, 1, 2), strides=(2, 3)),
    "dilated": dict(x=(1, 4, 12, 12), w=(6, 4, 3, 3), dilations=(2, 3), pads=(2, 3, 2, 3)),
    "grouped": dict(x=(1, 8, 6, 6), w=(12, 2, 3, 3), group=4, pads=(1, 1, 1, 1)),
    "many groups": dict(x=(1, 60, 9, 7), w=(60, 2, 3, 3), group=30, strides=(2, 1)),
    "depthwise": dict(x=(1, 24, 9, 9), w=(24, 1, 3, 3), group=24, pads=(1, 1, 1, 1), strides=(2, 2)),
    "multiplied": dict(x=(1, 6, 7, 7), w=(12, 1, 3, 3), group=6, pads=(1, 1, 1, 1)),
    "line": dict(x=(2, 5, 17), w=(9, 5, 4), pads=(3, 0), strides=(2,)),
    "volume": dict(x=(1, 3, 5, 6, 7), w=(4, 3, 2, 3, 3), pads=(1, 1, 1, 0, 1, 1)),
}
SIGNS = [(np.uint8, np.int8), (np.int8, np.int8), (np.uint8, np.uint8), (np.int8, np.uint8)]


class ConvCase:
    def __init__(self, name, x_type, w_type, per_channel, symmetric):
        spec = CONVS[name]
        rng = np.random.default_rng(len(name) * 8 + per_channel)
        rank = len(spec["x"]) - 2
        self.attributes = dict(
            strides=spec.get("strides", (1,) * rank),
            pads=spec.get("pads", (0,) * (2 * rank)),
            dilations=spec.get("dilations", (1,) * rank),
            group=spec.get("group", 1),
        )
        self.x, self.w = random(rng, spec["x"], x_type), random(rng, spec["w"], w_type)
        channels = spec["w"][0]
        self.bias = rng.integers(-5000, 5000, channels, np.int32)
        self.x_zero, self.x_scale = x_type(rng.integers(3, 100)), F32(0.037)
        middle = 128 if w_type == np.uint8 else 0
        if per_channel:
            self.w_scale = rng.uniform(0.001, 0.02, channels).astype(F32)
            zeros = np.full(channels, middle) if symmetric else middle + rng.integers(-5, 6, channels)
        else:
            self.w_scale, zeros = F32(0.0123), middle if symmetric else middle + 11
        self.w_zero = np.asarray(zeros, w_type)
        self.y_scale, self.y_zero = F32(0.51), x_type(17)

    def sums(self):
        zero = self.w_zero.astype(np.int64)
        with_bias = conv_sums(self.x, self.w, int(self.x_zero), zero, **self.attributes)
        return with_bias + self.bias.reshape([-1] + [1] * (self.x.ndim - 2))

    def want(self, **bounds):
        scale = self.x_scale * self.w_scale / self.y_scale
        return requantized(self.sums(), scale, self.y_zero, self.x.dtype, axis=1, **bounds)


@pytest.mark.parametrize("name", CONVS)
@pytest.mark.parametrize("x_type, w_type", SIGNS)
def test_qlinear_conv(name, x_type, w_type, tmp_path):
    for per_channel, symmetric in ((False, True), (False, False), (True, True), (True, False)):
        case, b = ConvCase(name, x_type, w_type, per_channel, symmetric), Builder()
        parameters = [case.x_scale, case.x_zero, case.w, case.w_scale, case.w_zero, case.y_scale, case.y_zero]
        constants = [b.constant(value) for value in [*parameters, case.bias]]
        y = b.node("QLinearConv", b.input(case.x), *constants, **case.attributes)
        (got,) = b.run(y, uses=["conv", "requantize"], tmp_path=tmp_path)
        np.testing.assert_array_equal(got, case.want())


@pytest.mark.parametrize("name", CONVS)
@pytest.mark.parametrize("activation", [None, "Relu", "Clip"])
def test_conv_between_quantisations(name, activation, tmp_path):
    case, b = ConvCase(name, np.uint8, np.int8, True, True), Builder()
    x = b.dequantize(b.input(case.x), case.x_scale, case.x_zero, np.uint8)
    w = b.dequantize(b.constant(case.w), case.w_scale, case.w_zero, np.int8)
    bias = b.dequantize(b.constant(case.bias), case.x_scale * case.w_scale, np.zeros_like(case.bias), np.int32)
    y, bounds = b.node("Conv", x, w, bias, **case.attributes), {}
    if activation == "Relu":
        y, bounds = b.node("Relu", y), dict(low=17)
    elif activation == "Clip":
        y = b.node("Clip", y, b.constant(F32(-2)), b.constant(F32(6)))
        bounds = dict(low=17 - 4, high=17 + 12)
    (got,) = b.run(b.quantize(y, case.y_scale, case.y_zero, np.uint8), uses=["conv", "requantize"], tmp_path=tmp_path)
    np.testing.assert_array_equal(got, case.want(**bounds))


# x, w (C x M/group x kernel), attributes of ConvTranspose.
TRANSPOSED = {
    "disjoint": (dict(x=(1, 6, 5, 4), w=(6, 7, 2, 2)), dict(strides=(2, 2))),
    "overlapping": (dict(x=(2, 3, 5, 6), w=(3, 4, 4, 4)), dict(strides=(2, 2), pads=(1, 1, 1, 1))),
    "uneven": (dict(x=(1, 5, 4, 7), w=(5, 3, 3, 5)), dict(strides=(2, 3), pads=(1, 0, 0, 2), output_padding=(1, 0))),
    "cropped": (dict(x=(1, 2, 6, 5), w=(2, 3, 3, 3)), dict(strides=(2, 2), pads=(3, 2, 4, 3))),
    "stride 1": (dict(x=(1, 4, 6, 6), w=(4, 5, 3, 3)), dict(pads=(1, 1, 1, 1))),
    "gaps": (dict(x=(1, 3, 4, 4), w=(3, 2, 1, 2)), dict(strides=(3, 3))),
    "grouped": (dict(x=(1, 6, 4, 5), w=(6, 4, 2, 3)), dict(strides=(2, 2), group=2)),
    "line": (dict(x=(1, 4, 9), w=(4, 3, 5)), dict(strides=(3,), pads=(2, 1))),
    "volume": (dict(x=(1, 2, 3, 2, 4), w=(2, 3, 2, 3, 2)), dict(strides=(2, 1, 2))),
    "same": (dict(x=(1, 3, 4, 4), w=(3, 2, 3, 3)), dict(strides=(2, 2), auto_pad="SAME_UPPER", output_shape=(8, 8))),
}


def transposed_sums(x, w, x_zero, w_zero, attributes):
    """Every product is added where ONNX says that it goes; int32."""
    rank, group = x.ndim - 2, attributes.get("group", 1)
    strides = attributes.get("strides", (1,) * rank)
    pads = attributes.get("pads", (0,) * (2 * rank))
    extra = attributes.get("output_padding", (0,) * rank)
    x = x.astype(np.int64) - x_zero
    w = w.astype(np.int64) - np.asarray(w_zero, np.int64).reshape([1, -1] + [1] * rank)
    whole = [strides[d] * (x.shape[2 + d] - 1) + w.shape[2 + d] + extra[d] for d in range(rank)]
    y = np.zeros([x.shape[0], w.shape[1] * group, *whole], np.int64)
    per_group = x.shape[1] // group
    for c in range(x.shape[1]):
        for m in range(w.shape[1]):
            for tap in itertools.product(*map(range, w.shape[2:])):
                at = tuple(slice(k, k + strides[d] * (x.shape[2 + d] - 1) + 1, strides[d]) for d, k in enumerate(tap))
                y[(slice(None), c // per_group * w.shape[1] + m, *at)] += x[:, c] * w[(c, m, *tap)]
    if "output_shape" in attributes:
        pads = []
        for d, size in enumerate(attributes["output_shape"]):
            pads.append((whole[d] - size) // 2)
        pads += [whole[d] - size - pads[d] for d, size in enumerate(attributes["output_shape"])]
    cut = tuple(slice(pads[d], whole[d] - pads[rank + d]) for d in range(rank))
    return y[(slice(None), slice(None), *cut)].astype(np.int32)


@pytest.mark.parametrize("name", TRANSPOSED)
@pytest.mark.parametrize("activation", [None, "Relu"])
@pytest.mark.parametrize("per_channel", [False, True])
def test_transposed_conv(name, activation, per_channel, tmp_path):
    shapes, attributes = TRANSPOSED[name]
    rng, b = np.random.default_rng(len(name)), Builder()
    x, w = random(rng, shapes["x"], np.uint8), random(rng, shapes["w"], np.int8)
    group = attributes.get("group", 1)
    channels = w.shape[1] * group
    x_scale, x_zero = F32(0.037), np.uint8(31)
    if per_channel:
        w_scale, w_zero = (
            rng.uniform(0.001, 0.02, w.shape[1]).astype(F32),
            rng.integers(-5, 6, w.shape[1]).astype(np.int8),
        )
    else:
        w_scale, w_zero = F32(0.0123), np.int8(3)
    scale = x_scale * np.broadcast_to(w_scale, w.shape[1:2])
    bias = rng.integers(-5000, 5000, channels, np.int32)
    real = b.dequantize(b.constant(bias), np.tile(scale, group), np.zeros(channels, np.int32), np.int32)
    y = b.node(
        "ConvTranspose",
        b.dequantize(b.input(x), x_scale, x_zero, np.uint8),
        b.dequantize(b.constant(w), w_scale, w_zero, np.int8, axis=1),
        real,
        **attributes,
    )
    low = None
    if activation:
        y, low = b.node(activation, y), 17
    y = b.quantize(y, F32(0.51), np.uint8(17), np.uint8)
    (got,) = b.run(y, uses=["conv", "requantize"], tmp_path=tmp_path)
    sums = transposed_sums(x, w, int(x_zero), w_zero, attributes) + bias.reshape([-1] + [1] * (x.ndim - 2))
    want = requantized(sums, np.tile(scale, group) / F32(0.51), 17, np.uint8, axis=1, low=low)
    np.testing.assert_array_equal(got, want)


def test_dilated_transposed_conv_stays(tmp_path):
    """There is no integer form of it: right all the same."""
    rng, b = np.random.default_rng(0), Builder()
    x, w = random(rng, (1, 3, 5, 5), np.uint8), random(rng, (3, 2, 2, 2), np.int8)
    y = b.node(
        "ConvTranspose",
        b.dequantize(b.input(x), F32(0.5), np.uint8(0), np.uint8),
        b.dequantize(b.constant(w), F32(0.5), np.int8(0), np.int8),
        dilations=(2, 2),
    )
    y = b.quantize(y, F32(64), np.uint8(100), np.uint8)
    assert "onnx.ConvTranspose" in graph_of(b.model(y), tmp_path)
    spread = np.zeros((3, 2, 3, 3), np.int8)
    spread[:, :, ::2, ::2] = w
    sums = transposed_sums(x, spread, 0, [0], {})
    (got,) = b.run(y)
    np.testing.assert_array_equal(got, requantized(sums, F32(0.25 / 64), 100, np.uint8))


def test_conv_of_calculated_weights(tmp_path):
    case, b = ConvCase("padded", np.uint8, np.uint8, False, False), Builder()
    parameters = [case.x_scale, case.x_zero, None, case.w_scale, case.w_zero, case.y_scale, case.y_zero, case.bias]
    constants = [b.input(case.w) if value is None else b.constant(value) for value in parameters]
    y = b.node("QLinearConv", b.input(case.x), *constants, **case.attributes)
    (got,) = b.run(y, uses=["conv"], tmp_path=tmp_path)
    np.testing.assert_array_equal(got, case.want())


def test_conv_without_quantisation_behind(tmp_path):
    case, b = ConvCase("padded", np.int8, np.int8, True, True), Builder()
    x = b.dequantize(b.input(case.x), case.x_scale, case.x_zero, np.int8)
    w = b.dequantize(b.constant(case.w), case.w_scale, case.w_zero, np.int8)
    bias = b.constant(case.bias.astype(F32) * (case.x_scale * case.w_scale))
    (got,) = b.run(b.node("Conv", x, w, bias, **case.attributes), uses=["conv"], tmp_path=tmp_path)
    scale = (case.x_scale * case.w_scale).reshape(1, -1, 1, 1)
    np.testing.assert_array_equal(got, case.sums().astype(F32) * scale)


@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [1, 2, 0, 1]], ids=["whole", "padded"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "i8"])
def test_conv_integer_with_a_calculated_zero_point(dtype, pads, tmp_path):
    """As ONNX Runtime's dynamic quantisation writes them: the padding is the zero point, too."""
    rng = np.random.default_rng(1)
    w = rng.integers(*(0, 256) if dtype == np.uint8 else (-128, 128), (6, 4, 3, 3)).astype(dtype)
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("ConvInteger", ["q", "w", "z", "wz"], ["y"], pads=pads),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 4, 9, 7])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, None)],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(np.array(5, dtype), "wz")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    x = rng.normal(size=(2, 4, 9, 7)).astype(np.float32)
    want = ReferenceEvaluator(model).run(None, {"x": x})[0]
    assert np.array_equal(aicc.compile(model)(x), want)


def test_conv_integer(tmp_path):
    case, b = ConvCase("strided", np.uint8, np.uint8, False, False), Builder()
    zeros = [b.constant(case.x_zero), b.constant(case.w_zero)]
    y = b.node("ConvInteger", b.input(case.x), b.constant(case.w), *zeros, **case.attributes)
    (got,) = b.run(y, uses=["conv"], tmp_path=tmp_path)
    np.testing.assert_array_equal(got, case.sums() - case.bias.reshape(-1, 1, 1))


def host_has(*features):
    found = pathlib.Path("/proc/cpuinfo").read_text().split() if sys.platform == "linux" else []
    return all(feature in found for feature in features)


def vectors_of_256_bits(folder):
    """A machine whose byte products are those of AVX-512, on vectors of half the size."""
    text = (ROOT / "targets/cpu/machines/x86_64_v3.yaml").read_text()
    path = folder / "half.yaml"
    path.write_text(text.replace("avxvnni", "avx512vnni").replace("x86_64_v3", "half"))
    return path


INSTRUCTIONS = {
    "none": ("avx2", dict(mcpu="x86-64-v3")),
    "AVX-512": ("avx512bw", dict(mcpu="x86-64-v4")),
    "AVX-512 VNNI": ("avx512_vnni", dict(mcpu="cascadelake")),
    "256 bits": ("avx512_vnni", dict(mcpu="cascadelake")),
}


@pytest.mark.parametrize(
    "name", ["plain", "pointwise", "strided", "dilated", "grouped", "many groups", "depthwise", "line"]
)
@pytest.mark.parametrize("x_type", [np.uint8, np.int8])
@pytest.mark.parametrize("instructions", INSTRUCTIONS)
def test_conv_whatever_the_instructions(name, x_type, instructions, tmp_path):
    feature, flags = INSTRUCTIONS[instructions]
    if not host_has(feature):
        pytest.skip(f"this processor has no {feature}")
    if instructions == "256 bits":
        flags = flags | dict(target=vectors_of_256_bits(tmp_path))
    case, b = ConvCase(name, x_type, np.int8, True, True), Builder()
    parameters = [case.x_scale, case.x_zero, case.w, case.w_scale, case.w_zero, case.y_scale, case.y_zero, case.bias]
    y = b.node("QLinearConv", b.input(case.x), *[b.constant(value) for value in parameters], **case.attributes)
    (got,) = b.run(y, uses=["conv", "requantize"], tmp_path=tmp_path, **flags)
    np.testing.assert_array_equal(got, case.want())


@pytest.mark.parametrize("channels", [3, 6, 16, 20])
@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_convolutions_in_a_row(channels, dtype):
    """Between two convolutions channels lie innermost, and rows of the window behind each other."""
    rng, b = np.random.default_rng(channels), Builder()
    x, info = random(rng, (1, 5, 12, 11), dtype), np.iinfo(dtype)
    zero, value, want = info.min + 100, b.input(x), x
    attributes = dict(strides=(1, 1), pads=(1, 1, 1, 1), dilations=(1, 1), group=1)
    for inputs, outputs, stride in ((5, channels, 1), (channels, channels, 2), (channels, 33, 1)):
        w = random(rng, (outputs, inputs, 3, 3), np.int8)
        scale, attributes["strides"] = F32(0.4 / inputs), (stride, stride)
        parameters = [F32(0.02), dtype(zero), w, scale, np.int8(0), F32(1), dtype(zero)]
        value = b.node("QLinearConv", value, *[b.constant(parameter) for parameter in parameters], **attributes)
        sums = conv_sums(want, w, zero, 0, **attributes)
        want = requantized(sums, F32(0.02) * scale / F32(1), zero, dtype)
        assert len(np.unique(want)) > 50
    (got,) = b.run(value)
    np.testing.assert_array_equal(got, want)


def test_instructions_that_the_processor_lacks_are_not_used(tmp_path):
    """A machine file may know more than the processor that is compiled for."""
    case, b = ConvCase("line", np.uint8, np.int8, True, True), Builder()
    values = [case.x_scale, case.x_zero, case.w, case.w_scale, case.w_zero, case.y_scale, case.y_zero, case.bias]
    y = b.node("QLinearConv", b.input(case.x), *[b.constant(value) for value in values], **case.attributes)
    onnx.save(b.model(y), tmp_path / "m.onnx")
    unknown = tmp_path / "unknown.yaml"
    unknown.write_text(vectors_of_256_bits(tmp_path).read_text().replace("avx512vnni", "avx2"))
    v4 = "cpu/x86_64_v4"
    for target, cpu, is_used in ((v4, "x86-64-v4", False), (v4, "cascadelake", True), (unknown, "cascadelake", False)):
        command = [tool("aicc"), str(tmp_path / "m.onnx"), f"--target={target}", f"--mcpu={cpu}", "--emit=asm"]
        done = subprocess.run([*command, "-o-", "--quiet"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert ("vpdpbusd" in done.stdout) == is_used


# ------------------------------------------------------------------ matrices

PRODUCTS = {
    "matrix": ((5, 70), (70, 33), True),
    "row": ((1, 128), (128, 10), True),
    "rows of a stack": ((2, 7, 40), (40, 24), True),
    "stack": ((2, 3, 5, 16), (2, 3, 16, 9), False),
    "broadcast": ((4, 1, 5, 16), (3, 16, 9), False),
    "constant stack": ((3, 5, 16), (3, 16, 9), True),
}


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("a_type, b_type", SIGNS)
@pytest.mark.parametrize("form", ["QLinearMatMul", "MatMul"])
def test_matmul(name, a_type, b_type, form, tmp_path):
    a_shape, b_shape, is_constant = PRODUCTS[name]
    rng, m = np.random.default_rng(3), Builder()
    a, b = random(rng, a_shape, a_type), random(rng, b_shape, b_type)
    per_column = len(b_shape) == 2
    a_zero, b_zero = a_type(9), (rng.integers(0, 7, b_shape[-1]) if per_column else np.int64(5)).astype(b_type)
    a_scale, y_scale, y_zero = F32(0.02), F32(1.7), a_type(21)
    b_scale = rng.uniform(0.01, 0.03, b_shape[-1] if per_column else ()).astype(F32)
    right = m.constant(b) if is_constant else m.input(b)
    if form == "MatMul":
        left = m.dequantize(m.input(a), a_scale, a_zero, a_type)
        right = m.dequantize(right, b_scale, b_zero, b_type, axis=len(b_shape) - 1)
        y = m.quantize(m.node("MatMul", left, right), y_scale, y_zero, a_type)
    else:
        values = [a_scale, a_zero, None, b_scale, b_zero, y_scale, y_zero]
        y = m.node(form, m.input(a), *[right if value is None else m.constant(value) for value in values])
    (got,) = m.run(y, uses=["matmul", "requantize"], tmp_path=tmp_path)
    sums = np.matmul(a.astype(np.int64) - int(a_zero), b.astype(np.int64) - b_zero.astype(np.int64))
    want = requantized(sums.astype(np.int32), a_scale * b_scale / y_scale, y_zero, a_type, axis=sums.ndim - 1)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("transposed", [(0, 0), (0, 1), (1, 1)])
def test_gemm(transposed, tmp_path):
    rng, m = np.random.default_rng(4), Builder()
    a, b = random(rng, (6, 50), np.uint8), random(rng, (50, 19), np.int8)
    b_scale = rng.uniform(0.01, 0.03, 19).astype(F32)
    bias = rng.integers(-3000, 3000, 19, np.int32)
    left = m.dequantize(m.input(np.ascontiguousarray(a.T) if transposed[0] else a), 0.02, 100, np.uint8)
    right = m.constant(np.ascontiguousarray(b.T) if transposed[1] else b)
    right = m.dequantize(right, b_scale, np.zeros(19), np.int8, axis=0 if transposed[1] else 1)
    c = m.dequantize(m.constant(bias), F32(0.02) * b_scale, np.zeros(19), np.int32)
    y = m.node("Gemm", left, right, c, transA=transposed[0], transB=transposed[1])
    (got,) = m.run(m.quantize(y, 0.9, -3, np.int8), uses=["matmul", "requantize"], tmp_path=tmp_path)
    sums = (a.astype(np.int32) - 100) @ b.astype(np.int32) + bias
    np.testing.assert_array_equal(got, requantized(sums, F32(0.02) * b_scale / F32(0.9), -3, np.int8, axis=1))


@pytest.mark.parametrize("is_calculated", [False, True])
def test_matmul_integer(is_calculated, tmp_path):
    rng, m = np.random.default_rng(5), Builder()
    a, b = random(rng, (7, 60), np.uint8), random(rng, (60, 20), np.uint8)
    b_zero = rng.integers(100, 150, 20).astype(np.uint8)
    zero = np.asarray(77, np.uint8)
    a_zero = m.input(zero) if is_calculated else m.constant(zero)
    y = m.node("MatMulInteger", m.input(a), m.constant(b), a_zero, m.constant(b_zero))
    (got,) = m.run(y, uses=["matmul"], tmp_path=tmp_path)
    np.testing.assert_array_equal(got, (a.astype(np.int32) - 77) @ (b.astype(np.int32) - b_zero.astype(np.int32)))


# ------------------------------------------------------------------ elements


@pytest.mark.parametrize("shapes", [((1, 6, 5, 5), (1, 6, 5, 5)), ((2, 9, 33), (33,)), ((1, 8, 4, 4), (1, 8, 1, 1))])
@pytest.mark.parametrize("relu", [False, True])
def test_add(shapes, relu, tmp_path):
    rng, m = np.random.default_rng(6), Builder()
    a, b = random(rng, shapes[0], np.int8), random(rng, shapes[1], np.uint8)
    left = m.dequantize(m.input(a), 0.043, -7, np.int8)
    right = m.dequantize(m.input(b), 0.0191, 130, np.uint8)
    y = m.node("Add", left, right)
    (got,) = m.run(m.quantize(m.node("Relu", y) if relu else y, 0.05, 4, np.int8), uses=["add"], tmp_path=tmp_path)
    p = a.astype(np.int32) + 7
    q = (b.astype(np.int32) - 130).astype(F32) * (F32(0.0191) / F32(0.05))
    want = rounded(fma(p.astype(F32), F32(0.043) / F32(0.05), q), 4, np.int8, low=4 if relu else None)
    np.testing.assert_array_equal(got, want)


def test_mul(tmp_path):
    rng, m = np.random.default_rng(7), Builder()
    a, b = random(rng, (1, 16, 5, 5), np.uint8), random(rng, (1, 16, 1, 1), np.uint8)
    y = m.node("Mul", m.dequantize(m.input(a), 0.03, 12, np.uint8), m.dequantize(m.input(b), 0.004, 0, np.uint8))
    (got,) = m.run(m.quantize(y, 0.02, 30, np.uint8), uses=["mul", "requantize"], tmp_path=tmp_path)
    sums = (a.astype(np.int32) - 12) * b.astype(np.int32)
    np.testing.assert_array_equal(got, requantized(sums, F32(0.03) * F32(0.004) / F32(0.02), 30, np.uint8))


ACTIVATIONS = {
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Tanh": np.tanh,
    "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "HardSigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "Elu": lambda x: np.where(x < 0, np.expm1(x), x),
    "Gelu": lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "Softplus": lambda x: np.log1p(np.exp(x)),
    "Abs": np.abs,
    "Relu": lambda x: np.maximum(x, 0),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_lookup(name, dtype, tmp_path):
    """All 256 values: what the floats give, where those are not at the edge between two steps."""
    m, info = Builder(), np.iinfo(dtype)
    x = np.arange(info.min, info.max + 1, dtype=np.int64).astype(dtype).reshape(4, 64)
    y = m.node(name, m.dequantize(m.input(x), 0.05, info.min + 100, dtype))
    (got,) = m.run(m.quantize(y, 0.031, info.min + 90, dtype), uses=["lookup"], tmp_path=tmp_path)
    real = (x.astype(np.float64) - (info.min + 100)) * np.float64(F32(0.05))
    steps = ACTIVATIONS[name](real) / np.float64(F32(0.031))
    sure = np.abs(np.abs(steps - np.floor(steps)) - 0.5) > 1e-4
    assert sure.sum() > 200
    want = np.clip(np.rint(steps) + info.min + 90, info.min, info.max).astype(dtype)
    np.testing.assert_array_equal(got[sure], want[sure])


def test_lookup_of_an_expression(tmp_path):
    """x * sigmoid(x) + 1: all of it one table."""
    m = Builder()
    q = np.arange(-128, 128, dtype=np.int64).astype(np.int8)
    x = m.dequantize(m.input(q), 0.04, 3, np.int8)
    y = m.node("Add", m.node("Mul", x, m.node("Sigmoid", x)), m.constant(np.ones((1,), F32)))
    model = m.model(m.quantize(y, 0.05, -20, np.int8))
    text = graph_of(model, tmp_path)
    assert text.count("qnn.lookup") == 1 and "onnx.Mul" not in text
    (got,) = aicc.compile(model).run(m.feeds).values()
    real = (q.astype(np.float64) - 3) * 0.04
    np.testing.assert_allclose(got, np.clip(np.rint((real / (1 + np.exp(-real)) + 1) / 0.05) - 20, -128, 127), atol=1)


def test_relu_on_the_same_scale_is_a_maximum(tmp_path):
    m = Builder()
    q = np.arange(-128, 128, dtype=np.int64).astype(np.int8)
    y = m.node("Relu", m.dequantize(m.input(q), 0.04, -5, np.int8))
    (got,) = m.run(m.quantize(y, 0.04, -5, np.int8), tmp_path=tmp_path)
    np.testing.assert_array_equal(got, np.maximum(q, -5))


# ------------------------------------------------------------------ pools and moves


@pytest.mark.parametrize("form", ["AveragePool", "GlobalAveragePool", "ReduceMean"])
def test_average(form, tmp_path):
    rng, m = np.random.default_rng(8), Builder()
    x = random(rng, (2, 20, 8, 8), np.uint8)
    real = m.dequantize(m.input(x), 0.02, 31, np.uint8)
    centred = x.astype(np.int32) - 31
    if form == "AveragePool":
        y = m.node(form, real, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
        padded = np.pad(centred, [(0, 0), (0, 0), (1, 1), (1, 1)])
        sums = sum(padded[:, :, i : i + 7 : 2, j : j + 7 : 2] for i in range(3) for j in range(3))
        size = 9
    else:
        axes = [m.constant(np.asarray([2, 3]))] if form == "ReduceMean" else []
        y = m.node(form, real, *axes, **(dict(keepdims=0) if axes else {}))
        sums, size = centred.sum((2, 3), dtype=np.int32, keepdims=not axes), 64
    (got,) = m.run(m.quantize(y, 0.013, 2, np.uint8), uses=["sum_pool", "requantize"], tmp_path=tmp_path)
    scale = F32(np.float64(F32(0.02)) / size) / F32(0.013)
    np.testing.assert_array_equal(got, requantized(sums.astype(np.int32), scale, 2, np.uint8))


def test_moves_are_exact(tmp_path):
    """Reshape, Transpose, Slice, MaxPool, Pad, Concat between one scale: bytes move, nothing is rounded."""
    rng, m = np.random.default_rng(9), Builder()
    x, other = random(rng, (1, 6, 8, 8), np.int8), random(rng, (1, 16, 6), np.int8)
    y = m.dequantize(m.input(x), 0.02, 5, np.int8)
    y = m.node("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
    y = m.node("Pad", y, m.constant(np.asarray([0, 0, 1, 1, 0, 0, 1, 1])))
    y = m.node("Slice", y, *[m.constant(np.asarray(v)) for v in ([1, 1], [5, 5], [2, 3])])
    y = m.node("Reshape", y, m.constant(np.asarray([1, 6, 16])))
    y = m.node("Transpose", y, perm=[0, 2, 1])
    y = m.node("Concat", y, m.dequantize(m.input(other), 0.02, 5, np.int8), axis=2)
    out = m.quantize(y, 0.02, 5, np.int8)
    text = graph_of(m.model(out), tmp_path)
    assert "Linear" not in text, text
    (got,) = m.run(out)
    pooled = x.reshape(1, 6, 4, 2, 4, 2).max((3, 5))
    sliced = np.pad(pooled, [(0, 0), (0, 0), (1, 1), (1, 1)], constant_values=5)[:, :, 1:5, 1:5]
    want = np.concatenate([sliced.reshape(1, 6, 16).transpose(0, 2, 1), other], 2)
    np.testing.assert_array_equal(got, want)


def test_concat_of_different_scales(tmp_path):
    rng, m = np.random.default_rng(10), Builder()
    parts, scales, zeros = [random(rng, (1, 4, 5), np.uint8) for _ in range(3)], [0.02, 0.035, 0.05], [0, 128, 30]
    reals = [m.dequantize(m.input(p), s, z, np.uint8) for p, s, z in zip(parts, scales, zeros)]
    y = m.quantize(m.node("Concat", *reals, axis=1), 0.035, 128, np.uint8)
    (got,) = m.run(y, uses=["lookup"], tmp_path=tmp_path)
    want = [
        rounded((p.astype(np.int32) - z).astype(F32) * F32(s) / F32(0.035), 128, np.uint8)
        for p, s, z in zip(parts, scales, zeros)
    ]
    np.testing.assert_array_equal(got, np.concatenate(want, 1))


def test_one_scale_in_a_vector(tmp_path):
    """Quantisers write the scale of a whole tensor as (1), and its zero point as a scalar."""
    m, q = Builder(), np.arange(-128, 128, dtype=np.int64).astype(np.int8)
    y = m.node("DequantizeLinear", m.input(q), m.constant(np.asarray([0.5], F32)), m.constant(np.asarray(3, np.int8)))
    (got,) = m.run(y)
    np.testing.assert_array_equal(got, (q.astype(F32) - 3) / 2)


# ------------------------------------------------------------------ what stays


def test_weights_alone_stay_floats(tmp_path):
    rng, m = np.random.default_rng(11), Builder()
    w = m.dequantize(m.constant(random(rng, (16, 8), np.int8)), 0.02, 0, np.int8)
    model = m.model(m.node("MatMul", m.input(rng.standard_normal((4, 16)).astype(F32)), w))
    assert "qnn." not in graph_of(model, tmp_path)


def test_calculated_scales_stay_floats(tmp_path):
    case, m = ConvCase("padded", np.uint8, np.int8, False, True), Builder()
    values = [None, case.x_zero, case.w, case.w_scale, case.w_zero, case.y_scale, case.y_zero, case.bias]
    rest = [m.input(np.asarray(case.x_scale)) if value is None else m.constant(value) for value in values]
    y = m.node("QLinearConv", m.input(case.x), *rest, **case.attributes)
    model = m.model(y)
    assert "qnn." not in graph_of(model, tmp_path)
    (got,) = aicc.compile(model).run(m.feeds).values()
    np.testing.assert_array_equal(got, case.want())


def test_strict_floats_keep_the_roundings(tmp_path):
    case, b = ConvCase("padded", np.uint8, np.int8, True, True), Builder()
    x = b.dequantize(b.input(case.x), case.x_scale, case.x_zero, np.uint8)
    w = b.dequantize(b.constant(case.w), case.w_scale, case.w_zero, np.int8)
    y = b.quantize(b.node("Conv", x, w, **case.attributes), case.y_scale, case.y_zero, np.uint8)
    onnx.save(b.model(y), tmp_path / "m.onnx")
    done = subprocess.run(
        [tool("aicc"), str(tmp_path / "m.onnx"), "--emit=graph", "-o-", "--quiet", "--strict-fp"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "onnx.Conv" in done.stdout and "qnn." not in done.stdout

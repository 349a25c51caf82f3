"""Operators of com.microsoft, which become operators of ONNX, against ONNX Runtime."""

import numpy as np
import pytest
from conftest import ROOT  # noqa: F401 (puts the package on the path)
from onnx import helper, numpy_helper

import aicc  # isort: skip

ort = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
rng = np.random.default_rng(7)


def f(*shape):
    return rng.normal(size=shape).astype(np.float32)


def u8(*shape):
    return rng.integers(0, 256, shape).astype(np.uint8)


def i8(*shape):
    return rng.integers(-128, 128, shape).astype(np.int8)


def scale(value):
    return np.array(value, np.float32)


def const(value):
    """A constant of the model, the others are its inputs."""
    return ("constant", value)


ZU, ZI = np.array(113, np.uint8), np.array(-7, np.int8)
PAIR = [u8(2, 5), scale(0.02), ZU, u8(2, 5), scale(0.03), np.array(120, np.uint8), scale(0.05), np.array(99, np.uint8)]
PAIR_I8 = [i8(3, 4), scale(0.02), ZI, i8(3, 4), scale(0.03), ZI, scale(0.04), np.array(5, np.int8)]
ONE = [u8(1, 3, 6, 6), scale(0.03), ZU, scale(0.02), np.array(10, np.uint8)]
QGEMM = [u8(4, 6), scale(0.02), ZU, i8(6, 5), scale(0.01), np.array(3, np.int8)]
EMBED = [
    rng.integers(0, 20, (2, 4)).astype(np.int32),
    rng.integers(0, 2, (2, 4)).astype(np.int32),
    f(20, 8),
    f(10, 8),
    f(2, 8),
    f(8),
    f(8),
]
ROTARY = [f(2, 3, 8), rng.integers(0, 6, (2, 3)), f(10, 2), f(10, 2)]

LENGTHS, MASK = np.array([3, 2], np.int32), np.array([[1, 1, 0, 1], [1, 0, 0, 0]], np.int32)
QATTENTION = [u8(2, 4, 8), const(i8(8, 24)), f(24), scale(0.01), scale(0.01), None, ZU, np.array(0, np.int8)]
NBITS = {"bits": 4, "K": 40, "N": 6, "block_size": 16}

# Operator, inputs (None is left out), attributes, outputs that are compared.
CASES = [
    ("Gelu", [f(3, 5)], {}, 1),
    ("BiasGelu", [f(3, 5), f(5)], {}, 1),
    ("FastGelu", [f(3, 5), f(5)], {}, 1),
    ("FastGelu", [f(3, 5)], {}, 1),
    ("QuickGelu", [f(3, 5)], {}, 1),
    ("QuickGelu", [f(3, 5)], {"alpha": 1.0}, 1),
    ("FusedMatMul", [f(2, 3, 4), f(2, 4, 5)], {"alpha": 0.5}, 1),
    ("FusedMatMul", [f(2, 4, 3), f(2, 5, 4)], {"transA": 1, "transB": 1}, 1),
    ("FusedGemm", [f(3, 4), f(4, 5), f(5)], {"activation": "Relu"}, 1),
    ("FusedGemm", [f(4, 3), f(5, 4), None], {"activation": "Tanh", "transA": 1, "transB": 1, "alpha": 0.5}, 1),
    ("FusedGemm", [f(3, 4), f(4, 5), f(5)], {"activation": "LeakyRelu", "activation_alpha": 0.2}, 1),
    ("FusedConv", [f(1, 3, 8, 8), const(f(4, 3, 3, 3)), const(f(4))], {"activation": "Relu", "pads": [1, 1, 1, 1]}, 1),
    (
        "FusedConv",
        [f(1, 4, 8, 8), const(f(4, 2, 3, 3)), const(f(4)), f(1, 4, 3, 3)],
        {"activation": "Clip", "activation_params": [0.0, 1.0], "group": 2, "strides": [2, 2]},
        1,
    ),
    ("SkipLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8), f(8), f(8)], {"epsilon": 1e-5}, 1),
    ("SkipLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8)], {"epsilon": 1e-5}, 4),
    ("SkipSimplifiedLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8)], {"epsilon": 1e-6}, 4),
    ("SkipSimplifiedLayerNormalization", [f(2, 3, 8), f(2, 3, 8), f(8), f(8)], {"epsilon": 1e-6}, 1),
    ("EmbedLayerNormalization", EMBED, {"epsilon": 1e-6}, 2),
    ("EmbedLayerNormalization", [*EMBED, np.array([[1, 1, 1, 0], [1, 1, 0, 0]], np.int32)], {"epsilon": 1e-6}, 2),
    ("EmbedLayerNormalization", [EMBED[0], None, EMBED[2], EMBED[3], None, f(8), f(8)], {"epsilon": 1e-6}, 2),
    ("RotaryEmbedding", ROTARY, {}, 1),
    ("RotaryEmbedding", [f(2, 2, 3, 4), np.array([3]), *ROTARY[2:]], {}, 1),
    ("RotaryEmbedding", ROTARY, {"interleaved": 1, "num_heads": 2}, 1),
    ("Attention", [f(2, 4, 8), const(f(8, 24)), const(f(24))], {"num_heads": 2}, 1),
    ("Attention", [f(2, 4, 8), const(f(8, 24)), const(f(24))], {"num_heads": 4, "unidirectional": 1, "scale": 0.3}, 1),
    ("Attention", [f(2, 4, 8), const(f(8, 24)), const(f(24)), None, None, f(2, 2, 4, 4)], {"num_heads": 2}, 1),
    ("Attention", [f(2, 4, 8), const(f(8, 24)), const(f(24)), LENGTHS], {"num_heads": 2}, 1),
    ("Attention", [f(2, 4, 8), const(f(8, 24)), const(f(24)), MASK, None, f(2, 2, 4, 4)], {"num_heads": 2}, 1),
    ("MultiHeadAttention", [f(2, 4, 8), f(2, 5, 8), f(2, 5, 8)], {"num_heads": 2}, 1),
    ("MultiHeadAttention", [f(2, 4, 8), f(2, 4, 8), f(2, 4, 8), None, MASK], {"num_heads": 2}, 1),
    ("MultiHeadAttention", [f(2, 4, 8), f(2, 5, 8), f(2, 5, 6), const(f(22))], {"num_heads": 2, "scale": 0.4}, 1),
    ("QAttention", QATTENTION, {"num_heads": 2}, 1),
    ("QAttention", [*QATTENTION[:5], MASK, *QATTENTION[6:]], {"num_heads": 4, "unidirectional": 1}, 1),
    ("QLinearAdd", PAIR, {}, 1),
    ("QLinearAdd", PAIR_I8, {}, 1),
    ("QLinearMul", PAIR, {}, 1),
    ("QLinearMul", PAIR_I8, {}, 1),
    ("QLinearSigmoid", ONE[:3] + [scale(1 / 256), np.array(0, np.uint8)], {}, 1),
    ("QLinearLeakyRelu", ONE, {"alpha": 0.1}, 1),
    ("QLinearSoftmax", ONE[:3] + [scale(1 / 256), np.array(0, np.uint8)], {"axis": -1, "opset": 13}, 1),
    ("QLinearAveragePool", ONE, {"kernel_shape": [2, 2], "strides": [2, 2]}, 1),
    ("QLinearGlobalAveragePool", ONE, {"channels_last": 0}, 1),
    ("QLinearWhere", [f(2, 5) > 0, u8(2, 5), scale(0.02), ZU, u8(2, 5), scale(0.02), ZU, scale(0.02), ZU], {}, 1),
    ("MatMulIntegerToFloat", [u8(3, 4), u8(4, 5), scale(0.02), scale(0.01), ZU, np.array(7, np.uint8), f(5)], {}, 1),
    ("MatMulIntegerToFloat", [u8(3, 4), i8(4, 5), scale(0.02), f(5) ** 2], {}, 1),
    ("DynamicQuantizeMatMul", [f(3, 4), const(i8(4, 5)), scale(0.01), np.array(3, np.int8), f(5)], {}, 1),
    ("DynamicQuantizeMatMul", [f(2, 3, 4), const(u8(4, 5)), scale(0.01)], {}, 1),
    ("MatMulNBits", [f(2, 40), const(u8(6, 3, 8)), const(f(18) ** 2)], NBITS, 1),
    ("MatMulNBits", [f(2, 40), const(u8(6, 3, 8)), const(f(18) ** 2), const(u8(12))], NBITS, 1),
    (
        "MatMulNBits",
        [f(3, 2, 32), const(u8(6, 1, 32)), const(f(6) ** 2)],
        {**NBITS, "bits": 8, "K": 32, "block_size": 32},
        1,
    ),
    ("QGemm", [*QGEMM, rng.integers(-99, 99, 5).astype(np.int32), scale(0.5), np.array(100, np.uint8)], {}, 1),
    ("QGemm", [*QGEMM], {"alpha": 0.5}, 1),
    ("QGemm", [u8(6, 4), *QGEMM[1:3], i8(5, 6), *QGEMM[4:]], {"transA": 1, "transB": 1}, 1),
]


def model_of(op, inputs, attributes, outputs):
    names, constants, given = [], [], {}
    for i, value in enumerate(inputs):
        names.append("" if value is None else f"i{i}")
        if value is None:
            continue
        if isinstance(value, tuple):
            constants.append(numpy_helper.from_array(value[1], f"i{i}"))
        elif value.ndim == 0:
            constants.append(numpy_helper.from_array(value, f"i{i}"))
        else:
            given[f"i{i}"] = value
    results = [f"o{i}" for i in range(outputs)]
    if op.startswith("Skip") and outputs == 4:
        results[1:3] = ["", ""]
    graph = helper.make_graph(
        [helper.make_node(op, names, results, domain="com.microsoft", **attributes)],
        "g",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
            for name, value in given.items()
        ],
        [helper.make_empty_tensor_value_info(name) for name in results if name],
        constants,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8), given


@pytest.mark.parametrize("op, inputs, attributes, outputs", CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_contrib(op, inputs, attributes, outputs):
    model, given = model_of(op, inputs, attributes, outputs)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    wanted = session.run(names, given)
    got = aicc.compile(model).run(given)
    for name, want in zip(names, wanted):
        assert got[name].dtype == want.dtype
        if want.dtype in (np.uint8, np.int8):
            # ONNX Runtime multiplies by the quotient of scales, rounded: one step where it is near the middle.
            assert np.abs(got[name].astype(int) - want.astype(int)).max() <= 1
        else:
            np.testing.assert_allclose(got[name], want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("zero", [0, 3])
@pytest.mark.parametrize("direction, count", [("forward", 1), ("bidirectional", 2)])
def test_dynamic_quantize_lstm(direction, count, zero):
    """Up to the rounding of the state in each step, which is left out."""
    local = np.random.default_rng(3)
    steps, inputs, hidden = 6, 10, 8

    def weights(rows):
        value = local.integers(-100, 101, (count, rows, 4 * hidden))
        return const(value.astype(np.int8))

    scales, zero = const(np.full(count, 0.005, np.float32)), const(np.full(count, zero, np.int8))
    bias = const(local.normal(size=(count, 8 * hidden)).astype(np.float32))
    x = local.normal(size=(steps, 2, inputs)).astype(np.float32)
    given = [x, weights(inputs), weights(hidden), bias, None, None, None, None, scales, zero, scales, zero]
    model, feeds = model_of("DynamicQuantizeLSTM", given, {"hidden_size": hidden, "direction": direction}, 3)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    got = aicc.compile(model).run(feeds)
    for name, want in zip(("o0", "o1", "o2"), session.run(None, feeds)):
        assert got[name].shape == want.shape
        np.testing.assert_allclose(got[name], want, atol=0.02)


def test_what_is_not_compiled_is_named():
    model, _ = model_of("FusedGemm", [f(3, 4), f(4, 5), f(5)], {"activation": "Mish"}, 1)
    with pytest.raises(aicc.CompileError, match="activation 'Mish' is not compiled"):
        aicc.compile(model)


@pytest.mark.parametrize(
    "op, inputs, attributes, outputs, what",
    [
        ("RotaryEmbedding", [*ROTARY[:2], f(10, 0), f(10, 0)], {}, 1, "has no columns"),
        ("RotaryEmbedding", ROTARY, {"scale": 2.0}, 1, "attribute 'scale'"),
        ("SkipSimplifiedLayerNormalization", [f(2, 8), f(2, 8), f(8)], {}, 2, "output 'mean'"),
    ],
)
def test_what_would_be_wrong_is_refused(op, inputs, attributes, outputs, what):
    model, _ = model_of(op, inputs, attributes, outputs)
    with pytest.raises(aicc.CompileError, match=what):
        aicc.compile(model)


def test_a_type_is_refused_by_the_body():
    model, _ = model_of("BiasGelu", [f(3, 4), u8(4)], {}, 1)
    with pytest.raises(aicc.CompileError, match=r"node '#0/S' \(Add.*they must have one type"):
        aicc.compile(model)

"""Results that lie across the lanes of the vectors in which they are computed, against numpy."""

import itertools
import os

import numpy
import onnx
import pytest
from onnx import helper, numpy_helper

aicc = pytest.importorskip("aicc")


def host_levels():
    """The instruction sets of the host, least first."""
    with open("/proc/cpuinfo") as file:
        flags = next((line for line in file if line.startswith("flags")), "").split()
    levels = {"x86-64-v2": "sse4_2", "x86-64-v3": "avx2", "x86-64-v4": "avx512vl"}
    return [level for level, flag in levels.items() if flag in flags] or ["native"]


LEVELS = host_levels() if os.path.exists("/proc/cpuinfo") else ["native"]


def model(nodes, x, y, dtype, weights=()):
    kind = helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", kind, x)],
        [helper.make_tensor_value_info("y", kind, y)],
        [numpy_helper.from_array(array, name) for name, array in weights],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def noise(shape, dtype):
    values = numpy.random.default_rng(7).standard_normal(shape) * 50
    return values.astype(dtype)


# Rows fewer than, as many as, and more than the lanes; whole blocks and remainders.
SHAPES = [(2, 16), (3, 33), (7, 50), (8, 64), (14, 15), (16, 16), (17, 31), (40, 24), (64, 128)]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64"])
def test_transposes_are_exact(level, dtype):
    nodes, outputs, inputs, want = [], [], {}, {}
    for number, (rows, cols) in enumerate(SHAPES):
        x, y = f"x{number}", f"y{number}"
        inputs[x] = noise((2, rows, cols), dtype)
        want[y] = inputs[x].transpose(0, 2, 1) + inputs[x].transpose(0, 2, 1)
        kind = helper.np_dtype_to_tensor_dtype(numpy.dtype(dtype))
        outputs.append(
            (
                helper.make_tensor_value_info(x, kind, [2, rows, cols]),
                helper.make_tensor_value_info(y, kind, [2, cols, rows]),
            )
        )
        nodes.append(helper.make_node("Add", [x, x], [f"s{number}"]))
        nodes.append(helper.make_node("Transpose", [f"s{number}"], [y], perm=[0, 2, 1]))
    graph = helper.make_graph(nodes, "g", [x for x, _ in outputs], [y for _, y in outputs])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    got = aicc.compile(proto, mcpu=level, threads=1).run(inputs)
    for name, array in want.items():
        numpy.testing.assert_array_equal(got[name], array, err_msg=name)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("channels,size,stride", [(8, 7, 1), (24, 10, 2), (64, 14, 1), (128, 9, 1), (512, 14, 1)])
def test_depthwise_between_channels_first(level, channels, size, stride):
    """Two depthwise convolutions: the first is read, the second written with channels first; images whose
    pixels fall on the same places of a cache have a gap after each pixel."""
    rng = numpy.random.default_rng(3)
    nodes, weights, names = [], [], ["x", "t", "y"]
    for i, step in enumerate((1, stride)):
        weights.append((f"w{i}", rng.standard_normal((channels, 1, 3, 3)).astype("f4")))
        nodes.append(
            helper.make_node(
                "Conv", [names[i], f"w{i}"], [names[i + 1]], group=channels, pads=[1] * 4, strides=[step] * 2
            )
        )
    x = rng.standard_normal((1, channels, size, size)).astype("f4")
    want = x
    for (_, w), step in zip(weights, (1, stride)):
        padded = numpy.pad(want, [(0, 0), (0, 0), (1, 1), (1, 1)])
        n = want.shape[-1]
        want = sum(
            padded[:, :, i : i + n, j : j + n] * w[:, 0, i, j].reshape(-1, 1, 1)
            for i, j in itertools.product(range(3), repeat=2)
        )
        want = want[:, :, ::step, ::step]
    proto = model(nodes, list(x.shape), list(want.shape), "float32", weights)
    onnx.checker.check_model(proto)
    got = aicc.compile(proto, mcpu=level, threads=1)(x)
    numpy.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)

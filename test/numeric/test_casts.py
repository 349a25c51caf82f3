"""Casts of doubles to half precision, which no processor does in one instruction, against numpy."""

import numpy as np
import pytest
from conftest import ROOT  # noqa: F401 (puts the package on the path)
from onnx import TensorProto, helper

import aicc  # isort: skip


def doubles():
    """Values between neighbouring halves, on and just beside the middle, and those at the ends."""
    halves = np.random.default_rng(1).integers(0, 0x7C00, 500).astype(np.uint16).view(np.float16).astype(np.float64)
    above = np.nextafter(halves.astype(np.float16), np.float16(np.inf)).astype(np.float64)
    above[np.isinf(above)] = 65536
    middle = (halves + above) / 2
    beside = [middle, np.nextafter(middle, 0), np.nextafter(middle, np.inf), halves, middle * (1 + 2**-40)]
    ends = [0.0, -0.0, np.inf, np.nan, 65519.99, 65520, 1e-300, 1e300, 5e-324, 2**-25, np.nextafter(2**-25, 1)]
    values = np.concatenate([*beside, ends])
    return np.concatenate([values, -values])


@pytest.mark.parametrize("cpu", ["x86-64-v3", None])
def test_double_to_half_rounds_once(cpu):
    x = doubles()
    graph = helper.make_graph(
        [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT16)],
        "casts",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT16, x.shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = {"mcpu": cpu} if cpu else {}
    y = aicc.compile(model, **options).run({"x": x})["y"]
    with np.errstate(over="ignore"):
        expected = x.astype(np.float16)
    assert np.array_equal(np.isnan(y), np.isnan(expected))
    number = ~np.isnan(expected)
    assert np.array_equal(y.view(np.uint16)[number], expected.view(np.uint16)[number])

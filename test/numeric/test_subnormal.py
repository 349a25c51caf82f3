"""Subnormal numbers: zero by default, kept under --strict-fp; the caller's mode is left as it was."""

import numpy
import onnx
import pytest
from onnx import helper

aicc = pytest.importorskip("aicc")

SMALL = numpy.float32(2e-38)
LENGTH = 1 << 20


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """y = x * w: enough elements for two threads."""
    nodes = [helper.make_node("Mul", ["x", "w"], ["y"])]
    float_info = lambda name: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [LENGTH])  # noqa: E731
    graph = helper.make_graph(nodes, "small", [float_info("x"), float_info("w")], [float_info("y")])
    path = tmp_path_factory.mktemp("subnormal") / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def product(model, x, w):
    full = {"x": numpy.full(LENGTH, x, "f"), "w": numpy.full(LENGTH, w, "f")}
    return model.run(full)["y"]


@pytest.mark.parametrize("threads", (1, 2))
def test_results_and_inputs_are_flushed(path, threads):
    model = aicc.compile(path, threads=threads)
    assert not product(model, SMALL, 1e-3).any()
    assert not product(model, SMALL * numpy.float32(0.1), 1e6).any()
    assert (product(model, SMALL, 1e6) == SMALL * numpy.float32(1e6)).all()
    numpy.testing.assert_array_equal(product(model, numpy.nan, 1e-3), numpy.nan)
    numpy.testing.assert_array_equal(product(model, numpy.inf, -1), -numpy.inf)


@pytest.mark.parametrize("threads", (1, 2))
def test_strict_fp_keeps_them(path, threads):
    got = product(aicc.compile(path, threads=threads, strict_fp=True), SMALL, 1e-3)
    assert (got == SMALL * numpy.float32(1e-3)).all() and got.any()


def test_the_callers_mode_is_kept(path):
    product(aicc.compile(path), SMALL, 1e-3)
    assert SMALL * numpy.float32(1e-3) != 0

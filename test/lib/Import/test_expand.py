"""Operators without a lowering are imported as the function bodies that ONNX gives them."""

import numpy
import onnx
import pytest
from conftest import run_tool, tool
from onnx import TensorProto, helper


def save(path, node, shapes, outputs, opset=23):
    """The file of a model of one node; inputs and outputs are floats, by name."""
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.save(model, path)
    return model


def imported(path):
    done = run_tool(tool("aicc"), path, "--emit=onnx", "-o", "-")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_body_is_in_the_place_of_the_node(tmp_path):
    node = helper.make_node("Attention", ["q", "k", "v"], ["y"], name="att")
    save(tmp_path / "m.onnx", node, dict.fromkeys("qkv", [1, 2, 4, 8]), ["y"])
    text = imported(tmp_path / "m.onnx")
    assert "onnx.Attention" not in text
    assert text.count("onnx.MatMul") == 2 and "onnx.Softmax" in text


def test_an_operator_with_a_lowering_stays(tmp_path):
    save(tmp_path / "m.onnx", helper.make_node("Softplus", ["x"], ["y"]), {"x": [3]}, ["y"])
    assert "onnx.Softplus" in imported(tmp_path / "m.onnx")


@pytest.mark.parametrize("outputs", [["y"], ["y", "log"]])
def test_absent_inputs_and_outputs(outputs):
    """The weights are left out, and the second output in one case."""
    aicc = pytest.importorskip("aicc", reason="the Python package is not part of this build")

    node = helper.make_node("SoftmaxCrossEntropyLoss", ["x", "t"], outputs, reduction="sum")
    names = [name for name in outputs if name]
    graph = helper.make_graph(
        [node],
        "g",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 5]),
            helper.make_tensor_value_info("t", TensorProto.INT64, [3]),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    x = numpy.random.default_rng(0).standard_normal((3, 5)).astype(numpy.float32)
    t = numpy.int64([1, 4, 0])
    log = x - numpy.log(numpy.exp(x).sum(1, keepdims=True))
    want = {"y": -log[range(3), t].sum(), "log": log}
    got = aicc.compile(model).run({"x": x, "t": t})
    for name in names:
        numpy.testing.assert_allclose(got[name], want[name], rtol=1e-5)


def test_a_body_that_cannot_be_compiled_names_the_node(tmp_path):
    """Bernoulli's body draws random numbers."""
    save(tmp_path / "m.onnx", helper.make_node("Bernoulli", ["x"], ["y"], name="coin"), {"x": [3]}, ["y"], opset=15)
    done = run_tool(tool("aicc"), tmp_path / "m.onnx", "-o", tmp_path / "m.so")
    assert done.returncode == 3
    assert "'coin/" in done.stderr and "RandomUniformLike" in done.stderr

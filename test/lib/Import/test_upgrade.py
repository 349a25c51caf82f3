"""Nodes of old operator sets arrive in the form of the newest one."""

import re

import numpy
import pytest
from conftest import run_tool, tool
from onnx import TensorProto, helper, numpy_helper

X = [("x", [2, 3, 4])]


def emit(tmp_path, opset, op, inputs=("x",), outputs=1, values=None, shapes=X, **attributes):
    """The onnx stage of a model with one node, as text."""
    names = [f"y{i}" for i in range(outputs)]
    graph = helper.make_graph(
        [helper.make_node(op, list(inputs), names, name="n", **attributes)],
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names[:1]],
        [numpy_helper.from_array(array, name) for name, array in (values or {}).items()],
    )
    path = tmp_path / "model.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=4)
    path.write_bytes(model.SerializeToString())
    done = run_tool(tool("aicc"), "--emit=onnx", str(path), "-o", "-")
    assert done.returncode == 0, done.stderr
    return re.sub(r" loc\([^\n]*", "", done.stdout)


CASES = {
    "Squeeze-11": (
        dict(opset=11, op="Squeeze", axes=[0], shapes=[("x", [1, 3])]),
        "dense<0> : tensor<1xi64>",
        "tensor<3xf32>",
    ),
    "Unsqueeze-11": (dict(opset=11, op="Unsqueeze", axes=[0]), "dense<0> : tensor<1xi64>", "tensor<1x2x3x4xf32>"),
    "ReduceMean-13": (
        dict(opset=13, op="ReduceMean", axes=[1, 2]),
        "dense<[1, 2]> : tensor<2xi64>",
        "tensor<2x1x1xf32>",
    ),
    "ReduceSum-11": (dict(opset=11, op="ReduceSum", axes=[1], keepdims=0), "dense<1> : tensor<1xi64>", "keepdims = 0"),
    "Clip-6": (dict(opset=6, op="Clip", min=0.0, max=6.0), "dense<6.000000e+00> : tensor<f32>", "onnx.Clip"),
    "Slice-9": (dict(opset=9, op="Slice", axes=[1], starts=[1], ends=[3]), "onnx.Slice", "tensor<2x2x4xf32>"),
    "Pad-2": (dict(opset=2, op="Pad", pads=[0, 0, 1, 0, 0, 1], value=2.0), "onnx.Pad", "tensor<2x3x6xf32>"),
    "TopK-1": (dict(opset=1, op="TopK", k=2, axis=-1, outputs=2), "onnx.TopK", "tensor<2x3x2xf32>"),
    "Dropout-7": (dict(opset=7, op="Dropout", ratio=0.25), "dense<2.500000e-01> : tensor<f32>", "onnx.Dropout"),
    "Softmax-11, last axis": (dict(opset=11, op="Softmax", axis=-1), "axis = 2", "onnx.Softmax"),
    "Softmax-11, first axis": (dict(opset=11, op="Softmax", axis=1), "tensor<2x12xf32>", "onnx.Reshape"),
    "Split-2": (dict(opset=2, op="Split", axis=0, outputs=2), "num_outputs = 2", "tensor<1x3x4xf32>"),
    "Add-6, along an axis": (
        dict(opset=6, op="Add", inputs=("x", "b"), broadcast=1, axis=1, values={"b": numpy.ones(3, numpy.float32)}),
        "onnx.Unsqueeze",
        "tensor<3x1xf32>",
    ),
    "Upsample-7": (
        dict(opset=7, op="Upsample", scales=[1.0, 1.0, 2.0, 2.0], mode="nearest", shapes=[("x", [1, 1, 2, 2])]),
        'coordinate_transformation_mode = "asymmetric"',
        "tensor<1x1x4x4xf32>",
    ),
    "Constant-12": (
        dict(opset=12, op="Constant", inputs=(), value_floats=[1.0, 2.0]),
        "onnx.Constant",
        "tensor<2xf32>",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_upgrade(name, tmp_path):
    arguments, *expected = CASES[name]
    text = emit(tmp_path, **arguments)
    for part in expected:
        assert part in text


def test_locations_name_the_node(tmp_path):
    emit(tmp_path, 13, "Relu")
    text = run_tool(tool("aicc"), "--emit=onnx", str(tmp_path / "model.onnx"), "-o", "-").stdout
    assert 'loc("n"' in text
    assert 'op_type = "Relu", opset = 13' in text

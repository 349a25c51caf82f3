"""aicc.onnx_backend on its own, apart from ONNX's suite."""

import sys

import numpy
import pytest
from conftest import BUILD
from onnx import TensorProto, helper

sys.path.insert(0, str(BUILD / "python"))
import aicc.onnx_backend as backend  # noqa: E402


def add_model():
    x, y, z = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in "xyz")
    return helper.make_model(
        helper.make_graph([helper.make_node("Sub", ["x", "y"], ["z"])], "g", [x, y], [z]),
        opset_imports=[helper.make_opsetid("", 21)],
    )


def test_arrays_in_order_and_by_name():
    x, y = numpy.float32([1, 2, 3]), numpy.float32([3, 1, 1])
    prepared = backend.prepare(add_model())
    assert prepared.run([x, y]).z.tolist() == [-2, 1, 2]
    assert prepared.run({"y": y, "x": x})["z"].tolist() == [-2, 1, 2]
    assert backend.run_model(add_model(), [x, y])[0].tolist() == [-2, 1, 2]


def test_wrong_arguments():
    prepared = backend.prepare(add_model())
    with pytest.raises(ValueError, match="takes 2 inputs, 1 were given"):
        prepared.run([numpy.zeros(3, numpy.float32)])
    with pytest.raises(TypeError, match="'fast'"):
        prepared.run([], fast=True)


def test_run_node():
    x = numpy.float32([1, 2])
    assert backend.run_node(helper.make_node("Add", ["x", "x"], ["y"]), [x, x]).y.tolist() == [2, 4]
    clip = helper.make_node("Clip", ["x", "", "high"], ["y"])
    assert backend.run_node(clip, [x, numpy.float32(1.5)], opset_version=13)[0].tolist() == [1, 1.5]
    with pytest.raises(ValueError, match="takes 2 inputs, 1 were given"):
        backend.run_node(clip, [x])


def test_devices():
    assert backend.supports_device("CPU") and backend.supports_device("CPU:0")
    assert not backend.supports_device("CUDA")
    with pytest.raises(ValueError, match="not on CUDA"):
        backend.prepare(add_model(), device="CUDA")


def test_what_is_unsupported_is_said():
    import aicc

    node = helper.make_node("StringConcat", ["x", "x"], ["y"])
    with pytest.raises(aicc.CompileError) as error:
        backend.run_node(node, [numpy.array(["a"], dtype=object)] * 2)
    assert error.value.code == "E_UNSUPPORTED"

"""Running sums and products along an axis, of inputs and of what is computed before, against numpy."""

import numpy as np
import pytest
from conftest import ROOT  # noqa: F401 (puts the package on the path)
from onnx import TensorProto, helper, numpy_helper

import aicc  # isort: skip


def expected(op, x, axis, exclusive, reverse):
    y = np.flip(x, axis) if reverse else x
    run = (np.cumsum if op == "CumSum" else np.cumprod)(y, axis, dtype=x.dtype)
    if exclusive:
        run = np.roll(run, 1, axis)
        np.moveaxis(run, axis, 0)[0] = 0 if op == "CumSum" else 1
    return np.flip(run, axis) if reverse else run


@pytest.mark.parametrize("op, opset", [("CumSum", 14), ("CumProd", 26)])
@pytest.mark.parametrize("shape, axis", [((5,), 0), ((3, 4), 0), ((3, 4), -1), ((2, 3, 17), 1)])
@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
@pytest.mark.parametrize("source", ["input", "computed", "reshaped input", "constant"])
def test_cumulative(op, opset, shape, axis, exclusive, reverse, source):
    x = np.random.default_rng(1).uniform(0.5, 1.5, shape).astype(np.float32)
    first, nodes, constants = "x", [], {"axis": np.array(axis, np.int64)}
    if source == "computed":
        nodes, first = [helper.make_node("Neg", ["x"], ["n"])], "n"
    elif source == "reshaped input":
        nodes, first = [helper.make_node("Reshape", ["x", "shape"], ["r"])], "r"
        constants["shape"] = np.array(shape, np.int64)
    elif source == "constant":
        constants["c"], first = x, "c"
    nodes.append(helper.make_node(op, [first, "axis"], ["s"], exclusive=exclusive, reverse=reverse))
    # Nothing is folded where an input takes part.
    nodes.append(helper.make_node("Add", ["s", "z"], ["y"]))
    given = [x.size] if source == "reshaped input" else shape
    graph = helper.make_graph(
        nodes,
        "g",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, given),
            helper.make_tensor_value_info("z", TensorProto.FLOAT, shape),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    z = np.zeros(shape, np.float32)
    got = aicc.compile(model).run({"x": x.reshape(given), "z": z})["y"]
    want = expected(op, -x if source == "computed" else x, axis, exclusive, reverse)
    np.testing.assert_allclose(got, want, rtol=1e-5)


@pytest.mark.parametrize("op, opset", [("CumSum", 14), ("CumProd", 26)])
@pytest.mark.parametrize("exclusive, reverse", [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("axis_shape", [[], [1]])
def test_axis_of_the_run(op, opset, exclusive, reverse, axis_shape):
    """One compiled model, every axis; an axis out of range is brought into it."""
    x = np.random.default_rng(1).uniform(0.5, 1.5, (2, 3, 17)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node(op, ["x", "axis"], ["y"], exclusive=exclusive, reverse=reverse)],
        "g",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape),
            helper.make_tensor_value_info("axis", TensorProto.INT32, axis_shape),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    compiled = aicc.compile(model)
    for given, axis in [(0, 0), (1, 1), (2, 2), (-1, 2), (-3, 0), (9, 2), (-9, 0)]:
        got = compiled.run({"x": x, "axis": np.full(axis_shape, given, np.int32)})["y"]
        np.testing.assert_allclose(got, expected(op, x, axis, exclusive, reverse), rtol=1e-5)

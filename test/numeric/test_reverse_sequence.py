"""ReverseSequence along either axis against numpy, with lengths that ONNX forbids among them."""

import numpy as np
import pytest
from conftest import ROOT  # noqa: F401 (puts the package on the path)
from onnx import TensorProto, helper

import aicc  # isort: skip


@pytest.mark.parametrize("time", [0, 1])
@pytest.mark.parametrize("dtype", [np.float32, np.int8])
@pytest.mark.parametrize(
    "lengths, effective",
    [
        ([5, 1, 3], [5, 1, 3]),
        ([0, 2, 4], [0, 2, 4]),
        # Outside of the axis nothing is read: more than all steps is all, less than none is none.
        ([6, -1, 2**62], [5, 0, 5]),
    ],
)
def test_reverse_sequence(time, dtype, lengths, effective):
    batch = 1 - time
    shape = (5, 3, 2) if time == 0 else (3, 5, 2)
    x = np.arange(30).reshape(shape).astype(dtype)
    want = x.copy()
    for b, n in enumerate(effective):
        at = (slice(n), b) if time == 0 else (b, slice(n))
        want[at] = x[at][::-1]
    node = helper.make_node("ReverseSequence", ["x", "n"], ["y"], batch_axis=batch, time_axis=time)
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    graph = helper.make_graph(
        [node],
        "g",
        [
            helper.make_tensor_value_info("x", kind, shape),
            helper.make_tensor_value_info("n", TensorProto.INT64, [3]),
        ],
        [helper.make_tensor_value_info("y", kind, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    got = aicc.compile(model).run({"x": x, "n": np.array(lengths, np.int64)})["y"]
    np.testing.assert_array_equal(got, want)

"""Constant folding against ONNX's own node tests: with all inputs constant, the graph stage leaves
nothing to run, and the constants are the expected ones."""

import functools
import re
import warnings

import numpy
import onnx
import pytest
from conftest import Artifact, run_tool, tool
from onnx import helper, numpy_helper

# The operators that are folded whatever their attributes; see lib/Graph/Fold*.cpp.
FOLDED = set(
    """Abs Add And Atan BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BitShift Cast Ceil Clip Concat Constant
    ConstantOfShape Cos Div Elu Equal Erf Exp Expand Flatten Floor Gather Gelu Greater GreaterOrEqual HardSigmoid
    HardSwish Identity IsNaN LeakyRelu Less LessOrEqual Log Mod Mul Neg NonZero Not Or Pow Range Reciprocal ReduceL1
    ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Round Shape Sigmoid Sign
    Sin Size Slice Softplus Split Sqrt Squeeze Sub Tan Tanh Tile Transpose Trilu Unsqueeze Where Xor""".split()
)
NUMBERS = {
    getattr(onnx.TensorProto, name)
    for name in "FLOAT DOUBLE FLOAT16 INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64 BOOL".split()
}


def is_number(value):
    return value.type.HasField("tensor_type") and value.type.tensor_type.elem_type in NUMBERS


def is_folded(case):
    graph = case.model.graph
    return (
        {node.op_type for node in graph.node} <= FOLDED
        and all(node.domain == "" for node in graph.node)
        and all(is_number(value) for value in [*graph.input, *graph.output])
        and len(case.model.functions) == 0
    )


def opset(model):
    return next(entry.version for entry in model.opset_import if entry.domain == "")


@functools.cache
def batches():
    """[(name, cases)]: the cases by opset, 40 to a model."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, on purpose: infinities and overflows
        cases = [case for case in collect_testcases(None) if is_folded(case)]
    by_opset = {}
    for case in cases:
        by_opset.setdefault(opset(case.model), []).append(case)
    return [
        (f"opset{version}-{begin // 40}", found[begin : begin + 40])
        for version, found in sorted(by_opset.items())
        for begin in range(0, len(found), 40)
    ]


def as_array(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else numpy.asarray(value)


def merge(cases):
    """One model of all cases, whose inputs are initialisers; {output: (expected array, case)}."""
    nodes, initializers, outputs, want = [], [], [], {}
    for index, case in enumerate(cases):
        graph = case.model.graph
        (inputs, expected), *_ = case.data_sets
        rename = lambda name: f"c{index}_{name}" if name else ""  # noqa: B023, E731
        for value, array in zip(graph.input, inputs):
            initializers.append(numpy_helper.from_array(as_array(array), rename(value.name)))
        for old in graph.initializer:
            initializers.append(onnx.TensorProto())
            initializers[-1].CopyFrom(old)
            initializers[-1].name = rename(old.name)
        for old in graph.node:
            nodes.append(onnx.NodeProto())
            nodes[-1].CopyFrom(old)
            nodes[-1].name = f"{case.name}"
            nodes[-1].input[:] = [rename(name) for name in old.input]
            nodes[-1].output[:] = [rename(name) for name in old.output]
        for value, array in zip(graph.output, expected):
            outputs.append(onnx.ValueInfoProto())
            outputs[-1].CopyFrom(value)
            outputs[-1].name = rename(value.name)
            want[rename(value.name)] = (as_array(array), case)
    # A model must have an input to be worth running.
    outputs.append(helper.make_tensor_value_info("echo", onnx.TensorProto.FLOAT, [1]))
    nodes.append(helper.make_node("Neg", ["x"], ["echo"]))
    graph = helper.make_graph(
        nodes, "folded", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])], outputs, initializers
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset(cases[0].model))])
    return model, want


@pytest.mark.parametrize("batch", range(len(batches())), ids=[name for name, _ in batches()])
def test_node_tests_fold(batch, tmp_path):
    model, want = merge(batches()[batch][1])
    onnx.save(model, tmp_path / "m.onnx")
    done = run_tool(tool("aicc"), str(tmp_path / "m.onnx"), "--emit=graph", f"-o{tmp_path / 'm.mlir'}")
    assert done.returncode == 0, done.stderr
    left = set(re.findall(r"= onnx\.(\w+)", (tmp_path / "m.mlir").read_text())) - {"Constant", "NoValue", "Neg"}
    assert left == set()
    done = run_tool(tool("aicc"), str(tmp_path / "m.onnx"), f"-o{tmp_path / 'm.so'}")
    assert done.returncode == 0, done.stderr
    got = Artifact(tmp_path / "m.so", [*want, "echo"]).run({"x": numpy.ones(1, numpy.float32)}, tmp_path)
    for name, (array, case) in want.items():
        assert got[name].dtype == array.dtype and got[name].shape == array.shape, case.name
        numpy.testing.assert_allclose(
            got[name].astype(numpy.float64),
            array.astype(numpy.float64),
            rtol=case.rtol,
            atol=case.atol,
            err_msg=case.name,
        )

"""If, Loop and Scan that run, against ONNX Runtime; inputs whose values are fixed."""

import numpy as np
import pytest
from conftest import ROOT  # noqa: F401 (puts the package on the path)
from onnx import TensorProto, helper, numpy_helper

import aicc  # isort: skip
import aicc.onnx_backend as backend  # isort: skip

ort = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
F, I64, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
info, node = helper.make_tensor_value_info, helper.make_node


def graph_of(nodes, inputs, outputs, constants=()):
    constants = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants]
    return helper.make_graph(nodes, "g", inputs, outputs, constants)


def model_of(*arguments):
    opsets = [helper.make_opsetid("", 21)]
    return helper.make_model(graph_of(*arguments), opset_imports=opsets, ir_version=10)


def check(model, feeds, **options):
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    want = session.run(None, feeds)
    got = aicc.compile(model, **options).run(feeds)
    for output, expected in zip(model.graph.output, want):
        np.testing.assert_allclose(got[output.name], expected, rtol=1e-5, atol=1e-6)


def data(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("condition", [False, True])
def test_if(condition):
    then = graph_of([node("MatMul", ["x", "w"], ["t"])], [], [info("t", F, [3, 5])], [("w", data(4, 5))])
    other = graph_of([node("Slice", ["y", "from", "to", "axes"], ["o"])], [], [info("o", F, [3, 5])],
                     [("from", [1]), ("to", [6]), ("axes", [1])])  # fmt: skip
    nodes = [node("If", ["c"], ["z"], then_branch=then, else_branch=other), node("Relu", ["z"], ["r"])]
    model = model_of(nodes, [info("c", B, []), info("x", F, [3, 4]), info("y", F, [3, 8])], [info("r", F, [3, 5])])
    check(model, {"c": np.array(condition), "x": data(3, 4), "y": data(3, 8)})


def test_branches_of_different_shapes_are_refused():
    branches = [graph_of([node("Slice", ["x", "from", name, "axes"], [f"o{name}"])], [], [info(f"o{name}", F, None)],
                         [("from", [0]), (name, [to]), ("axes", [0])])
                for name, to in (("a", 2), ("b", 3))]  # fmt: skip
    nodes = [node("If", ["c"], ["z"], then_branch=branches[0], else_branch=branches[1])]
    model = model_of(nodes, [info("c", B, []), info("x", F, [4])], [info("z", F, None)])
    with pytest.raises(aicc.CompileError, match="depends on data|different shapes"):
        aicc.compile(model)


def loop_model(trips, condition, body_nodes, states, scans, constants=(), flag="cond_out"):
    """A Loop over states (name, shape) that collects scans (name, shape)."""
    inputs = [info("i", I64, []), info("cond", B, [])] + [info(f"{n}_in", F, s) for n, s in states]
    outputs = [info(flag, B, [])] + [info(f"{n}_out", F, s) for n, s in states] + [info(n, F, s) for n, s in scans]
    body = graph_of(body_nodes, inputs, outputs, constants)
    names = [n for n, _ in states] + [f"{n}_all" for n, _ in scans]
    loop = node("Loop", ["m", condition, *(f"{n}0" for n, _ in states)], names, body=body)
    results = [info(n, F, s) for n, s in states] + [info(f"{n}_all", F, [trips, *s]) for n, s in scans]
    return model_of([loop], [info(f"{n}0", F, s) for n, s in states], results,
                    [("m", np.int64(trips)), ("yes", True), ("no", False)])  # fmt: skip


@pytest.mark.parametrize("trips", [1, 7])
def test_loop(trips):
    """States that change places, a number that counts, and what is collected."""
    nodes = [
        node("Identity", ["cond"], ["cond_out"]),
        node("MatMul", ["b_in", "w"], ["product"]),
        node("Tanh", ["product"], ["a_out"]),
        node("Identity", ["a_in"], ["b_out"]),
        node("Cast", ["i"], ["number"], to=F),
        node("Add", ["a_in", "number"], ["s"]),
    ]
    shape = [2, 4]
    model = loop_model(trips, "", nodes, [("a", shape), ("b", shape)], [("s", shape)], [("w", data(4, 4))])
    check(model, {"a0": data(*shape), "b0": data(*shape)[::-1].copy()})


@pytest.mark.parametrize("condition", ["", "yes", "no"])
def test_loop_that_stops(condition):
    """As soon as a sum is above its limit."""
    nodes = [
        node("Add", ["a_in", "one"], ["a_out"]),
        node("ReduceSum", ["a_out"], ["sum"], keepdims=0),
        node("Less", ["sum", "limit"], ["cond_out"]),
    ]
    constants = [("one", np.float32(1)), ("limit", np.float32(20))]
    model = loop_model(50, condition, nodes, [("a", [3])], [], constants)
    check(model, {"a0": data(3)})


def test_loops_without_a_bound_are_refused():
    nodes = [node("Identity", ["a_in"], ["a_out"]), node("Identity", ["cond"], ["cond_out"])]
    model = loop_model(3, "yes", nodes, [("a", [3])], [])
    model.graph.node[0].input[0] = ""
    with pytest.raises(aicc.CompileError, match="the number of its iterations has no bound"):
        aicc.compile(model)


@pytest.mark.parametrize("backwards", [0, 1])
@pytest.mark.parametrize("axis", [0, 1])
def test_scan(axis, backwards):
    body = graph_of(
        [node("Add", ["s_in", "x_in"], ["s_out"]), node("Mul", ["s_out", "x_in"], ["y"])],
        [info("s_in", F, [3]), info("x_in", F, [3])],
        [info("s_out", F, [3]), info("y", F, [3])],
    )
    shape = [5, 3] if axis == 0 else [3, 5]
    attributes = {"scan_input_axes": [axis], "scan_output_axes": [1 - axis]}
    attributes |= {"scan_input_directions": [backwards], "scan_output_directions": [1 - backwards]}
    scan = node("Scan", ["s0", "x"], ["s", "all"], body=body, num_scan_inputs=1, **attributes)
    results = [info("s", F, [3]), info("all", F, shape[::-1])]
    model = model_of([scan], [info("s0", F, [3]), info("x", F, shape)], results)
    check(model, {"s0": data(3), "x": data(*shape)})


# ------------------------------------------------------------------ values


def reshape_model():
    inputs = [info("x", F, [2, 6]), info("shape", I64, [2])]
    return model_of([node("Reshape", ["x", "shape"], ["y"])], inputs, [info("y", F, None)])


def test_a_fixed_value():
    compiled = aicc.compile(reshape_model(), values={"shape": np.array([3, -1])})
    assert [spec.name for spec in compiled.inputs] == ["x"]
    assert np.array_equal(compiled(data(2, 6)), data(2, 6).reshape(3, 4))


def test_what_a_shape_depends_on_is_named():
    with pytest.raises(aicc.CompileError) as raised:
        aicc.compile(reshape_model())
    notes = [note for diagnostic in raised.value.diagnostics for note in diagnostic.notes]
    assert any("--value=shape:<numbers>" in note for note in notes)


@pytest.mark.parametrize(
    "values, text",
    [
        ({"axes": [1]}, "the model has no such input; it has x, shape"),
        ({"shape": np.array([1.5, 8])}, "expected int64"),
        ({"shape": np.array([12])}, "dimension 0 is 1, the model fixes it to 2"),
        ({"shape": np.array([[3, 4]])}, "expected 1 dimensions, found 2"),
    ],
)
def test_values_that_do_not_fit(values, text):
    with pytest.raises(aicc.CompileError, match=text):
        aicc.compile(reshape_model(), values=values)


def test_the_backend_compiles_for_values():
    prepared = backend.prepare(reshape_model())
    for shape in ([4, 3], [12, 1], [4, 3]):
        (y,) = prepared.run([data(2, 6), np.array(shape)])
        assert np.array_equal(y, data(2, 6).reshape(shape))
    assert len(prepared.known) == 2

"""The Python package: compiling, running, errors."""

import concurrent.futures

import aicc
import numpy
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper


def mlp(name="mlp"):
    """relu(x @ w + b): float32 [2, 3] -> [2, 4], and the sum of x as a second output."""
    random = numpy.random.default_rng(0)
    w, b = random.standard_normal((3, 4), numpy.float32), random.standard_normal(4, numpy.float32)
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], name="dense"),
        helper.make_node("Relu", ["h"], ["y"], name="act"),
        helper.make_node("ReduceSum", ["x"], ["s"], name="sum", keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
        [
            helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 4]),
            helper.make_tensor_value_info("s", TensorProto.FLOAT, []),
        ],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(b, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model, lambda x: (numpy.maximum(x @ w + b, 0), x.sum())


def single(op, inputs, output, opset=17, **attributes):
    """A model of one node."""
    node = helper.make_node(op, list(inputs), ["y"], name=f"the_{op}", **attributes)
    values = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()]
    graph = helper.make_graph([node], "single", values, [helper.make_tensor_value_info("y", *output)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


X = numpy.arange(6, dtype=numpy.float32).reshape(2, 3) / 5


@pytest.fixture(scope="module")
def model():
    return aicc.compile(mlp()[0])


def check_mlp(compiled):
    y, s = compiled(X)
    want = mlp()[1](X)
    numpy.testing.assert_allclose(y, want[0], rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(s, want[1], rtol=1e-5)
    assert y.dtype == numpy.float32 and s.shape == ()


def test_compiles_a_model_a_path_and_bytes(tmp_path, model):
    proto, _ = mlp()
    check_mlp(model)
    check_mlp(aicc.compile(proto.SerializeToString()))
    onnx.save(proto, tmp_path / "m.onnx")
    check_mlp(aicc.compile(tmp_path / "m.onnx", target="cpu"))
    check_mlp(aicc.compile(str(tmp_path / "m.onnx"), threads=1))


def test_inputs_and_outputs_are_described(model):
    assert model.inputs == [("x", "float32", (2, 3))]
    assert model.outputs == [("y", "float32", (2, 4)), ("s", "float32", ())]
    assert "x: float32[2, 3]" in repr(model)


def test_inputs_by_name(model):
    numpy.testing.assert_array_equal(model(x=X)[0], model(X)[0])
    numpy.testing.assert_array_equal(model.run({"x": X})["y"], model(X)[0])


def test_strided_and_converted_inputs(model):
    wide = numpy.zeros((2, 6), numpy.float32)
    wide[:, ::2] = X
    numpy.testing.assert_array_equal(model(wide[:, ::2])[0], model(X)[0])
    numpy.testing.assert_array_equal(model(X.tolist())[0], model(X)[0])
    numpy.testing.assert_array_equal(model(X.astype(">f4"))[0], model(X)[0])


def test_wrong_dtype_names_both(model):
    with pytest.raises(TypeError, match="float64") as error:
        model(X.astype(numpy.float64))
    assert "float32" in str(error.value) and "x" in str(error.value)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3, 1), (6,), (0, 3)])
def test_wrong_shape_names_both(model, shape):
    with pytest.raises(ValueError) as error:
        model(numpy.zeros(shape, numpy.float32))
    assert "2x3" in str(error.value) or "[2, 3]" in str(error.value)


def test_wrong_names_and_counts(model):
    for call in (lambda: model(), lambda: model(X, X), lambda: model(X, x=X), lambda: model(X, z=X)):
        with pytest.raises(ValueError):
            call()


def test_save_and_load(tmp_path, model):
    model.save(tmp_path / "saved.so")
    check_mlp(aicc.load(tmp_path / "saved.so"))
    assert [path.name for path in tmp_path.iterdir()] == ["saved.so"]


def test_load_refuses_other_files(tmp_path):
    with pytest.raises(OSError):
        aicc.load(tmp_path / "missing.so")
    (tmp_path / "text.so").write_text("not a library")
    with pytest.raises((OSError, ValueError)):
        aicc.load(tmp_path / "text.so")


def test_threads_share_a_model(model):
    inputs = [numpy.full((2, 3), i, numpy.float32) for i in range(32)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(model, inputs))
    for x, (y, s) in zip(inputs, results):
        numpy.testing.assert_allclose(y, mlp()[1](x)[0], rtol=1e-5, atol=1e-5)
        numpy.testing.assert_allclose(s, x.sum(), rtol=1e-5)


def test_open_shapes_are_given():
    kind = (TensorProto.FLOAT, ["batch", 3])
    proto = single("Relu", {"x": kind}, kind)
    compiled = aicc.compile(proto, shapes={"x": (4, 3)})
    assert compiled.inputs[0].shape == (4, 3)
    with pytest.raises(aicc.CompileError) as error:
        aicc.compile(proto)
    assert "--shape" in str(error.value) or "shape" in str(error.value)


def test_error_names_the_node():
    proto = single(
        "MatMul", {"a": (TensorProto.FLOAT, [2, 3]), "b": (TensorProto.FLOAT, [2, 3])}, (TensorProto.FLOAT, [2, 3])
    )
    with pytest.raises(aicc.CompileError) as error:
        aicc.compile(proto)
    assert error.value.node == "the_MatMul"
    assert error.value.op == "MatMul"
    assert error.value.code == "E_SHAPE"
    assert error.value.status == 1
    assert error.value.diagnostics[0].severity == "error"


def test_unknown_op():
    proto = single("NoSuchOp", {"a": (TensorProto.FLOAT, [2])}, (TensorProto.FLOAT, [2]))
    with pytest.raises(aicc.CompileError) as error:
        aicc.compile(proto)
    assert (error.value.code, error.value.op, error.value.status) == ("E_UNSUPPORTED", "NoSuchOp", 3)


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x08\x07" * 100])
def test_not_a_model(data):
    with pytest.raises(aicc.CompileError) as error:
        aicc.compile(data)
    assert error.value.code in ("E_PARSE", "E_MODEL", "E_GRAPH")
    assert error.value.status == 1


def test_missing_file(tmp_path):
    with pytest.raises(aicc.CompileError) as error:
        aicc.compile(tmp_path / "none.onnx")
    assert "none.onnx" in str(error.value)


def test_usage():
    with pytest.raises(ValueError):
        aicc.compile(mlp()[0], no_such_option=1)
    with pytest.raises(TypeError):
        aicc.compile(42)
    with pytest.raises(aicc.CompileError) as error:
        aicc.compile(mlp()[0], target="abacus")
    assert error.value.status == 3


def test_check():
    assert aicc.check(mlp()[0]) == []
    with pytest.raises(aicc.CompileError):
        aicc.check(b"not a model")


def test_targets():
    assert any(name.split("/")[0] == "cpu" for name in aicc.targets())


@pytest.mark.parametrize(
    "kind",
    [TensorProto.BOOL, TensorProto.INT8, TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64, TensorProto.DOUBLE],
)
def test_element_types(kind):
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    compiled = aicc.compile(single("Identity", {"x": (kind, [5])}, (kind, [5])))
    x = numpy.array([0, 1, 1, 0, 1]).astype(dtype)
    y = compiled(x)
    assert y.dtype == dtype
    numpy.testing.assert_array_equal(y, x)

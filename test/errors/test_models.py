"""Models that are refused, each for one reason; made here with the onnx package."""

import os

import numpy
import onnx
import pytest
from checks import check, expect_class
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def value(name, shape, dtype=FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def tensor(name, array):
    return numpy_helper.from_array(numpy.asarray(array), name)


def model(nodes, inputs=None, outputs=None, initializers=(), opset=17, domains=(), functions=(), value_info=()):
    graph = helper.make_graph(
        nodes,
        "g",
        inputs or [value("x", [2, 3])],
        outputs or [value("y", None)],
        list(initializers),
        value_info=list(value_info),
    )
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, functions=list(functions))


def node(op, inputs, outputs=("y",), **attributes):
    return helper.make_node(op, inputs, outputs, name=attributes.pop("name", "the_node"), **attributes)


IMAGE = [value("x", [1, 4, 8, 8])]


def conv(weights, **attributes):
    return model([node("Conv", ["x", "w"], **attributes)], IMAGE, initializers=[tensor("w", weights)])


def weights(*shape):
    return numpy.ones(shape, numpy.float32)


def with_tensor(change):
    """A model with one initialiser that `change` breaks."""
    made = model([node("Add", ["x", "w"])], initializers=[tensor("w", weights(3))])
    change(made.graph.initializer[0])
    return made


def short_data(t):
    t.raw_data = t.raw_data[:-1]


def negative_dimension(t):
    t.dims[0] = -3


def two_kinds_of_data(t):
    t.float_data.extend([1, 2, 3])


def recursion():
    function = helper.make_function(
        "own", "F", ["a"], ["b"], [helper.make_node("F", ["a"], ["b"], domain="own")], [helper.make_opsetid("own", 1)]
    )
    return model([node("F", ["x"], domain="own")], domains=["own"], functions=[function])


def doubling_functions(levels):
    """Each function calls the next one twice: 2**levels nodes."""
    functions = []
    for i in range(levels):
        name, callee = f"F{i}", f"F{i + 1}"
        last = i == levels - 1
        body = [
            helper.make_node("Relu" if last else callee, [a], [b], domain="" if last else "own")
            for a, b in (("a", "m"), ("m", "b"))
        ]
        opsets = [helper.make_opsetid("own", 1), helper.make_opsetid("", 17)]
        functions.append(helper.make_function("own", name, ["a"], ["b"], body, opsets))
    return model([node("F0", ["x"], domain="own")], domains=["own"], functions=functions)


CASES = {
    "unknown operator": ("E_UNSUPPORTED", lambda: model([node("Frobnicate", ["x"])])),
    "unknown domain": (
        "E_UNSUPPORTED",
        lambda: model([node("Relu", ["x"], domain="com.example")], domains=["com.example"]),
    ),
    "domain without import": ("E_MODEL", lambda: model([node("Relu", ["x"], domain="com.example")])),
    "opset from the future": ("E_MODEL", lambda: model([node("Relu", ["x"])], opset=999)),
    "operator newer than the opset": ("E_UNSUPPORTED", lambda: model([node("Gelu", ["x"])], opset=17)),
    "undefined input": ("E_GRAPH", lambda: model([node("Add", ["x", "nope"])])),
    "too few inputs": ("E_GRAPH", lambda: model([node("Add", ["x"])])),
    "too many outputs": ("E_GRAPH", lambda: model([node("Relu", ["x"], ["y", "z"])])),
    "recursion": ("E_GRAPH", recursion),
    "functions that grow": ("E_LIMIT", lambda: doubling_functions(28)),
    "unknown attribute": ("E_ATTR", lambda: model([node("Relu", ["x"], slope=1.0)])),
    "attribute of the wrong type": ("E_ATTR", lambda: model([node("Concat", ["x", "x"], axis="zero")])),
    "missing attribute": ("E_ATTR", lambda: model([node("Concat", ["x", "x"])])),
    "axis": ("E_ATTR", lambda: model([node("Softmax", ["x"], axis=2)])),
    "permutation": ("E_ATTR", lambda: model([node("Transpose", ["x"], perm=[0, 0])])),
    "group": ("E_ATTR", lambda: conv(weights(4, 4, 3, 3), group=3)),
    "stride": ("E_ATTR", lambda: conv(weights(4, 4, 3, 3), strides=[0, 1])),
    "channels": ("E_SHAPE", lambda: conv(weights(4, 5, 3, 3))),
    "kernel beyond the input": ("E_SHAPE", lambda: conv(weights(4, 4, 9, 9))),
    "inner dimensions": ("E_SHAPE", lambda: model([node("MatMul", ["x", "x"])])),
    "broadcast": ("E_SHAPE", lambda: model([node("Add", ["x", "w"])], initializers=[tensor("w", weights(4))])),
    "elements of a reshape": (
        "E_SHAPE",
        lambda: model([node("Reshape", ["x", "s"])], initializers=[tensor("s", numpy.array([7]))]),
    ),
    "index": ("E_SHAPE", lambda: model([node("Gather", ["x", "i"])], initializers=[tensor("i", numpy.array([2]))])),
    "element types": ("E_TYPE", lambda: model([node("Add", ["x", "w"])], initializers=[tensor("w", numpy.ones(3))])),
    "condition": (
        "E_TYPE",
        lambda: model([node("Where", ["x", "x", "x"])]),
    ),
    "declared type": ("E_TYPE", lambda: model([node("Relu", ["x"])], outputs=[value("y", [2, 3], TensorProto.INT32)])),
    "value_info": (
        "E_SHAPE",
        lambda: model([node("Relu", ["x"], ["a"]), node("Abs", ["a"])], value_info=[value("a", [9, 3])]),
    ),
    "short data": ("E_TENSOR", lambda: with_tensor(short_data)),
    "negative dimension": ("E_TENSOR", lambda: with_tensor(negative_dimension)),
    "data twice": ("E_TENSOR", lambda: with_tensor(two_kinds_of_data)),
    "huge result": (
        "E_LIMIT",
        lambda: model([node("Expand", ["x", "s"])], initializers=[tensor("s", numpy.array([1 << 40, 2, 3]))]),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name, tmp_path):
    expected, make = CASES[name]
    path = tmp_path / "model.onnx"
    path.write_bytes(make().SerializeToString())
    error = expect_class(path, expected)
    if expected in ("E_ATTR", "E_SHAPE", "E_TYPE") and not name.startswith("functions"):
        assert error["node"] == "the_node"
        assert error["op"] and error["opset"] == 17


def test_all_unsupported_nodes_at_once(tmp_path):
    import subprocess

    from conftest import tool

    path = tmp_path / "model.onnx"
    nodes = [node("Foo", ["x"], ["a"], name="first"), node("Bar", ["a"], ["y"], name="second")]
    path.write_bytes(model(nodes).SerializeToString())
    done = subprocess.run([tool("aicc"), "--emit=check", str(path)], capture_output=True, text=True)
    assert done.returncode == 3
    assert "node 'first' (Foo, opset 17)" in done.stderr
    assert "node 'second' (Bar, opset 17)" in done.stderr


def test_unused_broken_files(tmp_path):
    for name, content in {
        "empty": b"",
        "text": b"not a model",
        "half": model([node("Relu", ["x"])]).SerializeToString()[:40],
    }.items():
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(content)
        expect_class(path, "E_PARSE")
    expect_class(tmp_path / "absent.onnx", "E_IO")
    expect_class(tmp_path, "E_IO")


def test_fifo_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    expect_class(tmp_path / "pipe.onnx", "E_IO")


def external(tmp_path, location, write=True, **info):
    made = model([node("Add", ["x", "w"])], initializers=[tensor("w", weights(3))])
    onnx.external_data_helper.set_external_data(made.graph.initializer[0], location, **info)
    made.graph.initializer[0].ClearField("raw_data")
    folder = tmp_path / "model"
    folder.mkdir()
    if write:
        (folder / "w.bin").write_bytes(weights(3).tobytes())
    (tmp_path / "secret.bin").write_bytes(weights(3).tobytes())
    (folder / "model.onnx").write_bytes(made.SerializeToString())
    return folder / "model.onnx"


def test_external_data(tmp_path):
    code, error = check(external(tmp_path, "w.bin", length=12))
    assert code == 0, error


@pytest.mark.parametrize(
    "info",
    [
        dict(location="absent.bin"),
        dict(location="../secret.bin"),
        dict(location="/etc/hostname"),
        dict(location="w.bin", offset=8),
        dict(location="w.bin", length=8),
    ],
    ids=str,
)
def test_external_data_refused(tmp_path, info):
    expect_class(external(tmp_path, **info), "E_EXTERNAL")


def test_shape_flag(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(model([node("Relu", ["x"])], [value("x", ["n", 3])]).SerializeToString())
    assert check(path, "--shape=x:2x3")[0] == 0
    expect_class(path, "E_SHAPE", "--shape=x:2x4")
    expect_class(path, "E_SHAPE", "--shape=x:2x3x4")
    expect_class(path, "E_USAGE", "--shape=z:2x3")

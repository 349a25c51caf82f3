"""float8, float4 and integers of two and four bits: all their numbers, and roundings, against ml_dtypes."""

import numpy
import onnx
import pytest
from onnx import TensorProto, helper

aicc = pytest.importorskip("aicc")
ml_dtypes = pytest.importorskip("ml_dtypes")

FLOATS = {
    TensorProto.FLOAT8E4M3FN: ml_dtypes.float8_e4m3fn,
    TensorProto.FLOAT8E4M3FNUZ: ml_dtypes.float8_e4m3fnuz,
    TensorProto.FLOAT8E5M2: ml_dtypes.float8_e5m2,
    TensorProto.FLOAT8E5M2FNUZ: ml_dtypes.float8_e5m2fnuz,
    TensorProto.FLOAT4E2M1: ml_dtypes.float4_e2m1fn,
}
INTEGERS = {
    TensorProto.INT4: ml_dtypes.int4,
    TensorProto.UINT4: ml_dtypes.uint4,
    TensorProto.INT2: ml_dtypes.int2,
    TensorProto.UINT2: ml_dtypes.uint2,
}


def model(nodes, inputs, result, initializers=()):
    info = [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs]
    out = helper.make_tensor_value_info("y", *result)
    graph = helper.make_graph(nodes, "narrow", info, [out], list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=11)


def cast(source, target, count, **attributes):
    node = helper.make_node("Cast", ["x"], ["y"], to=target, **attributes)
    return aicc.compile(model([node], [("x", source, [count])], (target, [count])))


def all_codes(dtype):
    bits = ml_dtypes.finfo(dtype).bits if dtype in FLOATS.values() else ml_dtypes.iinfo(dtype).bits
    return numpy.arange(1 << bits, dtype=numpy.uint8).view(dtype)


@pytest.mark.parametrize("kind", [*FLOATS, *INTEGERS], ids=TensorProto.DataType.Name)
def test_every_number_becomes_a_float(kind):
    codes = all_codes((FLOATS | INTEGERS)[kind])
    got = cast(kind, TensorProto.FLOAT, len(codes)).run({"x": codes})["y"]
    numpy.testing.assert_array_equal(got, codes.astype("f"))


def samples(dtype):
    """All numbers, what lies half way between them and beside that, and what is too large."""
    numbers = numpy.unique(all_codes(dtype).astype("d"))
    numbers = numbers[numpy.isfinite(numbers)]
    half = (numbers[1:] + numbers[:-1]) / 2
    near = numpy.concatenate([numbers, half]).astype("f")
    beyond = numpy.float32(
        [numbers[-1] * 1.01, numbers[-1] * 1.2, -numbers[-1] * 3, 1e30, numpy.inf, -numpy.inf, 1e-30]
    )
    both = [near, numpy.nextafter(near, numpy.float32(numpy.inf)), numpy.nextafter(near, numpy.float32(-numpy.inf))]
    return numpy.concatenate([*both, beyond])


@pytest.mark.parametrize("kind", FLOATS, ids=TensorProto.DataType.Name)
def test_floats_are_rounded_as_by_ml_dtypes(kind):
    dtype = FLOATS[kind]
    x = samples(dtype)
    got = cast(TensorProto.FLOAT, kind, len(x), saturate=0).run({"x": x})["y"]
    assert got.dtype == dtype
    numpy.testing.assert_array_equal(got.view(numpy.uint8), x.astype(dtype).view(numpy.uint8))


@pytest.mark.parametrize("source", ("float16", "float64"))
@pytest.mark.parametrize("kind", FLOATS, ids=TensorProto.DataType.Name)
def test_other_floats_are_rounded_once_and_saturate(kind, source):
    dtype = FLOATS[kind]
    with numpy.errstate(over="ignore"):
        x = samples(dtype).astype(source)
    largest = float(ml_dtypes.finfo(dtype).max)
    onnx_kind = helper.np_dtype_to_tensor_dtype(numpy.dtype(source))
    got = cast(onnx_kind, kind, len(x)).run({"x": x})["y"]
    numpy.testing.assert_array_equal(got.astype("f"), numpy.clip(x, -largest, largest).astype(dtype).astype("f"))


@pytest.mark.parametrize("kind", FLOATS, ids=TensorProto.DataType.Name)
def test_no_number_stays_none(kind):
    if kind == TensorProto.FLOAT4E2M1:
        pytest.skip("four bits have no NaN")
    got = cast(TensorProto.FLOAT, kind, 2).run({"x": numpy.float32([numpy.nan, -numpy.nan])})["y"]
    assert numpy.isnan(got.astype("f")).all()


@pytest.mark.parametrize("kind", INTEGERS, ids=TensorProto.DataType.Name)
def test_integers_wrap_and_floats_are_cut(kind):
    dtype = INTEGERS[kind]
    x = numpy.arange(-128, 128, dtype="int8")
    got = cast(TensorProto.INT8, kind, len(x)).run({"x": x})["y"]
    numpy.testing.assert_array_equal(got.astype("int8"), x.astype(dtype).astype("int8"))
    info = ml_dtypes.iinfo(dtype)
    x = numpy.linspace(int(info.min), int(info.max), 37, dtype="f")
    got = cast(TensorProto.FLOAT, kind, len(x)).run({"x": x})["y"]
    numpy.testing.assert_array_equal(got.astype("f"), numpy.trunc(x))


@pytest.mark.parametrize("kind", INTEGERS, ids=TensorProto.DataType.Name)
def test_what_lies_above_the_bits_does_not_matter(kind):
    dtype = INTEGERS[kind]
    codes = all_codes(dtype)
    dirty = (codes.view(numpy.uint8) | 0xF0).view(dtype)
    got = cast(kind, TensorProto.INT32, len(codes)).run({"x": dirty})["y"]
    numpy.testing.assert_array_equal(got, codes.astype("int32"))


@pytest.mark.parametrize("kind", [*FLOATS, *INTEGERS], ids=TensorProto.DataType.Name)
def test_constants_move_and_are_dequantised(kind):
    """A transposed initialiser of the type, and a scale."""
    dtype = (FLOATS | INTEGERS)[kind]
    codes = all_codes(dtype)
    weights = codes[:4].reshape(2, 2) if len(codes) < 12 else codes[:12].reshape(3, 4)
    constant = helper.make_tensor("w", kind, weights.shape, weights.astype("f").ravel())
    scale = helper.make_tensor("s", TensorProto.FLOAT, [], [0.25])
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]),
        helper.make_node("DequantizeLinear", ["t", "s"], ["d"]),
        helper.make_node("Add", ["d", "x"], ["y"]),
    ]
    shape = list(weights.T.shape)
    compiled = aicc.compile(
        model(nodes, [("x", TensorProto.FLOAT, shape)], (TensorProto.FLOAT, shape), [constant, scale])
    )
    got = compiled.run({"x": numpy.zeros(shape, "f")})["y"]
    numpy.testing.assert_array_equal(got, weights.T.astype("f") * numpy.float32(0.25))


def test_powers_of_two():
    codes = numpy.arange(256, dtype=numpy.uint8).view(ml_dtypes.float8_e8m0fnu)
    got = cast(TensorProto.FLOAT8E8M0, TensorProto.FLOAT, 256).run({"x": codes})["y"]
    numpy.testing.assert_array_equal(got, codes.astype("f"))
    x = numpy.float32([1, 1.25, 1.5, 1.75, 3, 0.3, 1e-30, 3.4e38, numpy.inf])
    for mode in ("up", "down", "nearest"):
        for saturate in (0, 1):
            model = cast(TensorProto.FLOAT, TensorProto.FLOAT8E8M0, len(x), round_mode=mode, saturate=saturate)
            want = onnx.numpy_helper.to_float8e8m0(x, bool(saturate), mode)
            numpy.testing.assert_array_equal(model.run({"x": x})["y"].view(numpy.uint8), want.view(numpy.uint8))

"""3x3 convolutions by minimal filtering, every tile size forced, against a convolution in float64."""

import itertools

import numpy
import onnx
import pytest
from conftest import run_tool, tool
from onnx import helper, numpy_helper

aicc = pytest.importorskip("aicc")

TILES = (2, 4, 6)
# Of tiles that are computed together: all of them, or two.
ROWS = (0, 2)
# N, C, K, H, W, pads (top, left, bottom, right): whole tiles, partial ones in each direction, less than one.
SHAPES = [
    (1, 16, 32, 12, 12, (1, 1, 1, 1)),
    (2, 5, 3, 13, 17, (1, 1, 1, 1)),
    (1, 8, 24, 7, 12, (0, 0, 0, 0)),
    (3, 4, 16, 3, 3, (1, 1, 1, 1)),
    (1, 3, 8, 10, 9, (2, 0, 1, 3)),
]


def weights(shape):
    generator = numpy.random.default_rng(11)
    _, channels, outputs, *_ = shape
    filters = generator.standard_normal((outputs, channels, 3, 3)) / (3 * channels**0.5)
    return filters.astype("f"), generator.standard_normal(outputs).astype("f")


def result_size(shape):
    _, _, _, height, width, pads = shape
    return height + pads[0] + pads[2] - 2, width + pads[1] + pads[3] - 2


def model(shape):
    """Relu(Conv(x) + r), and the result of the convolution's sum scaled by a vector along the columns."""
    batch, channels, outputs, height, width, pads = shape
    filters, bias = weights(shape)
    size = result_size(shape)
    scale = numpy.linspace(0.5, 1.5, size[1]).astype("f")
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=list(pads), name="conv"),
            helper.make_node("Mul", ["c", "s"], ["d"]),
            helper.make_node("Add", ["d", "r"], ["e"]),
            helper.make_node("Relu", ["e"], ["y"]),
        ],
        "g",
        [
            helper.make_tensor_value_info("x", 1, [batch, channels, height, width]),
            helper.make_tensor_value_info("r", 1, [batch, outputs, *size]),
        ],
        [helper.make_tensor_value_info("y", 1, [batch, outputs, *size])],
        [numpy_helper.from_array(array, name) for array, name in ((filters, "w"), (bias, "b"), (scale, "s"))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def expected(shape, x, r):
    filters, bias = weights(shape)
    pads = shape[5]
    padded = numpy.pad(x.astype("d"), ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
    height, width = result_size(shape)
    total = numpy.zeros(r.shape)
    for i, j in itertools.product(range(3), range(3)):
        total += numpy.einsum("nchw,kc->nkhw", padded[:, :, i : i + height, j : j + width], filters[:, :, i, j])
    total = (total + bias[:, None, None]) * numpy.linspace(0.5, 1.5, width)
    return numpy.maximum(total + r, 0)


def compiled(shape, tile, rows, folder):
    onnx.save(model(shape), folder / "m.onnx")
    structured, rewritten, library = folder / "s.mlir", folder / "w.mlir", folder / "m.so"
    pipeline = f"builtin.module(cpu-winograd{{tile={tile} rows={rows}}})"
    for command in (
        [tool("aicc"), str(folder / "m.onnx"), "--emit=structured", "--with-weights", f"-o{structured}"],
        [tool("aicc-opt"), str(structured), f"--pass-pipeline={pipeline}", "-o", str(rewritten)],
        [tool("aicc"), str(rewritten), f"-o{library}"],
    ):
        done = run_tool(*command)
        assert done.returncode == 0, done.stderr
    text = rewritten.read_text()
    assert f"tensor<{(tile + 2) ** 2}x{shape[1]}x{shape[2]}xf32>" in text, "it is not by minimal filtering"
    return library


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape[:5])))
def test_tiles_give_the_convolution(shape, tile, rows, tmp_path):
    library = compiled(shape, tile, rows, tmp_path)
    generator = numpy.random.default_rng(5)
    x = generator.standard_normal((shape[0], shape[1], *shape[3:5])).astype("f")
    r = generator.standard_normal((shape[0], shape[2], *result_size(shape))).astype("f")
    got = aicc.load(library).run({"x": x, "r": r})["y"]
    want = expected(shape, x, r)
    numpy.testing.assert_allclose(got, want, rtol=0, atol=2e-5 * numpy.abs(want).max())


def test_strict_fp_keeps_the_order(tmp_path):
    """A layer for which the cost model chooses it, and --strict-fp."""
    shape = (1, 64, 64, 56, 56, (1, 1, 1, 1))
    onnx.save(model(shape), tmp_path / "m.onnx")
    found = {}
    for flag in ("-O3", "--strict-fp"):
        done = run_tool(
            tool("aicc"), str(tmp_path / "m.onnx"), flag, "--mcpu=x86-64-v3", "--threads=1", "--emit=mapped", "-o-"
        )
        assert done.returncode == 0, done.stderr
        found[flag] = "tensor<36x64x64xf32>" in done.stdout
    assert found == {"-O3": True, "--strict-fp": False}

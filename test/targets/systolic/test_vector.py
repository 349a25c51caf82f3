"""The vector unit's groups (additions, pools, tables) on the simulator against the host's processor: every byte."""

import collections
import itertools
import json
import subprocess

import aicc
import numpy as np
import onnx
import pytest
from conftest import tool
from onnx import helper, numpy_helper
from test_programs import F32, MACHINE, MACHINES, random_bytes, tensor_type

DTYPES = pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "i8"])
EVERYWHERE = pytest.mark.parametrize("machine", MACHINES)
node = helper.make_node


def graph_of(nodes, inputs, dtype, constants, rank):
    """A model of `inputs` (name: shape) of bytes, and a result "y"."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, tensor_type(dtype), shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info("y", tensor_type(dtype), [None] * rank)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def quantized(operators, inputs, dtype, rng, rank, constants=()):
    """`operators` (from reals "<input>f" to the real "r") between dequantisation and quantisation."""
    nodes, parameters = [], dict(constants)
    for name in [*inputs, "y"]:
        info = np.iinfo(dtype)
        parameters[f"{name}_s"] = F32(rng.uniform(0.005, 0.1))
        parameters[f"{name}_z"] = np.array(rng.integers(info.min, info.max + 1), dtype)
    for name in inputs:
        nodes.append(node("DequantizeLinear", [name, f"{name}_s", f"{name}_z"], [f"{name}f"]))
    nodes += [*operators, node("QuantizeLinear", ["r", "y_s", "y_z"], ["y"])]
    return graph_of(nodes, inputs, dtype, parameters, rank)


def run_both(model, inputs, machine, path, launches=1):
    """Compiles for both, runs both on the named inputs; returns what the device counted."""
    file = path / "m.onnx"
    onnx.save(model, file)
    expected = aicc.compile(file, target="cpu")(**inputs)
    artefact = path / "m.so"
    aicc.compile(file, target=f"systolic/{machine}").save(artefact)
    command = [tool("aicc-run"), artefact, f"--output=@{path / 'y.npy'}", "--json", "--counts"]
    for name, value in inputs.items():
        np.save(path / f"{name}.npy", value)
        command.append(f"--input={name}=@{path / f'{name}.npy'}")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = np.load(path / "y.npy")
    assert found.dtype == expected.dtype and found.shape == expected.shape
    assert np.array_equal(found, expected), f"{np.count_nonzero(found != expected)} of {expected.size} bytes differ"
    counts = json.loads(done.stdout)["counts"]
    assert launches is None or len(counts["launches"]) == launches
    return counts


def joined(op, shapes, dtype, rng, relu):
    operators = [node(op, ["af", "bf"], ["r0" if relu else "r"])]
    if relu:
        operators.append(node("Relu", ["r0"], ["r"]))
    inputs = dict(zip("ab", shapes))
    return quantized(operators, inputs, dtype, rng, len(shapes[0])), inputs


def all_pairs(dtype):
    """[1, 256, 256]: every byte beside every other."""
    info = np.iinfo(dtype)
    return np.meshgrid(*[np.arange(info.min, info.max + 1, dtype=dtype)] * 2, indexing="ij")


@EVERYWHERE
@pytest.mark.parametrize("form", ["alone", "between"])
def test_images_become_larger(form, machine, tmp_path):
    """Each position is copied to several; between convolutions, too, where nothing leaves the chip."""
    rng = np.random.default_rng(3)
    scales = {"scales": np.array([1, 1, 2, 3], np.float32)}
    resize = dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    x = random_bytes(rng, [1, 20, 5, 4], np.uint8)
    if form == "alone":
        inner = [
            node("Resize", ["x", "", "scales"], ["y0"], **resize),
            node("Transpose", ["y0"], ["y"], perm=[0, 2, 3, 1]),
        ]
        inner.insert(0, node("Transpose", ["z"], ["x"], perm=[0, 3, 1, 2]))
        model = graph_of(inner, {"z": [1, 5, 4, 20]}, np.uint8, scales, 4)
        run_both(model, {"z": np.ascontiguousarray(x.transpose(0, 2, 3, 1))}, machine, tmp_path)
        return
    bytes_of = {"w": rng.integers(-127, 128, (20, 20, 1, 1)).astype(np.int8), "wz": np.int8(0), "z": np.uint8(120)}
    constants = scales | bytes_of | {"s": F32(0.02)}
    conv = lambda a, b: node("QLinearConv", [a, "s", "z", "w", "s", "wz", "s", "z"], [b])  # noqa: E731
    nodes = [conv("x", "a"), node("Resize", ["a", "", "scales"], ["b"], **resize), conv("b", "y")]
    counts = run_both(graph_of(nodes, {"x": [1, 20, 5, 4]}, np.uint8, constants, 4), {"x": x}, machine, tmp_path, 3)
    assert [launch["counts"]["store.write"] > 0 for launch in counts["launches"]] == [False, False, True]


@EVERYWHERE
@DTYPES
@pytest.mark.parametrize("op", ["Add", "Mul"])
@pytest.mark.parametrize("seed", range(4))
def test_all_pairs(seed, op, dtype, machine, tmp_path):
    """The rounding of every sum and product there is."""
    model, _ = joined(op, [[256, 256]] * 2, dtype, np.random.default_rng(seed), relu=seed % 2 == 1)
    a, b = all_pairs(dtype)
    counts = run_both(model, {"a": a, "b": b}, machine, tmp_path)
    assert counts["counts"]["vector.lane"] == 3 * a.size


def test_a_sum_that_is_rounded_twice(tmp_path):
    """A processor fuses a product and the sum. Scales for which two roundings give another byte are adjusted."""
    a, b = all_pairs(np.int8)

    def added_as(wide, scales):
        product = a.astype(wide) * wide(scales[0])
        sums = (product + (b.astype(F32) * scales[1]).astype(wide)).astype(F32)
        return np.clip(np.rint(sums), -128, 127).astype(np.int8)

    rng = np.random.default_rng(0)
    scales = next(
        s
        for s in (rng.uniform(0.2, 1.0, 2).astype(F32) for _ in range(100))
        if np.any(added_as(F32, s) != added_as(np.float64, s))
    )
    model, _ = joined("Add", [[256, 256]] * 2, np.int8, rng, relu=False)
    values = {"a_s": scales[0], "b_s": scales[1], "y_s": F32(1)} | {f"{n}_z": np.int8(0) for n in "aby"}
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(np.asarray(values[tensor.name]), tensor.name))
    run_both(model, {"a": a, "b": b}, "gemmini16", tmp_path)
    assert np.array_equal(aicc.compile(model, target="cpu")(a, b), added_as(np.float64, scales))


@EVERYWHERE
@pytest.mark.parametrize("shape", [[1, 5, 7, 3], [3], [3, 1000], [1, 24, 56, 56], [70000]])
def test_residual_shapes(shape, machine, tmp_path):
    rng = np.random.default_rng(len(shape))
    model, inputs = joined("Add", [shape] * 2, np.uint8, rng, relu=True)
    run_both(model, {name: random_bytes(rng, shape, np.uint8) for name in inputs}, machine, tmp_path)


@EVERYWHERE
@DTYPES
def test_gates(dtype, machine, tmp_path):
    """Channels last, each scaled by a byte of its own (squeeze and excitation); either operand may be the gate."""
    repeated = [([2, 9, 11, 40], [2, 1, 1, 40]), ([1, 1, 1, 33], [1, 30, 31, 33]), ([5, 1, 16], [1, 7, 16])]
    for i, shapes in enumerate(repeated):
        rng = np.random.default_rng(i)
        model, inputs = joined("Mul", shapes, dtype, rng, relu=False)
        values = {name: random_bytes(rng, shape, dtype) for name, shape in inputs.items()}
        run_both(model, values, machine, tmp_path)


@EVERYWHERE
@DTYPES
def test_constants(dtype, machine, tmp_path):
    """Added to each channel, and to each element in another order of dimensions than that in memory."""
    for i, shape in enumerate([[40, 1, 1], [40, 7, 6]]):
        rng = np.random.default_rng(i)
        constants = {"c": random_bytes(rng, shape, dtype), "c_s": F32(0.02), "c_z": np.array(11, dtype)}
        nodes = [node("DequantizeLinear", ["c", "c_s", "c_z"], ["cf"]), node("Add", ["cf", "xf"], ["r"])]
        model = quantized(nodes, {"x": [2, 7, 6, 40]}, dtype, rng, 4, constants)
        model.graph.node[0].input[0], model.graph.node[-1].output[0] = "tx", "ty"
        model.graph.node.insert(0, node("Transpose", ["x"], ["tx"], perm=[0, 3, 1, 2]))
        model.graph.node.append(node("Transpose", ["ty"], ["y"], perm=[0, 2, 3, 1]))
        run_both(model, {"x": random_bytes(rng, [2, 7, 6, 40], dtype)}, machine, tmp_path)


POOLS = {
    "2x2": dict(kernel_shape=[2, 2], strides=[2, 2]),
    "3x3": dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    "uneven": dict(kernel_shape=[3, 2], strides=[1, 2], pads=[1, 0, 0, 1]),
    "same": dict(kernel_shape=[5, 5], pads=[2, 2, 2, 2]),
}


def pooled(op, shape, dtype, rng, **attributes):
    """After a product, and with channels last outside: the transpositions move nothing."""
    channels = shape[-1]
    constants = {
        "w": rng.integers(-127, 128, (channels, channels, 1, 1)).astype(np.int8),
        "ws": F32(0.5 / np.sqrt(channels) / 127),
        "wz": np.int8(0),
        "bs": F32(0.03),
        "bz": np.array(rng.integers(0, 100), dtype),
    }
    model = quantized([node(op, ["f"], ["r"], **attributes)], {"x": shape}, dtype, rng, 4, constants)
    nodes = model.graph.node
    nodes[0].CopyFrom(node("DequantizeLinear", ["b", "bs", "bz"], ["f"]))
    nodes[-1].output[0] = "ty"
    nodes.insert(0, node("QLinearConv", ["tx", "x_s", "x_z", "w", "ws", "wz", "bs", "bz"], ["b"]))
    nodes.insert(0, node("Transpose", ["x"], ["tx"], perm=[0, 3, 1, 2]))
    nodes.append(node("Transpose", ["ty"], ["y"], perm=[0, 2, 3, 1]))
    if op == "MaxPool":
        # Bytes stay as they are only between equal scales.
        nodes[-2].input[1:] = ["bs", "bz"]
    return model


@EVERYWHERE
@DTYPES
@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_pools(op, name, dtype, machine, tmp_path):
    rng = np.random.default_rng(len(name))
    shape = [2, 13, 14, 40]
    attributes = POOLS[name] | ({"count_include_pad": 1} if op == "AveragePool" else {})
    model = pooled(op, shape, dtype, rng, **attributes)
    counts = run_both(model, {"x": random_bytes(rng, shape, dtype)}, machine, tmp_path, launches=2)
    assert counts["counts"]["vector.lane"] > 0


@EVERYWHERE
@DTYPES
def test_global_average(dtype, machine, tmp_path):
    rng = np.random.default_rng(7)
    shape = [2, 7, 7, 100]
    model = pooled("GlobalAveragePool", shape, dtype, rng)
    run_both(model, {"x": random_bytes(rng, shape, dtype)}, machine, tmp_path, launches=2)


FUNCTIONS = {
    "sigmoid": [node("Sigmoid", ["xf"], ["r"])],
    "h-swish": [node("HardSwish", ["xf"], ["r"])],
    "gelu": [node("Gelu", ["xf"], ["r"])],
    "swish": [node("Sigmoid", ["xf"], ["s"]), node("Mul", ["xf", "s"], ["r"])],
    "clip": [node("Clip", ["xf", "low", "high"], ["r"])],
    "requantise": [node("Identity", ["xf"], ["r"])],
}


@EVERYWHERE
@DTYPES
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_one_byte(name, dtype, machine, tmp_path):
    rng = np.random.default_rng(len(name))
    constants = {"low": F32(-0.5), "high": F32(0.75)}
    model = quantized(FUNCTIONS[name], {"x": [3, 7, 500]}, dtype, rng, 3, constants)
    model.graph.node[-2].name = "f"
    x = random_bytes(rng, [3, 7, 500], dtype)
    x.flat[:256] = np.arange(256).astype(dtype)
    counts = run_both(model, {"x": x}, machine, tmp_path)
    assert counts["counts"]["vector.lane"] >= x.size


@pytest.mark.parametrize("seed", range(12))
def test_random(seed, tmp_path):
    """Sizes at which something does not divide."""
    rng = np.random.default_rng(seed)
    dtype = rng.choice([np.uint8, np.int8])
    kernel = rng.permutation([rng.integers(1, 4), rng.integers(2, 5)])
    shape = [int(n) for n in [rng.integers(1, 3), *(kernel + rng.integers(0, 20, 2)), rng.integers(1, 300)]]
    pads = [int(p) for p in rng.integers(0, kernel.min(), 4)]
    strides = [int(s) for s in rng.integers(1, 3, 2)]
    kernel = [int(k) for k in kernel]
    model = pooled(
        "AveragePool", shape, dtype, rng, kernel_shape=kernel, strides=strides, pads=pads, count_include_pad=1
    )
    machine = MACHINES[seed % len(MACHINES)]
    run_both(model, {"x": random_bytes(rng, shape, dtype)}, machine, tmp_path, launches=2)


COUNTED = {
    "add": lambda rng: joined("Add", [[1, 20, 20, 64]] * 2, np.uint8, rng, relu=True)[0],
    # The gates are on the chip while tiles of the other factor come and go.
    "gates": lambda rng: joined("Mul", [[1, 64, 64, 64], [1, 1, 1, 64]], np.uint8, rng, relu=False)[0],
    "table": lambda rng: quantized(FUNCTIONS["sigmoid"], {"x": [1, 20, 20, 64]}, np.uint8, rng, 4),
    "maximum": lambda rng: pooled("MaxPool", [1, 20, 20, 64], np.uint8, rng, kernel_shape=[3, 3], strides=[2, 2]),
    "average": lambda rng: pooled("AveragePool", [1, 20, 20, 64], np.int8, rng, kernel_shape=[3, 3], strides=[2, 2]),
}


@pytest.mark.parametrize("name", COUNTED)
def test_costs_are_counted(name, tmp_path):
    """Each byte and operation that the cost names is one that the simulator counts; cycles within a tenth."""
    onnx.save(COUNTED[name](np.random.default_rng(0)), tmp_path / "m.onnx")
    target = "--target=systolic/gemmini16"
    compiled = [tool("aicc"), tmp_path / "m.onnx", target, "--quiet"]
    done = subprocess.run([*compiled, "--emit=report", "-o", "-"], check=True, capture_output=True, text=True)
    nodes = [n for n in json.loads(done.stdout)["nodes"] if n.get("reason") == "array: on the vector unit"]
    subprocess.run([*compiled, "-o", tmp_path / "m.so"], check=True)
    command = [tool("aicc-run"), tmp_path / "m.so", "--random", "--json", "--counts"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    launch = json.loads(done.stdout)["counts"]["launches"][-1]
    # A group's cost is shared out among its nodes.
    priced = collections.Counter()
    for item in itertools.chain.from_iterable(n["items"] for n in nodes):
        priced[item["component"]] += item["count"]
    assert priced["vector.lane"] > 0
    for component, count in priced.items():
        assert count == pytest.approx(launch["counts"][component]), component
    assert sum(n["cycles"] for n in nodes) == pytest.approx(launch["cycles"], rel=0.1)


def test_small_memories(tmp_path):
    """Tiles of a few rows, and a window that the scratchpad cannot hold."""
    rng = np.random.default_rng(3)
    model = pooled("AveragePool", [1, 12, 12, 40], np.uint8, rng, kernel_shape=[5, 5])
    machine = tmp_path / "small.yaml"
    machine.write_text(MACHINE.replace("ACC", "4096").replace("SP", "2048"))
    x = random_bytes(rng, [1, 12, 12, 40], np.uint8)
    expected = aicc.compile(model, target="cpu")(x)
    assert np.array_equal(aicc.compile(model, target=str(machine), no_fallback=True)(x), expected)
    machine.write_text(MACHINE.replace("ACC", "4096").replace("SP", "512"))
    with pytest.raises(aicc.CompileError, match="vector unit: a tile takes 50 rows of the scratchpad, which has 32"):
        aicc.compile(model, target=str(machine), no_fallback=True)


@pytest.mark.parametrize(
    ("shapes", "reason"),
    [
        (([1], [1]), "no dimension lies side by side in all of the operands"),
        (([4, 32], [4, 1]), "no dimension lies side by side in all of the operands"),
    ],
)
def test_what_stays_with_the_host(shapes, reason, tmp_path):
    model, _ = joined("Add", shapes, np.uint8, np.random.default_rng(0), relu=False)
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(aicc.CompileError, match=f"vector unit: {reason}"):
        aicc.compile(tmp_path / "m.onnx", target="systolic/gemmini16")

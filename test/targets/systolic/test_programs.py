"""Programs of the array on the simulator against the host's processor: every byte."""

import json
import subprocess

import numpy as np
import onnx
import pytest
from conftest import BUILD, tool  # noqa: F401 (BUILD: puts the package on the path)
from onnx import TensorProto, helper, numpy_helper

import aicc  # isort: skip

F32 = np.float32
MACHINES = ["gemmini16", "edge64", "tpu_v1"]


def tensor_type(dtype):
    return TensorProto.UINT8 if dtype == np.uint8 else TensorProto.INT8


def make_model(op, inputs, constants, dtype, shape, result=None, **attributes):
    """One quantised node on input x."""
    node = helper.make_node(op, inputs, ["y"], name="node", **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", tensor_type(dtype), shape)],
        [helper.make_tensor_value_info("y", result or tensor_type(dtype), None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return onnx.shape_inference.infer_shapes(model)


def random_bytes(rng, shape, dtype):
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max + 1, shape).astype(dtype)


def conv(rng, x, w, dtype, channels=True, bias=True, **attributes):
    """A QLinearConv and its input."""
    count = w[0]
    scale = rng.uniform(0.5, 1.5, count if channels else ()) * 2.0 / np.sqrt(np.prod(w[1:])) / 127
    constants = {
        "xs": F32(0.02),
        "xz": np.array(rng.integers(0, 100), dtype),
        "w": rng.integers(-127, 128, w).astype(np.int8),
        "ws": scale.astype(F32),
        "wz": np.zeros(count if channels else (), np.int8),
        "ys": F32(0.04),
        "yz": np.array(7, dtype),
        "b": rng.integers(-2000, 2000, count).astype(np.int32),
    }
    names = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
    if bias:
        names.append("b")
    else:
        del constants["b"]
    model = make_model("QLinearConv", names, constants, dtype, x, **attributes)
    return model, random_bytes(rng, x, dtype)


def matmul(rng, m, k, n, dtype):
    constants = {
        "xs": F32(0.02),
        "xz": np.array(rng.integers(0, 100), dtype),
        "w": rng.integers(-127, 128, (k, n)).astype(np.int8),
        "ws": F32(0.01),
        "wz": np.array(0, np.int8),
        "ys": F32(0.05),
        "yz": np.array(3, dtype),
    }
    names = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
    return make_model("QLinearMatMul", names, constants, dtype, [m, k]), random_bytes(rng, (m, k), dtype)


def check(model, inputs, machine, path, **options):
    """Compiles for both, runs both; returns what the device counted. Options are those of the array's compilation.
    Inputs: an array, or several by name."""
    file = path / "m.onnx"
    onnx.save(model, file)
    feeds = inputs if isinstance(inputs, dict) else {model.graph.input[0].name: inputs}
    expected = aicc.compile(file, target="cpu")(*feeds.values())
    artefact = path / "m.so"
    aicc.compile(file, target=f"systolic/{machine}", **options).save(artefact)
    for name, value in feeds.items():
        np.save(path / f"{name}.npy", value)
    given = [f"--input={name}=@{path / name}.npy" for name in feeds]
    done = subprocess.run(
        [tool("aicc-run"), artefact, *given, f"--output=@{path / 'y.npy'}", "--json", "--counts"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = np.load(path / "y.npy")
    assert found.dtype == expected.dtype and found.shape == expected.shape
    assert np.array_equal(found, expected), f"{np.count_nonzero(found != expected)} of {expected.size} bytes differ"
    counts = json.loads(done.stdout)["counts"]
    assert counts["launches"], "nothing ran on the array"
    return counts


CONVS = {
    "1x1": dict(x=[1, 16, 8, 8], w=[16, 16, 1, 1]),
    "3x3": dict(x=[1, 32, 14, 14], w=[48, 32, 3, 3], pads=[1] * 4),
    "stem": dict(x=[1, 3, 33, 35], w=[24, 3, 7, 7], pads=[3] * 4, strides=[2, 2]),
    "uneven": dict(x=[2, 24, 9, 11], w=[40, 24, 3, 3], pads=[0, 1, 2, 1], strides=[2, 1]),
    "dilated": dict(x=[1, 20, 17, 13], w=[33, 20, 3, 2], dilations=[2, 3], channels=False),
    "one channel": dict(x=[1, 1, 12, 12], w=[1, 1, 3, 3]),
    "no bias": dict(x=[1, 70, 5, 5], w=[17, 70, 2, 2], bias=False),
    "1d": dict(x=[1, 24, 50], w=[24, 24, 5], pads=[2, 2]),
    "3d": dict(x=[1, 8, 6, 7, 5], w=[20, 8, 2, 3, 2]),
}
DEPTHWISE = {
    "depthwise": dict(x=[1, 32, 14, 14], w=[32, 1, 3, 3], pads=[1] * 4, group=32),
    "strides": dict(x=[1, 96, 15, 13], w=[96, 1, 3, 3], pads=[0, 1, 1, 1], strides=[2, 2], group=96),
    "uneven": dict(x=[2, 43, 9, 11], w=[43, 1, 5, 2], dilations=[1, 2], group=43),
    "many channels": dict(x=[1, 300, 7, 7], w=[300, 1, 3, 3], pads=[1] * 4, bias=False, group=300),
    "few channels": dict(x=[1, 5, 40, 40], w=[5, 1, 3, 3], channels=False, group=5),
    "depthwise 1d": dict(x=[1, 24, 50], w=[24, 1, 5], pads=[2, 2], group=24),
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "i8"])
@pytest.mark.parametrize("name", CONVS)
def test_conv(name, dtype, machine, tmp_path):
    model, x = conv(np.random.default_rng(len(name)), dtype=dtype, **CONVS[name])
    counts = check(model, x, machine, tmp_path)
    shape = CONVS[name]["w"]
    results = np.prod([d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim])
    assert counts["counts"]["mac.i8"] == results * np.prod(shape[1:])


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "i8"])
@pytest.mark.parametrize("name", DEPTHWISE)
def test_depthwise(name, dtype, machine, tmp_path):
    """As many channels at a time as the array is wide."""
    model, x = conv(np.random.default_rng(len(name)), dtype=dtype, **DEPTHWISE[name])
    counts = check(model, x, machine, tmp_path)
    channels, _, *window = DEPTHWISE[name]["w"]
    results = np.prod([d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim])
    blocks = -(-channels // {"gemmini16": 16, "edge64": 64, "tpu_v1": 256}[machine])
    assert counts["counts"]["array.cycle"] == results // channels * np.prod(window) * blocks


@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_against_channel_by_channel(stride, tmp_path):
    """One channel at a time would make 9 products in a cycle. The cost model knows the zeros."""
    attributes = dict(pads=[1] * 4, strides=[stride] * 2, group=96)
    model, x = conv(np.random.default_rng(0), [1, 96, 56, 56], [96, 1, 3, 3], np.uint8, **attributes)
    counted = check(model, x, "gemmini16", tmp_path)["launches"][0]
    (predicted,) = aicc.CompiledModel(tmp_path / "m.so").cost().launches
    assert predicted["macs"] == 96 * 9 * (56 // stride) ** 2
    assert predicted["macs"] / counted["cycles"] > 1.5 * 9
    assert predicted["cycles"] == pytest.approx(counted["cycles"], rel=0.1)
    assert predicted["bytes"]["dram"]["read"] == pytest.approx(counted["counts"]["dram.read"], rel=0.1)


GROUPED = {
    "groups": dict(x=[1, 32, 14, 14], w=[48, 8, 3, 3], pads=[1] * 4, group=4),
    "many": dict(x=[2, 60, 9, 7], w=[60, 2, 3, 3], strides=[2, 1], group=30),
    "wide": dict(x=[1, 80, 6, 6], w=[120, 40, 1, 1], channels=False, bias=False, group=2),
    "of one channel": dict(x=[1, 6, 9, 9], w=[12, 1, 3, 3], group=6),
    "grouped 1d": dict(x=[1, 24, 50], w=[72, 8, 5], pads=[2, 2], group=3),
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "i8"])
@pytest.mark.parametrize("name", GROUPED)
def test_grouped(name, dtype, machine, tmp_path):
    """Group by group."""
    model, x = conv(np.random.default_rng(len(name)), dtype=dtype, **GROUPED[name])
    counts = check(model, x, machine, tmp_path)
    results = np.prod([d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim])
    assert counts["counts"]["mac.i8"] == results * np.prod(GROUPED[name]["w"][1:])


def computed(rng, a, b, types, zeros, raw=False):
    """A product of two tensors that are computed, of these types and zero points."""
    if raw:
        constants = {"az": np.array(zeros[0], types[0]), "bz": np.array(zeros[1], types[1])}
        names, op = ["x", "z", "az", "bz"], "MatMulInteger"
    else:
        constants = {
            "as": F32(0.02),
            "az": np.array(zeros[0], types[0]),
            "bs": F32(0.01),
            "bz": np.array(zeros[1], types[1]),
            "ys": F32(0.2),
            "yz": np.array(99, np.uint8),
        }
        names, op = ["x", "as", "az", "z", "bs", "bz", "ys", "yz"], "QLinearMatMul"
    shape = [*np.broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1]]
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"], name="node")],
        "g",
        [
            helper.make_tensor_value_info("x", tensor_type(types[0]), a),
            helper.make_tensor_value_info("z", tensor_type(types[1]), b),
        ],
        [helper.make_tensor_value_info("y", TensorProto.INT32 if raw else TensorProto.UINT8, shape)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return model, {"x": random_bytes(rng, a, types[0]), "z": random_bytes(rng, b, types[1])}


U8, I8 = np.uint8, np.int8
COMPUTED = {
    "no shifts": dict(types=(U8, I8), zeros=(128, 0)),
    "probabilities": dict(types=(U8, I8), zeros=(0, 0)),
    "one shift": dict(types=(U8, I8), zeros=(77, 0)),
    "signed": dict(types=(I8, I8), zeros=(-128, 0)),
    "unsigned": dict(types=(U8, U8), zeros=(128, 128)),
    "both": dict(types=(U8, U8), zeros=(131, 120)),
    "all parts": dict(types=(U8, U8), zeros=(0, 0)),
    "raw": dict(types=(U8, I8), zeros=(3, -7), raw=True),
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("shapes", [([1, 4, 50, 32], [1, 4, 32, 70]), ([3, 40, 300], [3, 300, 17]), ([9, 5], [5, 4])])
@pytest.mark.parametrize("name", COMPUTED)
def test_computed_factors(name, shapes, machine, tmp_path):
    """Zero points are passes of rows (or by weights) that are all alike."""
    form = COMPUTED[name]
    model, feeds = computed(np.random.default_rng(len(name)), *shapes, **form)
    counts = check(model, feeds, machine, tmp_path)["launches"][0]["counts"]
    (launch,) = aicc.CompiledModel(tmp_path / "m.so").cost().launches
    assert launch["macs"] == counts["mac.i8"]

    def parts(dtype, zero):
        shift = (128 if dtype == U8 else 0) - zero
        return 0 if shift == 0 else 2 if shift == 128 else 1

    passes = 1 + sum(parts(*pair) for pair in zip(form["types"], form["zeros"]))
    assert counts["mac.i8"] == passes * np.prod(shapes[0]) * shapes[1][-1]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("shape", [(1, 64, 1000), (128, 384, 100), (3, 5, 7), (200, 300, 48), (1, 2, 1)])
def test_matmul(shape, machine, tmp_path):
    model, x = matmul(np.random.default_rng(shape[0]), *shape, np.uint8)
    counts = check(model, x, machine, tmp_path)
    assert counts["counts"]["mac.i8"] == np.prod(shape)


@pytest.mark.parametrize("objective", ["latency", "energy", "edp"])
def test_objectives(objective, tmp_path):
    """Whatever the best mapping is, the memories have room for its tiles as programs keep them."""
    model, x = matmul(np.random.default_rng(0), 240, 480, 960, np.uint8)
    check(model, x, "gemmini16", tmp_path, objective=objective)


@pytest.mark.parametrize("attributes", [dict(strides=[2, 2]), dict(strides=[2, 3], pads=[1, 0, 0, 2])])
def test_transposed_conv(attributes, tmp_path):
    rng = np.random.default_rng(7)
    constants = {
        "xs": F32(0.02),
        "xz": np.uint8(9),
        "w": rng.integers(-127, 128, (24, 20, 2, 3)).astype(np.int8),
        "ws": rng.uniform(0.005, 0.01, 20).astype(F32),
        "wz": np.zeros(20, np.int8),
        "ys": F32(0.1),
        "yz": np.uint8(120),
    }
    model = make_model("ConvTranspose", ["xd", "wd"], constants, np.uint8, [1, 24, 9, 7], **attributes)
    model.graph.node[0].output[0] = "yd"
    model.graph.node.insert(0, helper.make_node("DequantizeLinear", ["x", "xs", "xz"], ["xd"]))
    model.graph.node.insert(1, helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wd"], axis=1))
    model.graph.node.append(helper.make_node("QuantizeLinear", ["yd", "ys", "yz"], ["y"]))
    counts = check(
        onnx.shape_inference.infer_shapes(model), random_bytes(rng, (1, 24, 9, 7), np.uint8), "gemmini16", tmp_path
    )
    # What interleaves its results multiplies nothing.
    assert [launch["name"] for launch in counts["launches"] if launch["counts"]["mac.i8"]] == ["node"]


def random_conv(rng):
    """Sizes at which something does not divide."""
    kernel = rng.integers(1, 4, 2)
    stride = rng.integers(1, 3, 2)
    dilation = rng.integers(1, 3, 2)
    size = (kernel - 1) * dilation + 1 + rng.integers(0, 12, 2)
    channels, count = rng.integers(1, 70, 2)
    return conv(
        rng,
        [int(rng.integers(1, 3)), int(channels), *map(int, size)],
        [int(count), int(channels), *map(int, kernel)],
        rng.choice([np.uint8, np.int8]),
        channels=bool(rng.integers(2)),
        bias=bool(rng.integers(2)),
        pads=[int(p) for p in rng.integers(0, 2, 4)],
        strides=[int(s) for s in stride],
        dilations=[int(d) for d in dilation],
    )


@pytest.mark.parametrize("seed", range(20))
def test_random_conv(seed, tmp_path):
    rng = np.random.default_rng(seed)
    model, x = random_conv(rng)
    check(model, x, MACHINES[seed % len(MACHINES)], tmp_path)


def test_sums_leave_as_they_are(tmp_path):
    """ConvInteger: 32-bit results."""
    rng = np.random.default_rng(0)
    constants = {"w": rng.integers(-127, 128, (20, 12, 3, 3)).astype(np.int8)}
    model = make_model("ConvInteger", ["x", "w"], constants, np.int8, [1, 12, 9, 9], TensorProto.INT32)
    check(model, random_bytes(rng, (1, 12, 9, 9), np.int8), "gemmini16", tmp_path)


def stack(rng, shape, n, dtype, form):
    """A product of a stack of matrices, quantised as QDQ or by QLinearMatMul, with real numbers after it."""
    constants = {
        "xs": F32(0.02),
        "xz": np.array(9, dtype),
        "w": rng.integers(-127, 128, (shape[-1], n)).astype(np.int8),
        "ws": F32(0.01),
        "wz": np.array(0, np.int8),
        "ys": F32(0.05),
        "yz": np.array(3, dtype),
        "b": rng.standard_normal(n).astype(F32),
    }
    node, scales = helper.make_node, ["xs", "xz"]
    if form == "QLinear":
        nodes = [node("QLinearMatMul", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"], ["q"])]
    else:
        nodes = [
            node("DequantizeLinear", ["x", *scales], ["xf"]),
            node("DequantizeLinear", ["w", "ws", "wz"], ["wf"]),
            node("MatMul", ["xf", "wf"], ["m"]),
            node("QuantizeLinear", ["m", "ys", "yz"], ["q"]),
        ]
    nodes += [node("DequantizeLinear", ["q", "ys", "yz"], ["d"]), node("Add", ["d", "b"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", tensor_type(dtype), shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [*shape[:-1], n])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return model, random_bytes(rng, shape, dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8], ids=["u8", "i8"])
@pytest.mark.parametrize("form", ["QLinear", "QDQ"])
@pytest.mark.parametrize("shape", [[1, 40, 120], [1, 9, 33]])
def test_stacks_before_real_numbers(shape, form, dtype, tmp_path):
    model, x = stack(np.random.default_rng(4), shape, 65, dtype, form)
    check(model, x, "gemmini16", tmp_path)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("shape", [(20, 12, 3, 3), (130, 12, 2, 1)])
def test_sums_of_unsigned_bytes(shape, machine, tmp_path):
    """They leave the accumulator with what the array sees too little of."""
    rng = np.random.default_rng(0)
    constants = {"w": rng.integers(-127, 128, shape).astype(np.int8)}
    model = make_model("ConvInteger", ["x", "w"], constants, np.uint8, [1, 12, 9, 9], TensorProto.INT32)
    check(model, random_bytes(rng, (1, 12, 9, 9), np.uint8), machine, tmp_path)


def test_cycles_keep_the_bounds(tmp_path):
    """No faster than the multipliers, nor than the DRAM."""
    model, x = conv(np.random.default_rng(1), [1, 64, 28, 28], [64, 64, 3, 3], np.uint8, pads=[1] * 4)
    counts = check(model, x, "gemmini16", tmp_path)
    assert counts["cycles"] >= counts["counts"]["mac.i8"] / 256
    dram = counts["counts"]["dram.read"] + counts["counts"]["dram.write"]
    assert counts["cycles"] >= dram / 16
    assert 0 < counts["utilization"] <= 1


def test_trace(tmp_path):
    model, x = matmul(np.random.default_rng(0), 16, 64, 64, np.int8)
    onnx.save(model, tmp_path / "m.onnx")
    aicc.compile(tmp_path / "m.onnx", target="systolic/gemmini16").save(tmp_path / "m.so")
    trace = tmp_path / "t.json"
    subprocess.run([tool("aicc-run"), tmp_path / "m.so", "--random", f"--trace={trace}"], check=True)
    events = json.loads(trace.read_text())["traceEvents"]
    assert any("execute.multiply" in str(event.get("name", "")) + str(event.get("args", "")) for event in events)


def test_float_models_are_refused_with_a_hint(tmp_path):
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="mm")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 8])],
        [numpy_helper.from_array(np.ones((8, 8), F32), "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), tmp_path / "f.onnx")
    with pytest.raises(aicc.CompileError, match="--quantize=int8 --calibration=DIR") as error:
        aicc.compile(tmp_path / "f.onnx", target="systolic/gemmini16")
    assert error.value.code == "E_UNSUPPORTED"


MACHINE = """
family: systolic
name: small
source: "a test"
clock_mhz: {value: 100, source: "a test"}
array:
  rows: 16
  cols: 16
  dataflows: [weight_stationary]
memories:
  - {name: w, bytes: 2, holds: [weight], per: [rows, cols], double_buffered: true,
     bytes_per_cycle: {value: 1, source: "a test"}, read_pj_per_byte: {value: 0.1, source: "a test"}}
  - {name: acc, bytes: ACC, holds: [output], bytes_per_cycle: {value: 64, source: "a test"},
     read_pj_per_byte: {value: 1, source: "a test"}}
  - {name: sp, bytes: SP, holds: [input, weight], bytes_per_cycle: {value: 64, source: "a test"},
     read_pj_per_byte: {value: 1, source: "a test"}}
  - {name: dram, bytes: 0, bytes_per_cycle: {value: 8, source: "a test"},
     read_pj_per_byte: {value: 60, source: "a test"}}
energy:
  mac_i8_pj: {value: 0.1, source: "a test"}
"""


def test_small_memories(tmp_path):
    """Tiles that fit a few rows, and a machine that cannot hold one."""
    model, x = conv(np.random.default_rng(5), [1, 40, 12, 12], [40, 40, 3, 3], np.uint8, pads=[1] * 4)
    onnx.save(model, tmp_path / "m.onnx")
    expected = aicc.compile(tmp_path / "m.onnx", target="cpu")(x)
    machine = tmp_path / "small.yaml"
    machine.write_text(MACHINE.replace("ACC", "4096").replace("SP", "2048"))
    assert np.array_equal(aicc.compile(tmp_path / "m.onnx", target=str(machine))(x), expected)
    machine.write_text(MACHINE.replace("ACC", "4096").replace("SP", "256"))
    with pytest.raises(aicc.CompileError, match="memory 'sp' cannot hold one tile: 16 bytes short of 272"):
        aicc.compile(tmp_path / "m.onnx", target=str(machine))


def test_predicted_beside_counted(tmp_path):
    """The report's launches are those of a run, by name and in order (docs/counts.md)."""
    model, x = conv(np.random.default_rng(3), dtype=np.int8, **CONVS["3x3"])
    counted = check(model, x, "gemmini16", tmp_path)
    cost = aicc.CompiledModel(tmp_path / "m.so").cost()
    assert (
        [launch["node"] for launch in cost.launches] == [launch["name"] for launch in counted["launches"]] == ["node"]
    )
    for predicted, run in zip(cost.launches, counted["launches"]):
        assert predicted["macs"] == run["counts"]["mac.i8"]
        assert predicted["dataflow"] == "weight_stationary"
        assert predicted["utilization"] == pytest.approx(predicted["macs"] / (256 * predicted["cycles"]))
        assert predicted["cycles"] == predicted["compute_cycles"] + predicted["stall_cycles"]
        for direction in ("read", "write"):
            assert predicted["bytes"]["dram"][direction] == run["counts"][f"dram.{direction}"]

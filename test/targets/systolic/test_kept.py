"""Tensors that stay in the scratchpad between groups: the same bytes as on the host, and counts as predicted."""

import re
import subprocess

import aicc
import numpy as np
import onnx
import pytest
import yaml
from conftest import ROOT, tool
from onnx import helper
from test_predicted import counter, measure
from test_programs import F32, MACHINES, random_bytes
from test_vector import graph_of, node, run_both


class Chain:
    """A random graph of quantised operators on images of bytes, each reading one of the last two tensors."""

    def __init__(self, rng, dtype, shape):
        self.rng, self.dtype, self.nodes, self.constants = rng, dtype, [], {}
        self.shape, self.last, self.operators = shape, ("x", shape), []
        self.parameters("x")
        self.older = self.last

    def parameters(self, name):
        info = np.iinfo(self.dtype)
        self.constants[f"{name}_s"] = F32(self.rng.uniform(0.01, 0.05))
        self.constants[f"{name}_z"] = np.array(self.rng.integers(info.min, info.max + 1), self.dtype)

    def real(self, name):
        """`name` dequantised, once for each reader."""
        result = f"{name}_real{len(self.nodes)}"
        self.nodes.append(node("DequantizeLinear", [name, f"{name}_s", f"{name}_z"], [result]))
        return result

    def finish(self, operator, inputs, shape, same=None, **attributes):
        """An operator on reals and its quantisation, by the parameters of tensor `same`, if given."""
        name = f"t{len(self.operators)}"
        self.operators.append(operator)
        self.nodes.append(node(operator, inputs, [f"{name}_r"], **attributes))
        if same is None:
            self.parameters(name)
        else:
            self.constants |= {f"{name}_{part}": self.constants[f"{same}_{part}"] for part in "sz"}
        self.nodes.append(node("QuantizeLinear", [f"{name}_r", f"{name}_s", f"{name}_z"], [name]))
        self.older, self.last = self.last, (name, shape)

    def conv(self, out, kernel, stride=1, group=1):
        name, (n, c, h, w) = self.last
        weights = self.rng.integers(-127, 128, (out, c // group, kernel, kernel)).astype(np.int8)
        key = f"w{len(self.nodes)}"
        self.constants |= {key: weights, f"{key}_s": F32(0.01), f"{key}_z": np.int8(0)}
        x = self.real(name)
        self.nodes.append(node("DequantizeLinear", [key, f"{key}_s", f"{key}_z"], [f"{key}_real"]))
        pad = kernel // 2
        size = [(side + 2 * pad - kernel) // stride + 1 for side in (h, w)]
        self.finish(
            "Conv",
            [x, f"{key}_real"],
            (n, out, *size),
            pads=[pad] * 4,
            strides=[stride] * 2,
            group=group,
            kernel_shape=[kernel] * 2,
        )

    def pool(self, operator):
        name, (n, c, h, w) = self.last
        attributes = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}
        same = name if operator == "MaxPool" else None
        if operator == "AveragePool":
            attributes = {"kernel_shape": [2, 2], "strides": [1, 1]}
        shape = (n, c, (h + 1) // 2, (w + 1) // 2) if operator == "MaxPool" else (n, c, h - 1, w - 1)
        self.finish(operator, [self.real(name)], shape, same, **attributes)

    def step(self):
        """One more operator that the array runs."""
        name, shape = self.last
        small = min(shape[2:]) < 4
        kind = self.rng.integers(0, 8)
        if kind == 0 and self.older[1] == shape and self.older[0] != name:
            self.finish("Add", [self.real(name), self.real(self.older[0])], shape)
        elif kind == 1 and not small:
            self.pool(self.rng.choice(["MaxPool", "AveragePool"]))
        elif kind == 2:
            self.finish("HardSigmoid", [self.real(name)], shape)
        elif kind == 3:
            self.conv(shape[1], 3, group=shape[1])
        else:
            out = shape[1] if kind == 4 else int(self.rng.integers(1, 70))
            self.conv(out, int(self.rng.choice([1, 3])), stride=1 if small else int(self.rng.choice([1, 1, 2])))

    def model(self):
        name, shape = self.last
        self.nodes.append(node("Identity", [name], ["y"]))
        return graph_of(self.nodes, {"x": list(self.shape)}, self.dtype, self.constants, 4)


def chain(seed, steps=5):
    rng = np.random.default_rng(seed)
    dtype = [np.uint8, np.int8][seed % 2]
    made = Chain(rng, dtype, (1, int(rng.integers(1, 40)), *rng.integers(5, 15, 2).tolist()))
    for _ in range(steps):
        made.step()
    return made


def kept(path, machine):
    """The rows on the chip by group: [operands ..., result]."""
    text = subprocess.run(
        [tool("aicc"), path, f"--target={machine}", "--emit=mapped", "-o", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = re.findall(r"on_chip = #aicc.on_chip<room = \d+, rows = \[([-0-9, ]*)\]", text)
    return [[int(row) for row in group.split(",")] for group in rows]


@pytest.mark.parametrize("seed", range(24))
def test_random_chains(seed, tmp_path):
    machine, made = MACHINES[seed % len(MACHINES)], chain(seed)
    x = random_bytes(np.random.default_rng(seed), list(made.shape), made.dtype)
    launches = run_both(made.model(), {"x": x}, machine, tmp_path, launches=None)["launches"]
    # Functions of one byte that follow each other are one group.
    assert 1 < len(launches) <= len(made.operators)
    assert launches[-1]["counts"]["store.write"] > 0


@pytest.mark.parametrize("machine", ["gemmini16", "edge64"])
def test_all_between_the_ends_stays(machine, tmp_path):
    # Channels that fill the rows of the scratchpad.
    made = Chain(np.random.default_rng(0), np.uint8, (1, 64, 14, 14))
    for _ in range(3):
        made.conv(64, 1)
    made.finish("Add", [made.real(made.last[0]), made.real(made.older[0])], made.last[1])
    made.pool("AveragePool")
    made.conv(128, 1)
    x = random_bytes(np.random.default_rng(1), list(made.shape), made.dtype)
    launches = run_both(made.model(), {"x": x}, machine, tmp_path, launches=6)["launches"]
    assert [launch["counts"]["store.write"] > 0 for launch in launches] == [False] * 5 + [True]
    groups = kept(tmp_path / "m.onnx", f"systolic/{machine}")
    assert [group[-1] >= 0 for group in groups] == [True] * 5 + [False]


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 5])
def test_counts_are_predicted(seed, tmp_path):
    made = chain(seed)
    predicted, counted = measure(made.model(), MACHINES[seed % len(MACHINES)], tmp_path)
    assert len(predicted) == len(counted)
    for number, (launch, run) in enumerate(zip(predicted, counted)):
        for component, (count, _) in launch["items"].items():
            key = counter(component)
            # Inputs with few channels begin anywhere in an access.
            rel = 0.05 if key and key.startswith("dram") else 1e-9
            if key:
                assert count == pytest.approx(run["counts"][key], rel=rel), (number, component, made.operators)


def test_without_room_tensors_leave(tmp_path):
    """A scratchpad in which nothing but tiles has room: the same bytes, and nothing kept."""
    made = Chain(np.random.default_rng(0), np.uint8, (1, 32, 12, 12))
    for _ in range(3):
        made.conv(32, 3)
    machine = yaml.safe_load((ROOT / "targets/systolic/machines/gemmini16.yaml").read_text())
    next(m for m in machine["memories"] if m["name"] == "scratchpad")["bytes"] = 4096
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(machine))
    onnx.save(made.model(), tmp_path / "m.onnx")
    assert not any(row >= 0 for group in kept(tmp_path / "m.onnx", file) for row in group)
    x = random_bytes(np.random.default_rng(1), [1, 32, 12, 12], np.uint8)
    expected = aicc.compile(tmp_path / "m.onnx", target="cpu")(x=x)
    assert np.array_equal(aicc.compile(tmp_path / "m.onnx", target=str(file))(x=x), expected)


def test_what_others_read_leaves(tmp_path):
    """A tensor that is a result of the model too has to be in the host's memory."""
    made = Chain(np.random.default_rng(0), np.uint8, (1, 16, 8, 8))
    for _ in range(3):
        made.conv(16, 3)
    model = made.model()
    model.graph.output.append(helper.make_tensor_value_info("t1", onnx.TensorProto.UINT8, [1, 16, 8, 8]))
    onnx.save(model, tmp_path / "m.onnx")
    results = [group[-1] >= 0 for group in kept(tmp_path / "m.onnx", "systolic/gemmini16")]
    assert results == [True, False], "the first of three results stays, the second leaves"
    x = random_bytes(np.random.default_rng(1), [1, 16, 8, 8], np.uint8)
    expected = aicc.compile(tmp_path / "m.onnx", target="cpu")(x=x)
    found = aicc.compile(tmp_path / "m.onnx", target="systolic/gemmini16")(x=x)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected))


def test_a_second_run_finds_nothing_of_the_first(tmp_path):
    made = chain(3)
    onnx.save(made.model(), tmp_path / "m.onnx")
    array = aicc.compile(tmp_path / "m.onnx", target="systolic/gemmini16")
    host = aicc.compile(tmp_path / "m.onnx", target="cpu")
    for seed in range(3):
        x = random_bytes(np.random.default_rng(seed), list(made.shape), made.dtype)
        assert np.array_equal(array(x=x), host(x=x))

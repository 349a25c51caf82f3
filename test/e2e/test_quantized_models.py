"""Models that ONNX Runtime quantises (QDQ), beside ONNX Runtime: within one step on 99.9 % of the values."""

import subprocess

import numpy as np
import onnx
import pytest
from conftest import Artifact, Reference, run_tool, tool
from models import quantized, zoo
from onnx import helper

MODELS = ["lcnet_orientation", "gen_resnet50", "gen_mobilenetv2", "minilm_l6_fp32"]


@pytest.fixture(scope="module")
def quantised():
    """quantised(name): path of the quantised model; the test is skipped where the model cannot be fetched."""

    def get(name):
        try:
            zoo.path(name)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"{name} cannot be fetched: {error}")
        return quantized.path(name)

    return get


def quantised_values(model):
    """The names of all quantised activations, which become outputs of the model."""
    constants = {tensor.name for tensor in model.graph.initializer}
    names = [n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear" and n.input[0] not in constants]
    known = {value.name for value in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    return names


def cut(model, values):
    """Makes inputs of what the operators read: each then works on given values, and errors do not add up."""
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in values:
            node.input[0] = f"given_{node.input[0]}"
    for name, value in values.items():
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        model.graph.input.append(helper.make_tensor_value_info(f"given_{name}", kind, value.shape))


def compiled_for(name, path, outputs, folder):
    """The model of `path` at the shapes of the zoo's `name`, by the tools: not every build has the Python package."""
    output = folder / "model.so"
    done = run_tool(tool("aicc"), str(path), f"-o{output}", *zoo.manifest()[name].shape_flags())
    assert done.returncode == 0, done.stderr
    return Artifact(output, outputs)


def steps(got, want):
    return np.abs(got.astype(np.int64) - want.astype(np.int64))


@pytest.mark.parametrize("name", MODELS)
def test_each_operator_is_within_one_step(name, quantised, tmp_path):
    model, feeds = onnx.load(quantised(name)), zoo.random_inputs(name)
    names = quantised_values(model)
    assert len(names) > 50
    model = onnx.shape_inference.infer_shapes(model)
    onnx.save(model, tmp_path / "whole.onnx")
    reference = Reference(tmp_path / "whole.onnx").run(feeds)
    want = {name: reference[name] for name in names}
    cut(model, want)
    onnx.save(model, tmp_path / "cut.onnx")
    feeds |= {f"given_{name}": value for name, value in want.items()}
    got = compiled_for(name, tmp_path / "cut.onnx", names, tmp_path).run(feeds, tmp_path)
    for name, value in want.items():
        assert got[name].dtype == value.dtype
        assert (steps(got[name], value) <= 1).mean() >= 0.999, name
    equal, total = sum((got[n] == want[n]).sum() for n in names), sum(want[n].size for n in names)
    print(f"{equal} of {total} values are equal")
    assert equal >= 0.999 * total


@pytest.mark.parametrize("name", ["lcnet_orientation", "gen_resnet50"])
def test_the_whole_model_is_within_one_step(name, quantised, tmp_path):
    path, feeds = quantised(name), zoo.random_inputs(name)
    reference = Reference(path)
    want = reference.run(feeds)
    got = compiled_for(name, path, reference.outputs, tmp_path).run(feeds, tmp_path)
    for output, value in want.items():
        # Outputs are dequantised: neighbours differ by a step.
        step = np.diff(np.unique(value)).min()
        assert (np.abs(got[output] - value) <= 1.01 * step).mean() >= 0.999


@pytest.mark.parametrize("name", MODELS)
def test_no_product_is_left_to_floats(name, quantised):
    flags = zoo.manifest()[name].shape_flags()
    done = run_tool(tool("aicc"), str(quantised(name)), "--emit=graph", "-o-", "--quiet", *flags)
    assert done.returncode == 0, done.stderr
    found = [op for op in ("Conv", "MatMul", "Gemm", "Mul", "Add") if f"= onnx.{op} " in done.stdout]
    assert found == []

"""python -m aicc.verify: agreement, and the first node that differs."""

import numpy
import onnx
import pytest
from aicc import verify
from onnx import TensorProto, helper


@pytest.fixture
def chain(tmp_path):
    """x -> Relu -> Neg -> Exp, [2, 3]."""
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="first"),
        helper.make_node("Neg", ["a"], ["b"], name="second"),
        helper.make_node("Exp", ["b"], ["y"], name="third"),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy"]
    graph = helper.make_graph(nodes, "chain", values[:1], values[1:])
    path = tmp_path / "chain.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return str(path)


@pytest.mark.parametrize("reference", ["ort", "onnx"])
def test_agreement(chain, capsys, reference):
    assert verify.main([chain, "--shape=x:2x3", f"--reference={reference}", "--per-node"]) == 0
    assert "ok   output 'y' float32[2, 3]" in capsys.readouterr().out


def test_inputs_from_a_file(chain, tmp_path, capsys):
    numpy.savez(tmp_path / "in.npz", x=numpy.ones((4, 3), numpy.float32))
    assert verify.main([chain, f"--inputs={tmp_path / 'in.npz'}"]) == 0
    assert "float32[4, 3]" in capsys.readouterr().out


@pytest.mark.parametrize("fused", [False, True])
def test_finds_the_first_difference(chain, capsys, monkeypatch, fused):
    """A reference that is wrong from the second node on stands in for a compiler that is.

    With fused, the values only differ in models with one output, as where a fusion is wrong."""
    true_run = verify.run_reference

    def wrong(model, inputs, kind, folder):
        values = true_run(model, inputs, kind, folder)
        return {name: value + (name in "by") for name, value in values.items()}

    monkeypatch.setattr(verify, "run_reference", wrong)
    if fused:
        compiled_run = verify.run_compiled

        def right_when_all_are_outputs(model, *rest):
            values = compiled_run(model, *rest)
            shift = len(values) > 1
            return {name: value + (shift and name in "by") for name, value in values.items()}

        monkeypatch.setattr(verify, "run_compiled", right_when_all_are_outputs)
    assert verify.main([chain, "--shape=x:2x3", "--per-node"]) == 4
    assert "first difference: node 'second' (Neg), output 'b'" in capsys.readouterr().out


def test_bad_calls(chain, tmp_path, capsys):
    assert verify.main([chain, "--shape=z:2x3"]) == 1
    assert verify.main([str(tmp_path / "none.onnx")]) == 1
    assert "none.onnx" in capsys.readouterr().err

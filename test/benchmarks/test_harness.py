"""The benchmarks' harness: what it says of engines and of ratios. No times are judged."""

import pathlib
import sys

import numpy
import onnx
import pytest
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks"))
import compare  # noqa: E402
import harness  # noqa: E402


def row(name, aicc, onnxruntime, **peers):
    times = {"aicc": aicc, "onnxruntime": onnxruntime, **peers}
    found = {f"{engine}_{n}t": {"median_us": us} for engine, us in times.items() for n in compare.THREADS}
    return {"model": name, "peer_errors": dict.fromkeys(peers, 0.0), "absent": {}, "fma_gflops": 100.0, **found}


@pytest.fixture
def relu(tmp_path):
    """A model of two outputs, and a file of its input."""
    x, *results = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xyz")
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["z"])]
    graph = helper.make_graph(nodes, "relu", [x], results)
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=10), tmp_path / "relu.onnx")
    numpy.savez(tmp_path / "inputs.npz", x=numpy.float32([-1, 2, -3, 4]))
    return tmp_path / "relu.onnx", tmp_path / "inputs.npz"


def test_outputs_and_times_come_from_the_engine(relu, tmp_path):
    with harness.Turns({"onnxruntime": relu[0]}, 1, relu[1], tmp_path) as turns:
        y, z = turns.outputs("onnxruntime", tmp_path / "outputs.npz")
        timing = turns.measure(rounds=2, batch_s=0, least=3)["onnxruntime"]
    assert y.tolist() == [0, 2, 0, 4] and z.tolist() == [1, -2, 3, -4]
    assert timing.runs == 6


def test_an_engine_that_fails_says_why(relu, tmp_path):
    with harness.Turns({"onnxruntime": tmp_path / "none.onnx"}, 1, relu[1], tmp_path) as turns:
        with pytest.raises(RuntimeError, match="onnxruntime: .*none.onnx"):
            turns.outputs("onnxruntime", tmp_path / "outputs.npz")


def test_relative_error_is_the_worst_output():
    wanted = [numpy.float32([1, 4]), numpy.float32([0, 10])]
    assert compare.relative_error([numpy.float32([1, 3]), numpy.float32([1, 10])], wanted) == 0.25
    with pytest.raises(ValueError):
        compare.relative_error(wanted[:1], wanted)


def test_the_lead_is_over_the_fastest_fp32_peer():
    # OpenVINO's default may compute in bf16: it is shown, not compared with.
    assert compare.lead(row("m", 10, 20, openvino_f32=15, openvino=5), 1) == 1.5
    assert compare.lead(row("m", 10, 20), 2) == 2


def test_the_table_of_peers_names_what_is_absent():
    rows = [row("here", 10, 20, openvino_f32=15, openvino=5, aicc_bf16=4), row("gone", 10, 20)]
    rows[0]["macs"] = 300_000
    rows[1]["absent"] = {"openvino": "no such operator"}
    text = compare.peer_table(rows)
    own = "| here | 1 | 0.01 | 60.0 | 60 % | 0.004 | 0.02 | 0.015 (0.0e+00) | 0.005 (0.0e+00) "
    assert own + "| absent | absent | 1.50 | 1.25 |" in text
    assert "Absent, openvino: gone (no such operator)." in text
    assert "geometric mean 1.73, least 1.50; below 1: none." in text
    assert compare.peer_table([row("alone", 1, 1)]) == ""


def test_check_finds_what_became_slower():
    recorded = [row("a", 10, 20), row("b", 10, 20), row("c", 10, 20)]
    rows = [row("a", 11, 20), row("b", 12, 20), {"model": "c", "error": "no"}, row("new", 99, 1)]
    assert compare.worse(rows, recorded) == [
        "b, threads 1: ratio 0.60, was 0.50",
        "b, threads 2: ratio 0.60, was 0.50",
        "c: no",
    ]

"""Operations of functions as predicted, beside those of the final LLVM IR."""

import re
import sys

import onnx
import pytest
from conftest import ROOT, run_tool, tool
from onnx import TensorProto, helper

sys.path.insert(0, str(ROOT / "benchmarks" / "counted"))
import flops  # noqa: E402

COUNT = 1003  # not a multiple of the lanes


def compiled(folder, nodes, element):
    """The program of x -> y in the forms `loops` and `llvm`."""
    x, y = (helper.make_tensor_value_info(name, element, [COUNT]) for name in "xy")
    graph = helper.make_graph(nodes, "g", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    onnx.save(model, folder / "net.onnx")
    files = []
    for kind in ("loops", "llvm"):
        files.append(folder / f"net.{kind}")
        command = [tool("aicc"), str(folder / "net.onnx"), "--target=cpu/x86_64_v3", "--mcpu=x86-64-v3"]
        done = run_tool(*command, "--threads=1", "--quiet", f"--emit={kind}", "-o", str(files[-1]))
        assert done.returncode == 0, done.stderr
    return files


def check(folder, op, element):
    loops, llvm = compiled(folder, [helper.make_node(op, ["x"], ["y"])], element)
    predicted = re.findall(r"aicc\.flops = array<i64: \d+, (\d+)>", loops.read_text())
    assert len(predicted) == 1
    counted = flops.count(llvm)
    assert int(predicted[0]) == sum(counted.values()) > 0


FUNCTIONS = [
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "Cos",
    "Cosh",
    "Erf",
    "Exp",
    "Log",
    "Sin",
    "Sinh",
    "Tan",
]


@pytest.mark.parametrize("op", [*FUNCTIONS, "Tanh", "Sigmoid", "Gelu", "Softplus", "Selu", "Mish"])
def test_functions_in_f32(tmp_path, op):
    check(tmp_path, op, TensorProto.FLOAT)


@pytest.mark.parametrize("op", ["Exp", "Log", "Tanh", "Sin", "Sigmoid"])
def test_functions_in_f64(tmp_path, op):
    check(tmp_path, op, TensorProto.DOUBLE)

"""Costs as Python objects: sums, rows, errors; estimates by the compiler itself."""

import concurrent.futures
import csv
import dataclasses
import json
import time

import aicc
import jsonschema
import numpy
import onnx
import pytest
from conftest import ROOT, run_tool, tool
from report import fixtures
from test_compile import mlp, single

SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text())
FLOAT = onnx.TensorProto.FLOAT


@pytest.fixture(scope="module", params=["resnet50", "bert", "hostile"])
def text(request, tmp_path_factory):
    """A report, written by the compiler's own writer."""
    folder = tmp_path_factory.mktemp("reports")
    source, path = folder / "source.json", folder / "report.json"
    source.write_text(json.dumps(getattr(fixtures, request.param)()))
    done = run_tool(tool("aicc-report"), str(source), "-o", str(path))
    assert done.returncode == 0, done.stderr
    return path.read_text()


def test_totals_are_the_sums_of_the_parts(text):
    cost = aicc.Cost.from_json(text)
    nodes = cost.by_node()
    assert [node.name for node in nodes] == [node["name"] for node in json.loads(text)["nodes"]]
    assert sum(node.energy_pj for node in nodes) == pytest.approx(cost.energy_pj, rel=1e-9)
    assert sum(item.energy_pj for node in nodes for item in node.items) == pytest.approx(cost.energy_pj, rel=1e-9)
    assert sum(cost.by_component().values()) == pytest.approx(cost.energy_pj, rel=1e-9)
    assert sum(cost.by_op().values()) == pytest.approx(cost.energy_pj, rel=1e-9)
    assert sum(node.time_us for node in nodes) == pytest.approx(cost.time_us, rel=1e-9)
    assert sum(node.macs for node in nodes) == cost.macs
    for memory, moved in cost.by_memory().items():
        read = sum(node.bytes.get(memory, {}).get("read", 0) for node in nodes)
        assert read == pytest.approx(moved["read"], rel=1e-9)
    for energies in (cost.by_component(), cost.by_op()):
        assert list(energies.values()) == sorted(energies.values(), reverse=True)
    assert cost.edp_pj_us == cost.energy_pj * cost.time_us


def test_nothing_of_a_report_is_lost(text):
    cost = aicc.Cost.from_json(text)
    assert cost.to_dict() == json.loads(text)
    cost.to_dict()["totals"]["energy_pj"] = -1
    assert cost.energy_pj > 0
    node, made = cost.by_node()[0], json.loads(text)["nodes"][0]
    assert [dataclasses.asdict(item) for item in node.items] == made["items"]
    assert [dataclasses.asdict(other) for other in node.alternatives] == made["alternatives"]


def test_rows_make_a_table(text, tmp_path):
    rows = aicc.Cost.from_json(text).rows()
    assert all(row.keys() == rows[0].keys() for row in rows)
    with open(tmp_path / "rows.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({key: repr(value) for key, value in row.items()} for row in rows)
    energies = [column for column in rows[0] if column.endswith("_pj") and column != "energy_pj"]
    for row in rows:
        assert sum(row[column] for column in energies) == pytest.approx(row["energy_pj"], rel=1e-9)


def test_texts(text):
    cost = aicc.Cost.from_json(text)
    assert cost.model in repr(cost) and cost.target in repr(cost)
    shown = str(cost)
    assert next(iter(cost.by_component())) in shown and cost.objective in shown
    assert max(cost.by_node(), key=lambda node: node.energy_pj).name in shown


def test_cost_cannot_be_assigned_to(text):
    cost = aicc.Cost.from_json(text)
    for made in (cost, cost.by_node()[0], cost.by_node()[0].items[0]):
        with pytest.raises(dataclasses.FrozenInstanceError):
            made.energy_pj = 0


def test_saved_json_is_the_report(text, tmp_path):
    aicc.Cost.from_json(text).save(tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == json.loads(text)


@pytest.mark.parametrize("wrong", ["", "[]", "3", "{}", '{"schema_version": 1}', '{"schema_version": 1, "totals": []}'])
def test_what_is_not_a_report_is_refused(wrong):
    with pytest.raises(ValueError, match="not a report"):
        aicc.Cost.from_json(wrong)


def test_another_version_is_refused(text):
    with pytest.raises(ValueError, match="version 2"):
        aicc.Cost.from_json(json.dumps(json.loads(text) | {"schema_version": 2}))


# ------------------------------------------------------------------ by the compiler


@pytest.mark.parametrize("target", ["cpu/x86_64_v3", "systolic/gemmini16"])
def test_estimate(target):
    cost = aicc.estimate(mlp()[0], target=target, objective="energy")
    jsonschema.validate(cost.to_dict(), SCHEMA)
    assert cost.target == target and cost.objective == "energy"
    assert cost.energy_pj > 0 and cost.time_us > 0
    assert cost.macs >= 2 * 3 * 4  # Those of the Gemm, [2, 3] by [3, 4].
    assert {node.name for node in cost.by_node()} | {f["node"] for f in cost.fallbacks} == {"dense", "act", "sum"}
    assert sum(node.energy_pj for node in cost.by_node()) == pytest.approx(cost.energy_pj, rel=1e-9)


def lookup():
    """Rows of a table by index, a product, and its softmax: [16, 64] between each of them."""
    table, weights = (numpy.ones(shape, numpy.float32) for shape in ((100, 64), (64, 64)))
    return onnx.helper.make_model(onnx.helper.make_graph(
        [onnx.helper.make_node("Gather", ["table", "ids"], ["rows"], name="lookup"),
         onnx.helper.make_node("MatMul", ["rows", "weights"], ["sums"], name="product"),
         onnx.helper.make_node("Softmax", ["sums"], ["y"], name="softmax")],
        "lookup",
        [onnx.helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, [16])],
        [onnx.helper.make_tensor_value_info("y", FLOAT, [16, 64])],
        [onnx.numpy_helper.from_array(table, "table"), onnx.numpy_helper.from_array(weights, "weights")],
    ), opset_imports=[onnx.helper.make_opsetid("", 17)])  # fmt: skip


@pytest.mark.parametrize(
    ("target", "on_host"),
    [("systolic/gemmini16", {"lookup", "softmax"}), ("imc/hermes", {"lookup", "softmax"}), ("gpu/a100", {"lookup"})],
)
def test_what_stays_with_the_host_is_priced(target, on_host):
    cost = aicc.estimate(lookup(), target=target, mcpu="x86-64-v3")
    assert {fallback["node"] for fallback in cost.fallbacks} == on_host
    nodes = {node.name: node for node in cost.by_node()}
    assert set(nodes) == {"lookup", "product", "softmax"}
    for name, node in nodes.items():
        is_host = name in on_host
        assert node.target == ("cpu/x86_64_v3" if is_host else target)
        assert any(key.startswith("cpu.") for key in node.energy_pj_by_component) == is_host
        assert node.energy_pj > 0 and node.time_us > 0
    assert cost.energy_pj == pytest.approx(sum(node.energy_pj for node in nodes.values()), rel=1e-9)
    # What passes between the two is copied once, and its host's end pays for it.
    outermost = cost.report["machine"]["bandwidths"][-1]["memory"]
    assert nodes["lookup"].bytes[outermost] == {"read": 0, "write": 16 * 64 * 4}
    if "softmax" in on_host:
        assert nodes["softmax"].bytes[outermost]["read"] == pytest.approx(16 * 64 * 4)
        assert nodes["softmax"].bytes[outermost]["write"] == 0
    figures = {(figure["part"], figure["name"]) for figure in cost.report["machine"]["figures"]}
    assert ("cpu.dram", "read_pj_per_byte") in figures


def test_the_host_is_the_processor_of_mcpu():
    slow, fast = (aicc.estimate(lookup(), target="imc/hermes", mcpu=cpu) for cpu in ("x86-64-v2", "x86-64-v4"))
    times = [{node.name: node.time_us for node in cost.by_node()} for cost in (slow, fast)]
    assert times[0]["product"] == times[1]["product"]
    assert times[0]["softmax"] > times[1]["softmax"]


def test_estimates_are_the_same_each_time(tmp_path):
    onnx.save(mlp()[0], tmp_path / "m.onnx")
    first, again = (aicc.estimate(tmp_path / "m.onnx", target="cpu/x86_64_v3") for _ in range(2))
    assert first == again
    assert first == aicc.estimate(str(tmp_path / "m.onnx"), target="cpu/x86_64_v3", objective="latency")


def test_estimate_grows_with_the_model():
    def matmul(n):
        model = single("MatMul", {"a": (FLOAT, [n, 64]), "b": (FLOAT, [64, 64])}, (FLOAT, [n, 64]))
        return aicc.estimate(model, target="cpu/x86_64_v3")

    small, large = matmul(64), matmul(256)
    assert large.macs == 4 * small.macs
    assert large.energy_pj > small.energy_pj and large.time_us > small.time_us


def test_estimate_takes_shapes():
    model = single("Relu", {"x": (FLOAT, ["n", 4])}, (FLOAT, ["n", 4]))
    few, many = (aicc.estimate(model, target="cpu/x86_64_v3", shapes={"x": (n, 4)}) for n in (10, 10_000))
    assert many.energy_pj > few.energy_pj


def test_errors_of_an_estimate(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"this is no model")
    with pytest.raises(aicc.CompileError) as error:
        aicc.estimate(tmp_path / "no.onnx")
    assert error.value.status == 1 and error.value.code == "E_PARSE"
    with pytest.raises(aicc.CompileError) as error:
        aicc.estimate(mlp()[0], target="nowhere/nothing")
    assert error.value.code == "E_UNSUPPORTED" and "nowhere" in str(error.value)
    with pytest.raises(ValueError, match="no-such-option"):
        aicc.estimate(mlp()[0], no_such_option=1)
    with pytest.raises(TypeError):
        aicc.estimate(3)


def test_cost_of_a_compiled_model(tmp_path):
    model = aicc.compile(mlp()[0], target="cpu/x86_64_v3")
    cost = model.cost()
    jsonschema.validate(cost.to_dict(), SCHEMA)
    assert {node.name for node in cost.by_node()} == {"dense", "act", "sum"}
    assert cost.energy_pj == aicc.estimate(mlp()[0], target="cpu/x86_64_v3").energy_pj
    model.save(tmp_path / "m.so")
    assert aicc.load(tmp_path / "m.so").cost() == cost


def test_report_of_a_compiled_model(tmp_path):
    model = aicc.compile(mlp()[0], target="cpu/x86_64_v3")
    model.report(tmp_path / "m.json")
    jsonschema.validate(json.loads((tmp_path / "m.json").read_text()), SCHEMA)
    model.report(tmp_path / "m.html")
    page = (tmp_path / "m.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>") and "dense" in page
    with pytest.raises(OSError):
        model.report(tmp_path / "missing" / "m.html")


def test_other_threads_go_on_during_an_estimate(tmp_path):
    """The GIL is released: this thread gets its turns during an estimate, many of them."""
    count, value = 400, onnx.helper.make_tensor_value_info
    nodes = [onnx.helper.make_node("Relu", [f"v{i}"], [f"v{i + 1}"], name=f"n{i}") for i in range(count)]
    ends = [value("v0", FLOAT, [32, 32])], [value(f"v{count}", FLOAT, [32, 32])]
    graph = onnx.helper.make_graph(nodes, "chain", *ends)
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "chain.onnx")
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        future, turns = executor.submit(aicc.estimate, tmp_path / "chain.onnx", "cpu/x86_64_v3"), 0
        while not future.done():
            time.sleep(0.0005)
            turns += 1
    assert len(future.result().by_node()) == count
    # One that holds it leaves a turn before and a turn after.
    assert turns > 4

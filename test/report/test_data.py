"""The JSON form: what follows from the items, the schema, and what is refused."""

import collections
import copy
import json
import re
import subprocess

import fixtures
import pytest
from conftest import run_tool, tool
from reports import NAMES, SCHEMA, aicc_report, changed, folder, written


def energy_of(node):
    return sum(item["count"] * item["pj_each"] for item in node["items"])


@pytest.mark.parametrize("name", NAMES)
def test_sums(name):
    made, data = written(name).made, written(name).data
    totals = data["totals"]
    assert totals["energy_pj"] == pytest.approx(sum(map(energy_of, made["nodes"])), rel=1e-12)
    assert totals["time_us"] == pytest.approx(sum(node["time_us"] for node in made["nodes"]), rel=1e-12)
    assert totals["macs"] == sum(node["macs"] for node in made["nodes"])
    assert sum(totals["energy_pj_by_component"].values()) == pytest.approx(totals["energy_pj"], rel=1e-12)
    for node, source in zip(data["nodes"], made["nodes"], strict=True):
        assert sum(node["energy_pj"].values()) == pytest.approx(energy_of(source), rel=1e-12)
        moved = collections.Counter()
        for item in source["items"]:
            if item["unit"] == "bytes":
                moved[item["component"]] += item["count"]
        for component, count in moved.items():
            memory, _, direction = component.rpartition(".")
            assert node["bytes"][memory][direction] == pytest.approx(count, rel=1e-12)
    assert set(totals["bytes"]) == {memory for node in data["nodes"] for memory in node["bytes"]}


def test_launches():
    """What a program on an array does follows from its items; reports of other machines have none."""
    made, data = written("bert").made, written("bert").data
    assert len(data["launches"]) == len(made["launches"]) > 50
    for launch, source in zip(data["launches"], made["launches"], strict=True):
        assert launch["stall_cycles"] == pytest.approx(launch["cycles"] - launch["compute_cycles"])
        assert {key: launch[key] for key in source} == source
        assert sum(launch["energy_pj"].values()) == pytest.approx(energy_of(source), rel=1e-12)
        reads = {item["component"]: item["count"] for item in source["items"]}
        assert launch["bytes"]["dram"] == {"read": reads["dram.read"], "write": reads["dram.write"]}
    assert written("resnet50").data["launches"] == []
    older = copy.deepcopy(made)
    del older["launches"]
    (folder() / "older.json").write_text(json.dumps(older))
    assert aicc_report(folder() / "older.json", "-o", folder() / "newer.json").returncode == 0
    assert json.loads((folder() / "newer.json").read_text())["launches"] == []


def test_launch_of_a_node():
    launch = written("bert").data["launches"][0]
    text = aicc_report(written("bert").json, f"--node={launch['node']}").stdout
    assert "on the array" in text and "25.0 %" in text


@pytest.mark.parametrize("name", NAMES)
def test_memory(name):
    memory = written(name).data["memory"]
    live = [
        sum(b["bytes"] for b in memory["buffers"] if b["first_step"] <= step <= b["last_step"])
        for step in range(len(memory["steps"]))
    ]
    assert memory["live_bytes"] == live
    assert memory["peak_live_bytes"] == max(live) <= memory["arena_bytes"]


def test_carbon():
    """SCI = (E * I + M) per R, computed here from joules, with and without M."""
    for name, embodied in (("resnet50", 0), ("bert", 150_000 * 0.25 / 35_040)):
        data = written(name).data
        kwh = data["totals"]["energy_pj"] * 1e-12 / 3.6e6
        made = embodied * data["totals"]["time_us"] / 3.6e9
        assert data["carbon"]["embodied_g_per_1000_inferences"] == pytest.approx(1000 * made, rel=1e-9)
        assert len(data["carbon"]["regions"]) >= 20
        for grid in data["carbon"]["regions"]:
            assert grid["g_per_1000_inferences"] == pytest.approx(1000 * (kwh * grid["g_per_kwh"] + made), rel=1e-9)
    assert written("resnet50").data["carbon"]["embodied"] is None


@pytest.mark.parametrize("name", NAMES)
def test_read_again(name):
    """A report that is read and written is the same, byte for byte; so is a second one."""
    again = folder() / "again.json"
    assert aicc_report(written(name).json, "-o", again).returncode == 0
    assert again.read_bytes() == written(name).json.read_bytes()
    page = folder() / "again.html"
    assert aicc_report(written(name).json, "-o", page).returncode == 0
    assert page.read_bytes() == written(name).page.read_bytes()


def required_keys(schema, at=()):
    """Every key that the schema demands, as a path through a report."""
    schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for key in schema.get("required", ()):
        yield (*at, key)
    for key, inner in schema.get("properties", {}).items():
        yield from required_keys(inner, (*at, key))
    if "items" in schema:
        yield from required_keys(schema["items"], (*at, 0))


def remove(data, path):
    """Whether there was anything at the path."""
    for key in path[:-1]:
        if isinstance(data, list) and not data or isinstance(data, dict) and key not in data:
            return False
        data = data[key]
    return isinstance(data, dict) and data.pop(path[-1], None) is not None


def test_schema():
    jsonschema = pytest.importorskip("jsonschema", reason="the Python package jsonschema is not installed")
    checker = jsonschema.Draft202012Validator(SCHEMA)
    checker.check_schema(SCHEMA)
    for name in NAMES:
        checker.validate(written(name).data)
    small = copy.deepcopy(written("bert").data)
    for key in ("nodes", "launches", "fallbacks"):
        del small[key][3:]
    removed = 0
    for path in required_keys(SCHEMA):
        data = copy.deepcopy(small)
        if remove(data, path):
            removed += 1
            assert not checker.is_valid(data), f"{path} may be missing"
    assert removed > 60
    for path, wrong in ((("nodes", 0, "macs"), -1), (("nodes", 0, "op"), 3), (("memory", "arena_bytes"), 1.5)):
        data = copy.deepcopy(small)
        at = data
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = wrong
        assert not checker.is_valid(data), path


def numbers(schema, name=""):
    """(key, description) of each number in the schema."""
    reference = schema.get("$ref", "").rpartition("/")[2]
    if reference in ("amount", "whole") or schema.get("type") in ("number", "integer"):
        yield name, schema.get("description", "")
    for key, inner in (*schema.get("properties", {}).items(), *schema.get("$defs", {}).items()):
        if key not in ("amount", "whole"):
            yield from numbers(inner, key)
    for inner in schema.get("oneOf", ()):
        yield from numbers(inner, name)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from numbers(schema[key], name)


def test_units_in_keys():
    unit = re.compile(
        r"_(pj|us|mhz|nm|v|bytes|percent|hours|g|per_s|per_kwh|pj_each|per_1000_inferences)$|^(bytes|energy_pj|pj_each)$"
    )
    # Counts, shares and positions have no unit; "read" and "write" stand in "bytes".
    plain = {"cycles", "compute_cycles", "macs", "count", "group", "first_step", "last_step", "resource_share", "year",
             "shape", "value", "unscaled_value", "read", "write", "by_component",
             "stall_cycles", "utilization"}  # fmt: skip
    found = {key for key, _ in numbers(SCHEMA)}
    assert len(found) > 25
    assert {key for key in found - plain if not unit.search(key)} == set()


def broken(change):
    data = copy.deepcopy(fixtures.single())
    change(data)
    return json.dumps(data)


REFUSED = {
    "empty": ("", "not JSON"),
    "not_json": ("hello", "not JSON"),
    "cut": (json.dumps(fixtures.single())[:-20], "not JSON"),
    "nested": ("[" * 200_000, "deeply nested"),
    "nested_object": ('{"a":' * 200_000, "deeply nested"),
    "no_object": ("[]", "expected object"),
    "version": (broken(lambda data: data.update(schema_version=2)), "another version"),
    "no_version": (broken(lambda data: data.pop("schema_version")), "missing value"),
    "no_nodes": (broken(lambda data: data.pop("nodes")), "missing value"),
    "nodes": (broken(lambda data: data.update(nodes={})), "expected array"),
    "name": (broken(lambda data: data["nodes"][0].update(name=7)), "expected string"),
    "negative": (broken(lambda data: data["nodes"][0].update(time_us=-1)), "not negative"),
    "huge": (broken(lambda data: data["nodes"][0].update(macs=1e300)), "not negative"),
    "not_a_number": (broken(lambda data: data["nodes"][0].update(cycles=float("nan"))), "not JSON"),
    "no_number": (broken(lambda data: data["nodes"][0].update(cycles=None)), "a number"),
    "unit": (broken(lambda data: data["nodes"][0]["items"][0].update(unit="furlongs")), "unknown unit"),
    "part_of_a_byte": (broken(lambda data: data["memory"].update(arena_bytes=0.5)), "whole number"),
    "option": (broken(lambda data: data["options"].update(threads=1)), "expected string"),
    "embodied": (broken(lambda data: data.update(carbon={"embodied": {}})), "missing value"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path):
    text, message = REFUSED[name]
    (tmp_path / "bad.json").write_text(text)
    output = tmp_path / "out.html"
    output.write_text("as before")
    done = aicc_report(tmp_path / "bad.json", "-o", output)
    assert done.returncode == 1
    assert message in done.stderr and "bad.json" in done.stderr
    assert output.read_text() == "as before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.json", "out.html"]


def test_files():
    source = written("single").json
    assert aicc_report(folder() / "absent.json").returncode == 1
    assert aicc_report(folder()).returncode == 1
    assert aicc_report(source, "-o", folder() / "absent/out.html").returncode == 1
    assert aicc_report(source, "-o", folder()).returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["a", "b", "c"], ["a", "--wrong"], ["a", "-o"], ["a", "--overlay=colour"], ["a", "--nodes=many"],
     ["a", "b", "--node=x"], ["a", "--node=x", "--overlay=time"]],
)  # fmt: skip
def test_usage(arguments):
    done = aicc_report(*arguments)
    assert done.returncode == 2
    assert "aicc-report --help" in done.stderr


def test_text():
    done = aicc_report(written("bert").json, "--nodes=3")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "bert-base on systolic/fixture_array, energy"
    assert re.search(r"energy +20\.\d mJ \+-12 %", done.stdout)
    assert "and 141 more" in done.stdout
    assert done.stdout.count("ran on cpu/fixture_core, not on systolic/fixture_array") == 48
    for name in NAMES:
        text = aicc_report(written(name).json).stdout
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)


def test_one_node():
    name = "/layer1/layer1.0/conv2/Conv"
    done = aicc_report(written("resnet50").json, f"--node={name}")
    assert done.returncode == 0
    for part in (f"{name} (Conv)", "why: fixture_core multiplies f32", "fused: group 1", "mac.f32", "tile k 128, p 4",
                 "+7.0 %", "writes the intermediate to dram"):  # fmt: skip
        assert part in done.stdout
    done = aicc_report(written("resnet50").json, "--node=/nothing")
    assert done.returncode == 1 and "no node '/nothing'" in done.stderr


def test_overlay():
    output = folder() / "overlay.json"
    made = written("resnet50").made
    for metric, value in (
        ("energy", lambda node: energy_of(node) / 1000),
        ("time", lambda node: node["time_us"]),
        ("macs", lambda node: node["macs"] / 1000),
    ):
        assert aicc_report(written("resnet50").json, f"--overlay={metric}", "-o", output).returncode == 0
        data = json.loads(output.read_text())
        assert set(data) == {"results", "gradient"}
        assert data["results"].keys() == {node["name"] for node in made["nodes"]}
        for node in made["nodes"]:
            assert data["results"][node["name"]] == {"value": pytest.approx(value(node), rel=1e-4)}
        stops = [stop["stop"] for stop in data["gradient"]]
        assert stops[0] == 0 and stops[-1] == 1 and stops == sorted(stops)
    # Nodes without a name are called as Model Explorer's adapter calls them, if none has one.
    done = aicc_report(written("single").json, "--overlay=time")
    assert list(json.loads(done.stdout)["results"]) == ["node"]


@pytest.mark.parametrize("named", [True, False])
def test_overlay_in_model_explorer(named, tmp_path):
    """Against the package itself: its form of node data, and the ids that its ONNX adapter gives to nodes."""
    builder = pytest.importorskip(
        "model_explorer.node_data_builder", reason="the Python package ai-edge-model-explorer is not installed"
    )
    adapter = pytest.importorskip(
        "model_explorer_onnx.main", reason="the Python package model-explorer-onnx is not installed"
    )
    import onnx
    from onnx import TensorProto, helper

    kinds = ["Exp", "Neg", "Softmax"]
    names = ["block/exp", "block/neg", "head"] if named else ["", "", ""]
    graph = helper.make_graph(
        [helper.make_node(op, [f"v{i}"], [f"v{i + 1}"], name=names[i]) for i, op in enumerate(kinds)],
        "net",
        [helper.make_tensor_value_info("v0", TensorProto.FLOAT, [4, 8])],
        [helper.make_tensor_value_info("v3", TensorProto.FLOAT, [4, 8])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "net.onnx")
    report, overlay = tmp_path / "net.json", tmp_path / "overlay.json"
    done = run_tool(tool("aicc"), str(tmp_path / "net.onnx"), "--quiet", "--emit=report", "-o", str(report))
    assert done.returncode == 0, done.stderr
    assert aicc_report(report, "--overlay=energy", "-o", overlay).returncode == 0
    data = json.loads(overlay.read_text())
    results = {key: builder.NodeDataResult(**each) for key, each in data["results"].items()}
    gradient = [builder.GradientItem(**stop) for stop in data["gradient"]]
    again = json.loads(builder.GraphNodeData(results=results, gradient=gradient).to_json_string())
    assert {key: again[key] for key in data} == data
    graphs = adapter.ONNXAdapter().convert(str(tmp_path / "net.onnx"), {})["graphs"]
    ops = {node.id for node in graphs[0].nodes if not node.id.startswith("[value]")}
    assert results.keys() == ops and len(ops) == 3


def test_difference():
    before, after = written("resnet50"), changed()
    output = folder() / "difference.json"
    assert aicc_report(before.json, after.json, "-o", output).returncode == 0
    data = json.loads(output.read_text())
    what = {node["name"]: node["what"] for node in data["nodes"]}
    names = [node["name"] for node in before.made["nodes"]]
    assert what == {names[0]: "moved from cpu/fixture_core to systolic/fixture_array", names[1]: "gone",
                    "/new/Relu": "new", names[3]: ""}  # fmt: skip
    assert data["unchanged_nodes"] == len(names) - 3
    assert data["after"]["energy_pj"] < data["before"]["energy_pj"]
    text = aicc_report(before.json, after.json).stdout
    assert "-50.0 %" in text and "moved from" in text and f"{len(names) - 3} nodes are the same" in text
    same = aicc_report(before.json, before.json, "-o", output)
    assert same.returncode == 0 and json.loads(output.read_text())["nodes"] == []


def artefact(manifest, path):
    """An ELF file with that text where an artefact has its manifest."""
    text = path.with_suffix(".manifest")
    text.write_text(manifest)
    command = ["llvm-objcopy-22", f"--add-section=.aicc.manifest={text}", tool("aicc-report"), str(path)]
    subprocess.run(command, check=True)
    return path


def test_artefact(tmp_path):
    launches = [{"node": "mm", "op": "MatMul", "runs": 2, "cycles": 10, "energy_pj": 500, "macs": 64, "dram_bytes": 8}]
    manifest = {
        "aicc_version": "0.1.0",
        "name": "net",
        "arena_bytes": 128,
        "weight_bytes": 64,
        "predicted": launches,
        "machine": {"name": "cpu/fixture"},
        "model": {"blake3": "ab"},
        "options": {"objective": "edp"},
    }
    output = tmp_path / "out.json"
    assert aicc_report(artefact(json.dumps(manifest), tmp_path / "net.so"), "-o", output).returncode == 0
    data = json.loads(output.read_text())
    assert data["totals"]["energy_pj"] == 1000 and data["totals"]["macs"] == 128
    assert data["nodes"][0]["name"] == "mm" and data["nodes"][0]["target"] == "cpu/fixture"
    assert data["memory"]["arena_bytes"] == 128 and data["objective"] == "edp"
    assert re.search(r"time +not known", aicc_report(tmp_path / "net.so").stdout)
    # An artefact that carries its report has all of it.
    manifest["report"] = written("resnet50").data
    assert aicc_report(artefact(json.dumps(manifest), tmp_path / "whole.so"), "-o", output).returncode == 0
    assert output.read_bytes() == written("resnet50").json.read_bytes()
    for text, message in (("{}", "no predicted cost"), ("[[", "not JSON"), ("[" * 10**5, "deeply nested")):
        done = aicc_report(artefact(text, tmp_path / "bad.so"))
        assert done.returncode == 1 and message in done.stderr
    done = aicc_report(tool("aicc-report"))
    assert done.returncode == 1 and "no manifest" in done.stderr
    (tmp_path / "cut.so").write_bytes((tmp_path / "net.so").read_bytes()[:300])
    assert aicc_report(tmp_path / "cut.so").returncode == 1

"""--cache: what was compiled before is taken from there, and only that."""

import os

import numpy
import onnx
import pytest
from conftest import run_tool, tool
from onnx import helper, numpy_helper


def model(folder, name="m", scale=2.0, external=False):
    weights = numpy_helper.from_array(numpy.full((64, 64), scale, "f"), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", 1, [4, 64])],
        [helper.make_tensor_value_info("y", 1, [4, 64])],
        [weights],
    )
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    path = folder / f"{name}.onnx"
    onnx.save(whole, path, save_as_external_data=external, size_threshold=0, location=f"{name}.data")
    return path


def compiled(path, cache, *flags, out="m.so"):
    """The bytes of the artefact, and the files in the cache."""
    library = path.parent / out
    done = run_tool(tool("aicc"), str(path), f"--cache={cache}", f"-o{library}", *flags)
    assert done.returncode == 0, done.stderr
    kept = {entry for entry in os.listdir(cache) if entry.startswith("llvmcache-")} if cache.exists() else set()
    return library.read_bytes(), kept


def test_a_second_compilation_takes_the_first_ones_result(tmp_path):
    path, cache = model(tmp_path), tmp_path / "cache"
    first, kept = compiled(path, cache)
    assert len(kept) == 1
    # What is there is what comes: the compiler did not run again.
    entry = cache / kept.pop()
    assert entry.read_bytes() == first
    entry.write_bytes(first + b"kept")
    second, kept = compiled(path, cache)
    assert second == first + b"kept" and len(kept) == 1
    assert os.access(tmp_path / "m.so", os.X_OK)


@pytest.mark.parametrize(
    "flags",
    [
        ["--mcpu=x86-64-v3"],
        ["--threads=3"],
        ["--objective=energy"],
        ["--strict-fp"],
        ["-O1"],
        ["--target=cpu/x86_64_v2"],
        ["--energy-budget=100000"],
        ["--emit=obj"],
    ],
    ids=lambda flags: flags[0],
)
def test_what_the_result_depends_on_is_in_its_name(tmp_path, flags):
    path, cache = model(tmp_path), tmp_path / "cache"
    compiled(path, cache)
    _, kept = compiled(path, cache, *flags)
    assert len(kept) == 2


def test_other_weights_are_another_model(tmp_path):
    cache = tmp_path / "cache"
    first, _ = compiled(model(tmp_path), cache)
    second, kept = compiled(model(tmp_path, scale=3.0), cache)
    assert first != second and len(kept) == 2


def test_a_model_with_data_in_other_files_is_not_kept(tmp_path):
    cache = tmp_path / "cache"
    _, kept = compiled(model(tmp_path, external=True), cache)
    assert kept == set()


@pytest.mark.parametrize("flags", [["--timing"], ["--report=r.json"], ["-v"]], ids=lambda flags: flags[0])
def test_who_asks_for_more_than_the_result_compiles(tmp_path, flags, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, kept = compiled(model(tmp_path), tmp_path / "cache", *flags)
    assert kept == set()


def test_a_folder_that_cannot_be_used_is_a_warning(tmp_path):
    path = model(tmp_path)
    (tmp_path / "file").write_text("")
    done = run_tool(tool("aicc"), str(path), f"--cache={tmp_path / 'file'}", f"-o{tmp_path / 'm.so'}")
    assert done.returncode == 0 and (tmp_path / "m.so").exists()
    assert "warning: the artefact cannot be kept here" in done.stderr


def test_an_empty_name_is_an_error(tmp_path):
    done = run_tool(tool("aicc"), str(model(tmp_path)), "--cache=")
    assert done.returncode == 2 and "the folder of the cache has no name" in done.stderr

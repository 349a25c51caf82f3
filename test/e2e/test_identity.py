"""Same input, same bytes; and nothing in the compiler looks at names."""

import itertools

import onnx
import pytest
from conftest import run_tool, tool
from models import zoo

MODELS = ["ppocr_cls", "silero_vad_static", "oww_alexa"]


def compile_to(model, output, name, emit="lib"):
    shapes = [f"--shape={key}:{'x'.join(map(str, shape))}" for key, shape in name.items()]
    done = run_tool(tool("aicc"), str(model), "--target=cpu", f"--emit={emit}", f"-o{output}", *shapes)
    assert done.returncode == 0, done.stderr


def sections(path, folder):
    """The bytes of the sections that hold code and weights."""
    found = {}
    for section in (".text", ".rodata"):
        out = folder / f"{path.name}{section}"
        done = run_tool("llvm-objcopy-22", f"--dump-section={section}={out}", str(path), "/dev/null")
        if done.returncode == 0:
            found[section] = out.read_bytes()
    return found


def renamed(model):
    """A copy of the model with other names for every node and value; and the new input names."""
    counter, names = itertools.count(), {"": ""}

    def rename(graph):
        for value in [*graph.input, *graph.output, *graph.value_info, *graph.initializer]:
            value.name = names.setdefault(value.name, f"v{next(counter)}")
        for node in graph.node:
            node.name = f"n{next(counter)}"
            for field in (node.input, node.output):
                field[:] = [names.setdefault(name, f"v{next(counter)}") for name in field]
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    rename(attribute.g)

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    rename(copy.graph)
    copy.graph.name = "other"
    return copy, names


@pytest.mark.parametrize("name", MODELS)
def test_two_compilations_are_identical(name, tmp_path):
    shapes = zoo.manifest()[name].shapes()
    outputs = [tmp_path / "a" / f"{name}.so", tmp_path / "b" / f"{name}.so"]
    for output in outputs:
        output.parent.mkdir()
        compile_to(zoo.path(name), output, shapes)
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


@pytest.mark.parametrize("name", MODELS)
def test_names_do_not_matter(name, tmp_path):
    shapes = zoo.manifest()[name].shapes()
    model, names = renamed(onnx.load(zoo.path(name)))
    onnx.save(model, tmp_path / "other.onnx")
    compile_to(zoo.path(name), tmp_path / "first.o", shapes, "obj")
    compile_to(tmp_path / "other.onnx", tmp_path / "other.o", {names[k]: s for k, s in shapes.items()}, "obj")
    first, other = (sections(tmp_path / f"{stem}.o", tmp_path) for stem in ("first", "other"))
    assert first[".text"] == other[".text"]

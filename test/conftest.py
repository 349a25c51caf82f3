"""What the Python tests share: where the build is, compiled models, the reference."""

import os
import pathlib
import subprocess
import sys

import numpy
import pytest
from models import zoo

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("AICC_BUILD", ROOT / "build"))
sys.path.insert(0, str(BUILD / "python"))


def tool(name):
    return str(BUILD / "bin" / name)


def is_sanitized():
    """Is the build one with sanitizers?"""
    cache = BUILD / "CMakeCache.txt"
    return cache.exists() and any(
        line.startswith("AICC_SANITIZE:") and not line.endswith("=") for line in cache.read_text().splitlines()
    )


def run_tool(*command, timeout=600, **kwargs):
    """Runs a tool of the build; the result has returncode, stdout and stderr as text."""
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, **kwargs)


class Artifact:
    """A compiled model, run through aicc-run."""

    def __init__(self, path, outputs):
        self.path = path
        self.outputs = outputs

    def run(self, inputs, folder, *flags):
        """{output: array} for {input: array}; files are left in `folder`."""
        command = [tool("aicc-run"), str(self.path), *flags]
        for index, (name, array) in enumerate(inputs.items()):
            numpy.save(folder / f"in{index}.npy", array)
            command.append(f"--input={name}=@{folder / f'in{index}.npy'}")
        for index, name in enumerate(self.outputs):
            command.append(f"--output={name}=@{folder / f'out{index}.npy'}")
        done = run_tool(*command)
        assert done.returncode == 0, done.stderr
        return {name: numpy.load(folder / f"out{index}.npy") for index, name in enumerate(self.outputs)}


class Reference:
    """A model in ONNX Runtime."""

    def __init__(self, path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.outputs = [output.name for output in self.session.get_outputs()]

    def run(self, inputs):
        return dict(zip(self.outputs, self.session.run(self.outputs, inputs)))


@pytest.fixture(scope="session")
def reference():
    """reference(name): a model of the zoo in ONNX Runtime; the last one is kept."""
    last = {}

    def get(name):
        if name not in last:
            last.clear()
            last[name] = Reference(zoo.path(name))
        return last[name]

    return get


@pytest.fixture(scope="session")
def compiled(tmp_path_factory, reference):
    """compiled(name, *flags): a model of the zoo, compiled once at the manifest's shapes by the command line."""
    folder, done = tmp_path_factory.mktemp("compiled"), {}

    def get(name, *flags):
        if (name, flags) not in done:
            output = folder / f"{name}{len(done)}" / f"{name}.so"
            output.parent.mkdir()
            command = [tool("aicc"), str(zoo.path(name)), "--target=cpu", f"-o{output}", *flags]
            result = run_tool(*command, *zoo.manifest()[name].shape_flags())
            done[name, flags] = (result, Artifact(output, reference(name).outputs))
        result, artifact = done[name, flags]
        assert result.returncode == 0, result.stderr
        return artifact

    return get

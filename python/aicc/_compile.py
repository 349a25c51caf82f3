"""Compiling from Python."""

import os
import pathlib
import shutil
import tempfile

import numpy

from . import _native
from ._errors import checked
from ._model import CompiledModel


def compile(model, target="cpu", shapes=None, values=None, **options):
    """Compiles an ONNX model and loads the result.

    model: a path, the bytes of a model, or an onnx.ModelProto (external data needs a path).
    target: a family, family/machine, or the path of a machine file, as for --target.
    shapes: {input name: shape} for inputs whose shapes the model leaves open.
    values: {input name: array} for inputs that are fixed: shapes may depend on their values, and the compiled
        model does not take them.
    options: the other flags of the command line, underscores for dashes: threads=2, mcpu="native",
        strict_fp=True; opt_level is -O. quantize="int8" needs calibration, samples of the inputs: a folder
        as for --calibration, or an iterable of {input name: array}; quantize="bf16" needs none.

    Raises CompileError for a model that cannot be compiled, ValueError for an unknown option.
    """
    folder = tempfile.mkdtemp(prefix="aicc-")
    try:
        path = _model_file(model, folder)
        output = os.path.join(folder, pathlib.Path(path).stem + ".so")
        with tempfile.TemporaryDirectory(prefix="aicc-") as samples:
            _run(path, output, target, shapes, values, _with_calibration(options, samples), folder)
        return CompiledModel(output, owned_folder=folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def check(model, target="cpu", shapes=None, values=None, **options):
    """Checks that a model can be compiled, without generating code.

    Takes what compile() takes. Returns the warnings; raises CompileError like compile().
    """
    with tempfile.TemporaryDirectory(prefix="aicc-") as folder:
        path = _model_file(model, folder)
        options = {**_with_calibration(options, os.path.join(folder, "samples")), "emit": "check"}
        return _run(path, os.path.join(folder, "check"), target, shapes, values, options, folder)


def targets():
    """The machines that can be compiled for, as for --target."""
    return _native.machines()


def _model_file(model, folder):
    """The path of the model; what is not a file yet is written into `folder`."""
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model)
    if hasattr(model, "SerializeToString"):
        model = model.SerializeToString()
    if not isinstance(model, (bytes, bytearray, memoryview)):
        raise TypeError(f"a model is a path, bytes or an onnx.ModelProto, not {type(model).__name__}")
    path = os.path.join(folder, "model.onnx")
    with open(path, "wb") as file:
        file.write(model)
    return path


def _with_calibration(options, folder):
    """The options with the samples of `calibration` in a folder: `folder`, if they are not in one."""
    samples = options.get("calibration")
    if samples is None or isinstance(samples, (str, os.PathLike)):
        return options
    os.makedirs(folder, exist_ok=True)
    for index, sample in enumerate(samples):
        numpy.savez(os.path.join(folder, f"{index:06}.npz"), **sample)
    return {**options, "calibration": folder}


def _run(path, output, target, shapes, values, options, folder):
    settings = _settings(target, shapes, options)
    for index, (name, value) in enumerate((values or {}).items()):
        file = os.path.join(folder, f"value{index}.npy")
        numpy.save(file, numpy.asarray(value))
        settings.append(("value", f"{name}:@{file}"))
    status, _, diagnostics = _native.compile(path, output, settings)
    return checked(status, diagnostics)


def _settings(target, shapes, options):
    """[(flag, value)] as the native part takes them."""
    settings = [("target", str(target))]
    for name, shape in (shapes or {}).items():
        settings.append(("shape", f"{name}:{'x'.join(str(int(n)) for n in shape)}"))
    for name, value in options.items():
        flag = "O" if name == "opt_level" else name.replace("_", "-")
        settings.append((flag, str(value).lower() if isinstance(value, bool) else str(value)))
    return settings

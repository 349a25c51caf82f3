"""Compiled models: arrays in, arrays out."""

import json
import os
import shutil
import typing
import weakref

import numpy

from . import _native
from ._cost import Cost, _write_report

_NAMES = {code: name for name, code in _native.dtypes.items()}
# Types that numpy has from ml_dtypes only, by code: as what they cross into C++.
_CARRIERS = {
    code: numpy.uint16 if name == "bfloat16" else numpy.uint8
    for code, name in _NAMES.items()
    if name.startswith(("bfloat", "float8", "float4")) or name in ("int4", "uint4", "int2", "uint2")
}
# numpy's own types; the others take the slow way below.
_CODES = {numpy.dtype(name): code for name, code in _native.dtypes.items() if code not in _CARRIERS}


class TensorSpec(typing.NamedTuple):
    """What a model says of one of its inputs or outputs; dtype is numpy's name."""

    name: str
    dtype: str
    shape: tuple


class CompiledModel:
    """A compiled model, which can be called from any thread.

    threads bounds the threads of one call; 0 means as many as are free.
    """

    def __init__(self, path, owned_folder=None):
        self._path = os.fspath(path)
        self._native = _native.Model(os.path.abspath(self._path))
        if owned_folder:
            self._cleanup = weakref.finalize(self, shutil.rmtree, owned_folder, True)
        self.threads = 0
        self.inputs = [TensorSpec(name, _NAMES[code], shape) for name, code, shape in self._native.inputs]
        self.outputs = [TensorSpec(name, _NAMES[code], shape) for name, code, shape in self._native.outputs]
        self._input_names = {spec.name for spec in self.inputs}
        self._results = [(name, shape, _numpy_dtype(_NAMES[code]), code) for name, code, shape in self._native.outputs]

    @property
    def name(self):
        return self._native.name

    @property
    def manifest(self):
        """What the compiler wrote about the model: versions, hashes, options."""
        return json.loads(self._native.manifest)

    def cost(self):
        """What one inference costs, as predicted when the model was compiled: see Cost.

        Raises ValueError if the artefact holds no report.
        """
        return Cost.from_json(self._report())

    def report(self, path):
        """Writes the report: a page where `path` ends in .html or .htm, otherwise JSON.

        Raises ValueError if the artefact holds no report, OSError if it cannot be written.
        """
        _write_report(self._report(), path)

    def _report(self):
        report = self.manifest.get("report")
        if report is None:
            raise ValueError(f"{self.name} was compiled without a report of its cost")
        return json.dumps(report)

    def __call__(self, *arrays, **named):
        """Runs the model on arrays in the order of its inputs, or by input name.

        Returns an array, or a tuple of them if the model has several outputs.
        """
        if len(arrays) > len(self.inputs):
            raise ValueError(f"{self.name} takes {len(self.inputs)} inputs, {len(arrays)} were given")
        given = {spec.name: array for spec, array in zip(self.inputs, arrays)}
        for name in named:
            if name in given:
                raise ValueError(f"input '{name}' was given twice")
        outputs = tuple(self.run({**given, **named}).values())
        return outputs[0] if len(outputs) == 1 else outputs

    def run(self, inputs):
        """Runs the model from {input name: array} to {output name: array}."""
        if inputs.keys() != self._input_names:
            self._refuse_names(inputs)
        arguments = [_argument(inputs[spec.name], spec) for spec in self.inputs]
        outputs, results = {}, []
        for name, shape, dtype, code in self._results:
            outputs[name] = array = numpy.empty(shape, dtype)
            results.append((_carried(array, code), code))
        self._native.run(arguments, results, self.threads)
        return outputs

    def _refuse_names(self, inputs):
        names = [spec.name for spec in self.inputs]
        for name in inputs:
            if name not in names:
                raise ValueError(f"{self.name} has no input '{name}'; its inputs are {', '.join(map(repr, names))}")
        missing = ", ".join(repr(name) for name in names if name not in inputs)
        raise ValueError(f"input {missing} of {self.name} is missing")

    def save(self, path):
        """Writes the compiled model to a file that load() and aicc-run take."""
        path = os.fspath(path)
        part = f"{path}.{os.getpid()}.part"
        try:
            shutil.copyfile(self._path, part)
            shutil.copymode(self._path, part)
            os.replace(part, path)
        except BaseException:
            if os.path.exists(part):
                os.unlink(part)
            raise
        weights = self.manifest.get("weights_file")
        if weights:
            shutil.copyfile(
                os.path.join(os.path.dirname(self._path), weights), os.path.join(os.path.dirname(path) or ".", weights)
            )

    def __repr__(self):
        def signature(specs):
            return ", ".join(f"{s.name}: {s.dtype}{list(s.shape)}" for s in specs)

        return f"<aicc model {self.name}: ({signature(self.inputs)}) -> ({signature(self.outputs)})>"


def load(path):
    """Loads a compiled model. Runs its code: load only what you trust."""
    return CompiledModel(path)


def _numpy_dtype(name):
    if _native.dtypes[name] in _CARRIERS:
        import ml_dtypes

        return numpy.dtype(getattr(ml_dtypes, name))
    return numpy.dtype(name)


def _argument(value, spec):
    """(array, element type code) of what the caller gave for an input."""
    if type(value) is numpy.ndarray:
        code, flags = _CODES.get(value.dtype), value.flags
        if code is not None and flags.c_contiguous and flags.aligned:
            return value, code
    if not hasattr(value, "dtype"):
        value = numpy.asarray(value, _numpy_dtype(spec.dtype))
    elif not isinstance(value, numpy.ndarray):
        value = numpy.from_dlpack(value) if hasattr(value, "__dlpack__") else numpy.asarray(value)
    code = _native.dtypes.get(value.dtype.name)
    if code is None:
        raise TypeError(f"input '{spec.name}' is {spec.dtype}{list(spec.shape)}, got {value.dtype}{list(value.shape)}")
    if not value.dtype.isnative:
        value = value.astype(value.dtype.newbyteorder("="))
    return _carried(numpy.require(value, requirements=["C", "A"]), code), code


def _carried(array, code):
    """The array in a type that crosses into C++."""
    return array.view(_CARRIERS[code]) if code in _CARRIERS else array

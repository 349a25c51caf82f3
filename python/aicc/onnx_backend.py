"""aicc as a backend of the onnx package: onnx.backend.base's interface.

    import aicc.onnx_backend as backend
    outputs = backend.prepare(model).run([x])
    onnx.backend.test.BackendTest(backend.Backend)  # ONNX's own test suite

Every model is compiled for the processor it runs on; nothing is interpreted. Where shapes depend on the values of
inputs (the shape that Reshape takes, axes, sizes), these are fixed when they are known: run() compiles the model for
them, once for each set of values. Needs onnx.
"""

import re

import onnx
from onnx import helper
from onnx.backend import base

from ._compile import compile
from ._errors import CompileError


class Prepared(base.BackendRep):
    """A compiled model."""

    def __init__(self, compiled):
        self.compiled = compiled

    def run(self, inputs, **kwargs):
        """Arrays in the order of the model's inputs, or {name: array}; the outputs as a named tuple.

        What a shape or a type does not fit raises ValueError or TypeError. There are no options: a keyword
        raises TypeError.
        """
        _refuse(kwargs)
        specs = self.compiled.inputs
        if not isinstance(inputs, dict):
            if len(inputs) != len(specs):
                raise ValueError(f"{self.compiled.name} takes {len(specs)} inputs, {len(inputs)} were given")
            inputs = {spec.name: array for spec, array in zip(specs, inputs)}
        outputs = self.compiled.run(inputs)
        return base.namedtupledict("Outputs", list(outputs))(*outputs.values())


class Specialized(base.BackendRep):
    """A model that is compiled for the values of some of its inputs, when these are given."""

    MOST = 16  # Sets of values whose code is kept.

    def __init__(self, model, names, options):
        self.model, self.names, self.options = model, names, options
        self.order = None
        self.known = {}

    def run(self, inputs, **kwargs):
        """As Prepared.run; raises aicc.CompileError for values that the model cannot be compiled for."""
        _refuse(kwargs)
        if not isinstance(inputs, dict):
            names = self.input_names()
            if len(inputs) != len(names):
                raise ValueError(f"the model takes {len(names)} inputs, {len(inputs)} were given")
            inputs = dict(zip(names, inputs))
        while True:
            values = {name: inputs[name] for name in self.names if name in inputs}
            key = tuple((name, str(v.dtype), v.shape, v.tobytes()) for name, v in values.items())
            try:
                if key not in self.known:
                    if len(self.known) == self.MOST:
                        del self.known[next(iter(self.known))]
                    self.known[key] = Prepared(compile(self.model, values=values, **self.options))
            except CompileError as error:
                more = [name for name in inputs_behind(error) if name in inputs and name not in self.names]
                if not more:
                    raise
                self.names = [*self.names, *more]
                continue
            return self.known[key].run({name: array for name, array in inputs.items() if name not in values})

    def input_names(self):
        """Of the model's graph, without those that are initialisers."""
        if self.order is None:
            model = self.model
            if isinstance(model, bytes):
                model = onnx.load_from_string(model)
            elif not isinstance(model, onnx.ModelProto):
                model = onnx.load(model, load_external_data=False)
            constants = {tensor.name for tensor in model.graph.initializer}
            self.order = [value.name for value in model.graph.input if value.name not in constants]
        return self.order


def inputs_behind(error):
    """The inputs whose values decide a shape that is not known, as a CompileError says."""
    names = []
    for diagnostic in error.diagnostics:
        for note in diagnostic.notes:
            found = re.search(r"with --value=(.+):<numbers>$", note)
            if found and found[1] not in names:
                names.append(found[1])
    return names


class Backend(base.Backend):
    """Compiles with --target=cpu. A model that it cannot compile raises aicc.CompileError."""

    @classmethod
    def supports_device(cls, device):
        """True for "CPU", with or without a number."""
        return device.split(":")[0] == "CPU"

    @classmethod
    def prepare(cls, model, device="CPU", **kwargs):
        """Compiles an onnx.ModelProto, the bytes of one, or a path. The keywords are those of aicc.compile."""
        if not cls.supports_device(device):
            raise ValueError(f"aicc.onnx_backend runs on the CPU, not on {device}")
        try:
            return Prepared(compile(model, **kwargs))
        except CompileError as error:
            names = inputs_behind(error)
            if not names:
                raise
            return Specialized(model, names, kwargs)

    @classmethod
    def run_node(cls, node, inputs, device="CPU", outputs_info=None, **kwargs):
        """Runs one node on arrays, one for each input that it has; opset_version=N: of which operator set it is.

        outputs_info is not needed: the compiler infers the outputs. The other keywords are aicc.compile's.
        """
        version = kwargs.pop("opset_version", 1 if node.domain else onnx.defs.onnx_opset_version())
        names = [name for name in node.input if name]
        feeds = dict(zip(names, inputs))
        if len(inputs) != len(names):
            raise ValueError(f"the node takes {len(names)} inputs, {len(inputs)} were given")
        graph = helper.make_graph(
            [node],
            "node",
            [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
                for name, x in feeds.items()
            ],
            [onnx.ValueInfoProto(name=name) for name in node.output if name],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid(node.domain, version)])
        return cls.prepare(onnx.shape_inference.infer_shapes(model), device, **kwargs).run(feeds)


def _refuse(options):
    if options:
        raise TypeError(f"run() has no option {', '.join(map(repr, options))}")


prepare = Backend.prepare
run_model = Backend.run_model
run_node = Backend.run_node
supports_device = Backend.supports_device
is_compatible = Backend.is_compatible

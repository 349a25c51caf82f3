"""aicc as a backend of the onnx package: onnx.backend.base's interface.

    import aicc.onnx_backend as backend
    outputs = backend.prepare(model).run([x])
    onnx.backend.test.BackendTest(backend.Backend)  # ONNX's own test suite

Every model is compiled for the processor it runs on; nothing is interpreted. Needs onnx.
"""

import onnx
from onnx import helper
from onnx.backend import base

from ._compile import compile


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
        return Prepared(compile(model, **kwargs))

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

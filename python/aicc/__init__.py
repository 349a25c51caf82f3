"""aicc compiles ONNX models to native code and runs them.

    import aicc
    model = aicc.compile("model.onnx", target="cpu")
    y = model(x)

Needs numpy only; ONNX Runtime and the onnx package are for aicc.verify.
"""

from ._compile import check, compile, targets
from ._errors import CompileError, Diagnostic
from ._model import CompiledModel, TensorSpec, load
from ._native import version as __version__

__all__ = [
    "CompileError",
    "CompiledModel",
    "Diagnostic",
    "TensorSpec",
    "__version__",
    "check",
    "compile",
    "load",
    "targets",
]

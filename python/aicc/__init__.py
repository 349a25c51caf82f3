"""aicc compiles ONNX models to native code and runs them.

    import aicc
    model = aicc.compile("model.onnx", target="cpu")
    y = model(x)
    print(aicc.estimate("model.onnx", target="systolic/gemmini16", objective="energy"))
    aicc.explore("model.onnx", aicc.targets(), ["energy", "latency"]).plot("machines.html")

Needs numpy only; ONNX Runtime and the onnx package are for aicc.verify.
"""

from ._compile import check, compile, targets
from ._cost import Alternative, Cost, CostItem, NodeCost
from ._errors import CompileError, Diagnostic
from ._estimate import estimate
from ._explore import Exploration, Point, PointError, explore
from ._model import CompiledModel, TensorSpec, load
from ._native import version as __version__

__all__ = [
    "Alternative",
    "CompileError",
    "CompiledModel",
    "Cost",
    "CostItem",
    "Diagnostic",
    "Exploration",
    "NodeCost",
    "Point",
    "PointError",
    "TensorSpec",
    "__version__",
    "check",
    "compile",
    "estimate",
    "explore",
    "load",
    "targets",
]

"""What a model would cost, without code for it."""

from __future__ import annotations

import collections.abc
import os
import tempfile
import typing

from . import _native
from ._compile import _model_file, _settings
from ._cost import Cost
from ._errors import checked

Shapes = collections.abc.Mapping[str, collections.abc.Sequence[int]]


def estimate(
    model: typing.Any,
    target: str | os.PathLike[str] = "cpu",
    objective: str = "latency",
    shapes: Shapes | None = None,
    **options: typing.Any,
) -> Cost:
    """What a model would cost on a machine, without generating code.

    Parameters
    ----------
    model : path, bytes or onnx.ModelProto
        External data needs a path.
    target : str or path
        FAMILY, FAMILY/MACHINE or a machine's FILE.yaml, as for --target.
    objective : str
        What the mapping minimises: "latency", "energy" or "edp".
    shapes : {input name: shape}
        For inputs whose shapes the model leaves open.
    **options
        The other flags of the command line, underscores for dashes.

    Returns
    -------
    Cost
        Energies in pJ, times in microseconds, of one inference.

    Raises
    ------
    CompileError
        For a model or machine that cannot be read, or a model that the machine cannot run.
    ValueError
        For an unknown option.
    """
    with tempfile.TemporaryDirectory(prefix="aicc-") as folder:
        return Cost.from_json(_estimate_json(_model_file(model, folder), target, shapes, objective, **options))


def _estimate_json(
    path: str,
    target: str | os.PathLike[str],
    shapes: Shapes | None,
    objective: str,
    prepared: _native.Prepared | None = None,
    **options: typing.Any,
) -> str:
    """The report of a model at `path` as JSON, by the compiler in this process; the GIL is released.

    What `prepared` has of the same model with the same options is not read again; of one thread at a time.
    """
    settings = _settings(target, shapes, {"objective": objective, **options})
    status, text, diagnostics = (prepared or _native).estimate(path, settings)
    checked(status, diagnostics)
    return text

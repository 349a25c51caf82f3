#!/usr/bin/env python3
"""Runs ONNX's own node tests through aicc, one per line of stdin: node_worker.py PYTHON_PATH [FILTER]

A first line lists the tests as JSON; then, for each number read, one line: {"outcome", "detail"}
with outcome "passed", "wrong", "refused" (a CompileError; detail is its code) or "error" (anything
else that Python raised). A process of its own, so that a crash is an outcome too.
"""

import json
import sys
import warnings

sys.path.insert(0, sys.argv[1])
import aicc  # noqa: E402
import numpy  # noqa: E402
import onnx  # noqa: E402
from onnx import numpy_helper  # noqa: E402


def collect():
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, on purpose: infinities and overflows
        cases = collect_testcases(None)
    return [case for case in cases if not sys.argv[2:] or sys.argv[2] in case.name]


def array(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def difference(got, want, case):
    """'' or what differs."""
    want = numpy.asarray(want)
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"{got.dtype}{list(got.shape)} instead of {want.dtype}{list(want.shape)}"
    if want.dtype.kind not in "fV":
        return "" if numpy.array_equal(got, want) else f"{numpy.sum(got != want)} elements differ"
    got, want = got.astype(numpy.float64), want.astype(numpy.float64)
    if numpy.allclose(got, want, rtol=case.rtol, atol=case.atol, equal_nan=True):
        return ""
    return f"max error {numpy.nanmax(numpy.abs(got - want)):.3g}"


def run(case):
    try:
        compiled = aicc.compile(case.model)
    except aicc.CompileError as error:
        return "refused", error.code or str(error)
    names = [value.name for value in case.model.graph.input]
    for inputs, outputs in case.data_sets:
        got = compiled.run({name: array(value) for name, value in zip(names, inputs)})
        for spec, want in zip(compiled.outputs, outputs):
            text = difference(got[spec.name], array(want), case)
            if text:
                return "wrong", f"'{spec.name}': {text}"
    return "passed", ""


def main():
    cases = collect()
    listed = [{"name": case.name, "ops": sorted({node.op_type for node in case.model.graph.node})} for case in cases]
    print(json.dumps(listed), flush=True)
    for line in sys.stdin:
        try:
            outcome, detail = run(cases[int(line)])
        except Exception as error:
            outcome, detail = "error", f"{type(error).__name__}: {error}"
        print(json.dumps({"outcome": outcome, "detail": detail}), flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""ONNX's node tests through aicc: nodes.py [--build DIR] [--filter TEXT] [-v]

Prints the counts by outcome, and what was wrong. The outcomes: "passed"; "refused" (a CompileError;
the detail is its code); "wrong" (other values than expected); "error" (anything else that Python
raised); "crashed"; "hung". nodes.sweep() does it for the tests. Each test runs in a process of its
own, so that a crash is an outcome too.
"""

import argparse
import collections
import json
import os
import pathlib
import select
import signal
import sys
import time
import warnings

import numpy
import onnx
from onnx import numpy_helper

TIMEOUT_S = 60


def collect(only):
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, on purpose: infinities and overflows
        return [case for case in collect_testcases(None) if only in case.name]


# ------------------------------------------------------------------ one test


def array(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def difference(got, want, case):
    """'' or what differs."""
    want = numpy.asarray(want)
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"{got.dtype}{list(got.shape)} instead of {want.dtype}{list(want.shape)}"
    if want.dtype.kind not in "fV":
        return "" if numpy.array_equal(got, want) else f"{numpy.sum(got != want)} elements differ"
    # bfloat16 keeps 8 bits: two results of one sum differ by more than the suite's 1e-3.
    rtol = max(case.rtol, 2**-6) if want.dtype.name == "bfloat16" else case.rtol
    got, want = got.astype(numpy.float64), want.astype(numpy.float64)
    if numpy.allclose(got, want, rtol=rtol, atol=case.atol, equal_nan=True):
        return ""
    return f"max error {numpy.nanmax(numpy.abs(got - want)):.3g}"


def run(aicc, case):
    """(outcome, detail) of one test."""
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


# ------------------------------------------------------------------ all of them


class Child:
    """A process that runs one test."""

    def __init__(self, aicc, case):
        self.case, self.started = case, time.monotonic()
        self.pipe, end = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(end)
            return
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            result = run(aicc, case)
        except Exception as error:
            result = "error", f"{type(error).__name__}: {error}"
        os.write(end, json.dumps(result).encode())
        os._exit(0)

    def finish(self):
        """The result, once something was written or the process ended, or it took too long."""
        ready, _, _ = select.select([self.pipe], [], [], 0)
        if not ready:
            if time.monotonic() - self.started < TIMEOUT_S:
                return None
            os.kill(self.pid, signal.SIGKILL)
        text = os.read(self.pipe, 1 << 16) if ready else b""
        os.close(self.pipe)
        _, status = os.waitpid(self.pid, 0)
        if text:
            outcome, detail = json.loads(text)
        else:
            outcome, detail = ("crashed", f"status {status}") if ready else ("hung", "")
        ops = sorted({node.op_type for node in self.case.model.graph.node})
        return {"name": self.case.name, "ops": ops, "outcome": outcome, "detail": detail}


def sweep(python_path, only=""):
    """[{"name", "ops", "outcome", "detail"}] of all node tests whose name holds `only`."""
    sys.path.insert(0, str(python_path))
    import aicc  # imported once; each child has it from the fork

    todo, children, results = collect(only)[::-1], [], []
    while todo or children:
        while todo and len(children) < os.cpu_count():
            children.append(Child(aicc, todo.pop()))
        select.select([child.pipe for child in children], [], [], 1)
        for child in children[:]:
            result = child.finish()
            if result:
                children.remove(child)
                results.append(result)
    return sorted(results, key=lambda result: result["name"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / "build")
    parser.add_argument("--filter", default="")
    parser.add_argument("-v", action="store_true", help="name what is refused, too")
    options = parser.parse_args()
    results = sweep(options.build / "python", options.filter)
    quiet = {"passed"} | (set() if options.v else {"refused"})
    for result in results:
        if result["outcome"] not in quiet:
            print(f"{result['outcome']:8} {result['name']}: {result['detail']}")
    print(dict(collections.Counter(result["outcome"] for result in results)))


if __name__ == "__main__":
    main()

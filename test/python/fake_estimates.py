"""Estimates that take no compiler, for what a sweep does around them: they can fail, wait, kill, and are counted.

Numbers follow from the model's bytes, the target and the objective. A target's name says what happens:
`fake/unsupported`, `fake/raises`, `fake/dies` (the process), anything else is a machine.
"""

import hashlib
import json
import os
import pathlib
import time

from aicc import CompileError, Diagnostic, _estimate

CONTROL = "AICC_TEST_FAKE"  # {"report": path of a report, "calls": folder, "seconds": of each call}


def control():
    return json.loads(os.environ[CONTROL])


def count_call(target, objective):
    """One file for each call, for all processes."""
    path = pathlib.Path(control()["calls"]) / f"{os.getpid()}.{time.monotonic_ns()}"
    path.write_text(f"{target} {objective}")


def estimate_json(path, target, shapes, objective, prepared=None, **options):
    count_call(target, objective)
    time.sleep(control()["seconds"])
    name = os.path.basename(target)
    if name == "unsupported":
        said = Diagnostic("error", "E_UNSUPPORTED", path, "n", "Relu", 17, "no Relu here", "", ())
        raise CompileError([said], 3)
    if name == "raises":
        raise RuntimeError("out of luck")
    if name == "dies":
        os._exit(1)
    data = pathlib.Path(path).read_bytes()
    if os.path.isfile(target):
        data += pathlib.Path(target).read_bytes()
    seed = hashlib.sha256(data + f"{target} {shapes} {objective} {options}".encode()).digest()
    report = json.loads(pathlib.Path(control()["report"]).read_text())
    report["objective"] = objective
    report["machine"] |= {"family": "fake", "name": name}
    report["totals"] |= {"energy_pj": 1.0 + seed[0] * 256 + seed[1], "time_us": 1.0 + seed[2] * 256 + seed[3]}
    return json.dumps(report)


def install(settings=None):
    """Takes the place of the compiler in this process."""
    if settings:
        os.environ[CONTROL] = settings
    _estimate._estimate_json = estimate_json

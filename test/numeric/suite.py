#!/usr/bin/env python3
"""ONNX's backend test suite through aicc.onnx_backend: suite.py [--build DIR] [--filter TEXT] [-v] [--update] [--table]

Prints the counts by outcome, and what was wrong. The outcomes: "passed"; "refused" (a CompileError
that calls something unsupported); "wrong" (other values than expected); "error" (anything else that
Python raised); "crashed"; "hung". suite.sweep() does it for the tests. The cases and the comparison
are the onnx package's own. Each case runs in a process of its own, so that a crash is an outcome too.

backend_suite.txt holds the cases that do not pass, under their reasons. --update takes out of it
what passes now and renews the reasons; it never adds a case. --table prints the counts by category.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import select
import signal
import sys
import tempfile
import time
import warnings

TIMEOUT_S = 100
LIST = pathlib.Path(__file__).parent / "backend_suite.txt"
CATEGORIES = ["Node", "Simple", "PyTorchConverted", "PyTorchOperator", "Real"]


def collect(backend, only):
    """[(category, name, function)] of the cases on the CPU whose name holds `only`."""
    from onnx.backend.test import BackendTest

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, on purpose: infinities and overflows
        cases = BackendTest(backend).test_cases
    result = []
    for category in CATEGORIES:
        case = cases[f"OnnxBackend{category}ModelTest"]()
        for name in sorted(set(dir(case)) - set(dir(type(case).__base__))):
            if name.endswith("_cpu") and only in name:
                result.append((category, name.removesuffix("_cpu"), getattr(case, name)))
    return result


# ------------------------------------------------------------------ one case


def reason(error):
    """Why the compiler refused, without what differs from case to case."""
    first = next(d for d in error.diagnostics if d.severity == "error")
    text = re.sub(r"^\w+ is not supported by the cpu lowering yet: ", "", first.message)
    return f"{first.op}: {text}" if first.op else text


def run(aicc, function):
    """(outcome, detail) of one case."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function()
    except aicc.CompileError as error:
        return ("refused" if error.code == "E_UNSUPPORTED" else "error"), reason(error)
    except AssertionError as error:
        return "wrong", " ".join(str(error).split())[:160]
    except Exception as error:
        return "error", f"{type(error).__name__}: {str(error)[:160]}"
    return "passed", ""


class Child:
    """A process that runs one case."""

    def __init__(self, aicc, category, name, function):
        self.case, self.started = {"category": category, "name": name}, time.monotonic()
        self.pipe, end = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(end)
            return
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.write(end, json.dumps(run(aicc, function)).encode())
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
        return {**self.case, "outcome": outcome, "detail": detail}


# ------------------------------------------------------------------ all of them


def sweep(python_path, only=""):
    """[{"category", "name", "outcome", "detail"}] of all cases whose name holds `only`."""
    sys.path.insert(0, str(python_path))
    import aicc.onnx_backend  # imported once; each child has it from the fork

    with tempfile.TemporaryDirectory() as home:
        # Where the suite keeps inputs and outputs of the real models.
        os.environ["ONNX_HOME"] = home
        todo, children, results = collect(aicc.onnx_backend.Backend, only), [], []
        while todo or children:
            while todo and len(children) < os.cpu_count():
                children.append(Child(aicc, *todo.pop()))  # The real models first: they take longest.
            select.select([child.pipe for child in children], [], [], 1)
            for child in children[:]:
                result = child.finish()
                if result:
                    children.remove(child)
                    results.append(result)
    return sorted(results, key=lambda r: (CATEGORIES.index(r["category"]), r["name"]))


# ------------------------------------------------------------------ the list


def listed():
    """{case: reason} of the cases that do not pass: a reason at the margin, its cases indented below."""
    cases, why = {}, None
    for line in LIST.read_text().splitlines():
        if line.startswith(" "):
            cases[line.strip()] = why
        elif line and not line.startswith("#"):
            why = line
    return cases


def update(results):
    """Takes what passes out of the list and renews the reasons of the rest."""
    known, groups = listed(), collections.defaultdict(list)
    for result in results:
        if result["outcome"] != "passed" and result["name"] in known:
            prefix = "" if result["outcome"] == "refused" else f"{result['outcome']}: "
            groups[prefix + result["detail"]].append(result["name"])
    head = "".join(line + "\n" for line in LIST.read_text().splitlines() if line.startswith("#"))
    for why, names in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        head += f"\n{why}\n" + "".join(f"  {name}\n" for name in sorted(names))
    LIST.write_text(head)


def table(results):
    """The counts by category, as Markdown."""
    text = "| cases | passed | of |\n|---|---|---|\n"
    for category in CATEGORIES:
        ours = [r for r in results if r["category"] == category]
        text += f"| {category} | {sum(r['outcome'] == 'passed' for r in ours):,} | {len(ours):,} |\n"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / "build")
    parser.add_argument("--filter", default="")
    parser.add_argument("-v", action="store_true", help="name what is refused, too")
    parser.add_argument("--update", action="store_true", help="shrink the list (without --filter)")
    parser.add_argument("--table", action="store_true", help="print the counts by category")
    options = parser.parse_args()
    results = sweep(options.build / "python", options.filter)
    quiet = {"passed"} | (set() if options.v else {"refused"})
    for result in results:
        if result["outcome"] not in quiet:
            print(f"{result['outcome']:8} {result['name']}: {result['detail']}")
    print(dict(collections.Counter(result["outcome"] for result in results)))
    if options.table:
        print(table(results), end="")
    if options.update and not options.filter:
        update(results)


if __name__ == "__main__":
    main()

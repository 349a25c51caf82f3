#!/usr/bin/env python3
"""ONNX's node tests through aicc: nodes.py [--build DIR] [--filter TEXT] [-v]

Prints the counts by outcome, and what was wrong or crashed. nodes.sweep() does it for the tests.
"""

import argparse
import collections
import json
import pathlib
import select
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


class Worker:
    """A node_worker.py, started anew after it crashed or hung."""

    def __init__(self, python_path, only):
        self.command = [sys.executable, str(HERE / "node_worker.py"), str(python_path), *([only] if only else [])]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.cases = json.loads(self.process.stdout.readline())

    def run(self, index, timeout_s):
        print(index, file=self.process.stdin, flush=True)
        ready, _, _ = select.select([self.process.stdout], [], [], timeout_s)
        line = self.process.stdout.readline() if ready else ""
        if line:
            return json.loads(line)
        self.process.kill()
        status = self.process.wait()
        self.start()
        return {"outcome": "crashed", "detail": f"status {status}"} if ready else {"outcome": "hung", "detail": ""}

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def sweep(python_path, only="", timeout_s=60):
    """[{"name", "ops", "outcome", "detail"}] of all node tests whose name holds `only`."""
    worker = Worker(python_path, only)
    results = [{**case, **worker.run(index, timeout_s)} for index, case in enumerate(worker.cases)]
    worker.close()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build")
    parser.add_argument("--filter", default="")
    parser.add_argument("-v", action="store_true", help="name what is refused, too")
    options = parser.parse_args()
    results = sweep(options.build / "python", options.filter)
    for result in results:
        if result["outcome"] not in ("passed",) + (() if options.v else ("refused",)):
            print(f"{result['outcome']:8} {result['name']}: {result['detail']}")
    print(dict(collections.Counter(result["outcome"] for result in results)))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Runs clang-tidy over sources that the build knows: tidy.py --build DIR [--jobs N] FILE ...

A file that was found clean is not looked at again until it, one of our headers or the checks
change. Exit status 1 if anything was found.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def tracked(*patterns):
    done = subprocess.run(["git", "-C", str(ROOT), "ls-files", *patterns], capture_output=True, text=True, check=True)
    return [ROOT / line for line in done.stdout.splitlines()]


def digest(paths):
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.read_bytes())
    return total.hexdigest()


def check(path, build):
    """What clang-tidy says about one file, '' if nothing."""
    done = subprocess.run(
        ["clang-tidy-22", "--quiet", f"-p={build}", str(path)], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return "" if done.returncode == 0 else done.stdout or done.stderr or f"{path}: clang-tidy failed"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="all that we have and the build knows by default")
    options = parser.parse_args()
    known = {pathlib.Path(entry["file"]) for entry in json.loads((options.build / "compile_commands.json").read_text())}
    files = [f.resolve() for f in options.files] or tracked("*.cpp", "*.c")
    files = [f for f in files if f in known]
    common = digest([*tracked("*.h", "*.td", "*.def"), ROOT / ".clang-tidy"])
    stamps = options.build / "tidy"
    stamps.mkdir(exist_ok=True)
    todo = {f: stamps / hashlib.sha256((common + digest([f])).encode()).hexdigest() for f in files}
    todo = {f: stamp for f, stamp in todo.items() if not stamp.exists()}
    found = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for stamp, text in zip(todo.values(), pool.map(lambda f: check(f, options.build), todo)):
            if text:
                found += 1
                print(text)
            else:
                stamp.touch()
    print(f"clang-tidy: {len(files)} files, {len(todo)} looked at, {found} with findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

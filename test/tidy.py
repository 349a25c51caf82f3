#!/usr/bin/env python3
"""Runs clang-tidy over sources that the build knows: tidy.py --build DIR [--jobs N] FILE ...

A file that was found clean is not looked at again until it, one of our headers or the checks
change. Exit status 1 if anything was found.

Most of the time for a file goes into reading the precompiled header whole, so files of a folder
that are compiled alike are looked at together, as one source that includes them. A file about which
something comes out, be it that it does not go together with one before it, is looked at alone.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Files looked at together: more make the batches of two jobs too unlike in length.
BATCH = 8


def tracked(*patterns):
    done = subprocess.run(["git", "-C", str(ROOT), "ls-files", *patterns], capture_output=True, text=True, check=True)
    return [ROOT / line for line in done.stdout.splitlines()]


def digest(paths):
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.read_bytes())
    return total.hexdigest()


def check(path, build, *arguments):
    """What clang-tidy says about one file, '' if nothing."""
    command = ["clang-tidy-22", "--quiet", f"-p={build}", *arguments, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return "" if done.returncode == 0 else done.stdout or done.stderr or f"{path}: clang-tidy failed"


def compilations(build):
    """Folder and arguments that a file is compiled with, without its own name and its output's."""
    known = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        arguments = shlex.split(entry["command"])
        for option in ("-o", "-c"):
            if option in arguments:
                at = arguments.index(option)
                del arguments[at : at + 2]
        known[pathlib.Path(entry["file"])] = (entry["directory"], tuple(arguments))
    return known


def batches(files, known):
    """The files in groups of BATCH at most, each of one folder and of one way of compiling."""
    alike = {}
    for file in files:
        alike.setdefault((file.parent, file.suffix, known[file]), []).append(file)
    for group in alike.values():
        for start in range(0, len(group), BATCH):
            yield group[start : start + BATCH]


def check_batch(batch, known, build):
    """What clang-tidy says about each file of a batch, by file."""
    found = {}
    rest = list(batch)
    while len(rest) > 1:
        text = check_together(rest, *known[rest[0]])
        if not text:
            return found | dict.fromkeys(rest, "")
        errors = [line for line in text.splitlines() if " error: " in line]
        named = [file for file in rest if any(line.startswith(f"{file}:") for line in errors)] or rest
        found |= {file: check(file, build) for file in named}
        rest = [file for file in rest if file not in named]
    return found | {file: check(file, build) for file in rest}


def check_together(batch, directory, arguments):
    """What clang-tidy says about one source that includes the files of a batch."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, f"batch{batch[0].suffix}")
        source.write_text("".join(f'#include "{file}"\n' for file in batch))
        entry = {"directory": directory, "file": str(source), "arguments": [*arguments, "-c", str(source)]}
        pathlib.Path(folder, "compile_commands.json").write_text(json.dumps([entry]))
        # The folder lies outside of ours; the headers that are not ours are excluded by the file.
        return check(source, folder, f"--config-file={ROOT / '.clang-tidy'}", "--header-filter=.*")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="all that we have and the build knows by default")
    options = parser.parse_args()
    known = compilations(options.build)
    files = [f.resolve() for f in options.files] or tracked("*.cpp", "*.c")
    files = [f for f in files if f in known]
    common = digest([*tracked("*.h", "*.td", "*.def"), ROOT / ".clang-tidy"])
    stamps = options.build / "tidy"
    stamps.mkdir(exist_ok=True)
    todo = {f: stamps / hashlib.sha256((common + digest([f])).encode()).hexdigest() for f in files}
    todo = {f: stamp for f, stamp in todo.items() if not stamp.exists()}
    found = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for texts in pool.map(lambda group: check_batch(group, known, options.build), batches(todo, known)):
            for file, text in texts.items():
                if text:
                    found += 1
                    print(text)
                else:
                    todo[file].touch()
    print(f"clang-tidy: {len(files)} files, {len(todo)} looked at, {found} with findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Writes the reference of our dialects and passes: generate.py --build DIR --out FOLDER

The text comes from the .td files: mlir-tblgen turns each dialect and each Passes.td into Markdown.
"""

import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def tblgen(source, out, build, *flags):
    command = ["mlir-tblgen-22", *flags, "-I", "/usr/lib/llvm-22/include", "-I", str(ROOT), "-I", str(ROOT / "include")]
    command += ["-I", str(build), "-I", str(build / "include"), "-I", str(source.parent), str(source), "-o", str(out)]
    subprocess.run(command, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    written = []
    for base in (ROOT, options.build):
        for source in sorted(base.glob("dialects/*/IR/*Ops.td")):
            dialect = source.parent.parent.name
            written.append(options.out / f"dialect-{dialect}.md")
            tblgen(source, written[-1], options.build, "-gen-dialect-doc", f"-dialect={dialect}")
    for folder in ("dialects", "include", "lib", "targets"):
        for source in sorted((ROOT / folder).glob("**/Passes.td")):
            written.append(options.out / f"passes-{source.parent.name.lower()}.md")
            tblgen(source, written[-1], options.build, "-gen-pass-doc")
    index = "".join(f"- [{out.stem}]({out.name})\n" for out in sorted(written))
    (options.out / "index.md").write_text(f"# Reference\n\n{index}")
    print(f"{len(written)} pages in {options.out}")


if __name__ == "__main__":
    sys.exit(main())

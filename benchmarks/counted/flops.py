"""Counts the floating-point operations that the final LLVM IR of a model executes.

A counter is added to each basic block, and the entry function is run once on buffers of zeros:
trip counts do not depend on the data. A block's operations are read off its text. Additions,
subtractions, multiplications and divisions count one for each lane, also for lanes that are
masked off later; a fused multiply-add counts two, and the sum over the lanes of a vector as many
as it has lanes. Comparisons, minima, roots and conversions do not count.
"""

import collections
import ctypes
import pathlib
import re
import subprocess
import tempfile

ARITHMETIC = re.compile(r"= f(?:add|sub|mul|div)\b[a-z ]*?(?:<(\d+) x )?(?:float|double|half|bfloat)\b")
FUSED = re.compile(r"call [^@]*@llvm\.(?:fma|fmuladd)\.(?:v(\d+))?[a-z]")
LANES = re.compile(r"call [^@]*@llvm\.vector\.reduce\.f(?:add|mul)\.v(\d+)")
DEFINE = re.compile(r"define .*@(\S+?)\((.*)\)")
LABEL = re.compile(r"^[\w.$-]+:")


def operations(line):
    """Floating-point operations of one instruction."""
    if found := ARITHMETIC.search(line):
        return int(found[1] or 1)
    if found := FUSED.search(line):
        return 2 * int(found[1] or 1)
    if found := LANES.search(line):
        return int(found[1])
    return 0


def instrument(text):
    """(IR with counters, [(function, operations)] by counter, sizes of the buffers of *_main)."""
    lines, blocks, function, sizes, fresh, entry = [], [], None, [], False, None
    for line in text.splitlines():
        if found := DEFINE.match(line):
            function, fresh = found[1], True
            blocks.append([function, 0])
            if function.endswith("_main"):
                entry, sizes = (
                    function,
                    [int(size or 0) for size in re.findall(r"ptr[^,]*?(?:dereferenceable\((\d+)\))?[^,(]*%", found[2])],
                )
        elif line == "}":
            function = None
        elif function and LABEL.match(line):
            blocks.append([function, 0])
            fresh = True
        elif function and line.strip() and not line.strip().startswith(";"):
            if fresh and " = phi " not in line:
                n = len(blocks) - 1
                place = f"getelementptr inbounds (i64, ptr @aicc_counts, i64 {n})"
                lines.append(f"  %count.{n} = load i64, ptr {place}")
                lines.append(f"  %more.{n} = add i64 %count.{n}, 1")
                lines.append(f"  store i64 %more.{n}, ptr {place}")
                fresh = False
            blocks[-1][1] += operations(line)
        lines.append(line)
    lines.append(f"@aicc_counts = global [{len(blocks)} x i64] zeroinitializer")
    text = "\n".join(lines).replace(f"define hidden void @{entry}(", f"define void @{entry}(")
    return text, blocks, entry, sizes


def count(ir, clang="clang-22"):
    """{kernel: operations} of one run of the model whose IR lies in the file `ir`."""
    text, blocks, entry, sizes = instrument(pathlib.Path(ir).read_text())
    with tempfile.TemporaryDirectory() as folder:
        counted, library = pathlib.Path(folder) / "counted.ll", pathlib.Path(folder) / "counted.so"
        counted.write_text(text)
        command = [clang, "-w", "-O0", "-shared", "-fPIC", "-march=x86-64-v3", str(counted), "-o", str(library), "-lm"]
        subprocess.run(command, check=True)
        loaded = ctypes.CDLL(str(library))
        # Room before and after: padding may be read.
        buffers = [ctypes.create_string_buffer(size + 8192) for size in sizes]
        getattr(loaded, entry)(*[ctypes.c_void_p((ctypes.addressof(b) + 4095) // 4096 * 4096) for b in buffers])
        runs = (ctypes.c_int64 * len(blocks)).in_dll(loaded, "aicc_counts")
        result = collections.Counter()
        for (function, each), times in zip(blocks, runs):
            if kernel := re.search(r"_(k\d+)$", function):
                result[kernel[1]] += each * times
        return result

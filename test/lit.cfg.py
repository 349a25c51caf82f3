"""How lit finds and runs the tests of this tree."""

import os
import shutil

import lit.formats

config.name = "aicc"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.aicc_binary_dir + "/test"
# Inputs of other tests; Python tests run under pytest, C++ ones under GoogleTest.
config.excludes = ["Inputs", "unit", "python", "e2e", "fuzz", "models"]

tools = [config.aicc_binary_dir + "/bin", config.llvm_tools_dir]
config.environment["PATH"] = os.pathsep.join(tools + [config.environment["PATH"]])
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "OMP_NUM_THREADS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%python", f'"{config.python}"'),
    ("%exits", f'"{config.python}" "{config.aicc_source_dir}/test/tools/exits.py"'),
    ("%shlibext", ".so"),
    ("%test_libs", config.aicc_binary_dir + "/test/lib"),
    ("%source_root", config.aicc_source_dir),
    # A C compiler, the runtime library, and both for a link line.
    ("%cc", config.cc),
    ("%runtime_lib", config.aicc_binary_dir + "/lib/libaicc_runtime.so"),
    (
        "%runtime",
        f"-L{config.aicc_binary_dir}/lib -Wl,-rpath,{config.aicc_binary_dir}/lib -laicc_runtime",
    ),
]

if os.geteuid() == 0:
    # Root writes to read-only folders.
    config.available_features.add("root")
if shutil.which("qemu-aarch64") and shutil.which("qemu-x86_64"):
    config.available_features.add("qemu")
if config.sanitize:
    config.available_features.add("sanitizer")

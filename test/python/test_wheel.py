"""The wheel: built from the sources, installed into a fresh environment, used there."""

import os
import subprocess
import sys

import onnx
from conftest import BUILD, ROOT
from test_compile import mlp

USE = """
import aicc, numpy, sys
y, s = aicc.compile(sys.argv[1])(numpy.ones((2, 3), numpy.float32))
assert y.shape == (2, 4) and s == 6, (y, s)
assert "onnx" not in sys.modules
print(aicc.__file__)
"""


def run(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **kwargs)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def onnx_root():
    lines = (BUILD / "CMakeCache.txt").read_text().splitlines()
    return next(line.split("=", 1)[1] for line in lines if line.startswith("ONNX_ROOT:"))


def test_wheel_in_a_fresh_environment(tmp_path):
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(
        *[*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(ROOT)],
        env=os.environ | {"CMAKE_ARGS": f"-DONNX_ROOT={onnx_root()}"},
    )
    (wheel,) = tmp_path.glob("aicc-*.whl")
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"))
    python = str(tmp_path / "venv" / "bin" / "python")
    run(python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", str(wheel))
    onnx.save(mlp()[0], tmp_path / "mlp.onnx")
    where = run(python, "-c", USE, str(tmp_path / "mlp.onnx"), cwd=tmp_path)
    assert where.startswith(str(tmp_path / "venv"))

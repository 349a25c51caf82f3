"""Bytes and operations that the cost model predicts are those that are counted (docs/counted.md)."""

import shutil
import sys

import pytest
from conftest import BUILD, ROOT, is_sanitized, run_tool

COUNT = ROOT / "benchmarks" / "counted" / "count.py"


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
@pytest.mark.skipif(not shutil.which("clang-22"), reason="clang-22 is not installed")
@pytest.mark.skipif(is_sanitized(), reason="valgrind does not run programs with sanitizers")
@pytest.mark.parametrize("model", ["oww_alexa", "oww_embedding"])
def test_predicted_is_counted(model):
    pytest.importorskip("yaml")
    done = run_tool(sys.executable, str(COUNT), "--build", str(BUILD), "--check", "15", model)
    assert done.returncode == 0, done.stdout + done.stderr

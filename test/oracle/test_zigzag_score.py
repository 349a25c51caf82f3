"""Our mappings, scored by ZigZag's own cost model, beside what its search finds.

Needs an environment with zigzag_requirements.txt: AICC_ZIGZAG_PYTHON is its
interpreter. Skipped without.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BENCH = Path(os.environ.get("AICC_BUILD", ROOT / "build")) / "bin" / "aicc-mapper-bench"
MACHINE = ROOT / "benchmarks" / "mapper" / "tpu_like.yaml"

# ZigZag 3.9.1's search for EDP on tpu_like: pJ and cycles.
ZIGZAG_RESNET50 = (5.122e9, 8.004e6)
ZIGZAG_CONVOLUTIONS = [(67.00e6, 138048), (62.95e6, 100416), (238.19e6, 300463)]


def mappings(path, network, objective):
    text = subprocess.run(
        [BENCH, f"--machine={MACHINE}", f"--network={network}", f"--objective={objective}", "--perfect", "--json"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    path.write_text(text)
    return path


def score(tmp_path, network, objective):
    python = os.environ.get("AICC_ZIGZAG_PYTHON")
    if not python:
        pytest.skip("AICC_ZIGZAG_PYTHON is not set: no environment with zigzag-dse")
    if not BENCH.exists():
        pytest.skip(f"{BENCH.name} is not built")
    result = tmp_path / "scores.json"
    subprocess.run(
        [python, HERE / "zigzag_score.py", mappings(tmp_path / "mappings.json", network, objective), "--json", result],
        check=True,
    )
    return json.loads(result.read_text())["layers"]


def test_script_says_when_zigzag_is_missing(tmp_path):
    # -I -S: nothing but the standard library can be imported.
    run = subprocess.run(
        [sys.executable, "-I", "-S", HERE / "zigzag_score.py", "none.json"], capture_output=True, text=True
    )
    assert run.returncode == 0
    assert run.stdout.startswith("skipped: zigzag-dse is not installed")


def test_convolutions(tmp_path):
    for layer, (energy, cycles) in zip(score(tmp_path, "convolutions", "edp"), ZIGZAG_CONVOLUTIONS, strict=True):
        assert layer["energy_pj"] * layer["cycles"] <= energy * cycles, layer["name"]


@pytest.mark.parametrize("objective", ["edp", "energy"])
def test_resnet50(tmp_path, objective):
    layers = score(tmp_path, "resnet50", objective)
    energy = sum(layer["count"] * layer["energy_pj"] for layer in layers)
    cycles = sum(layer["count"] * layer["cycles"] for layer in layers)
    assert energy * cycles <= ZIGZAG_RESNET50[0] * ZIGZAG_RESNET50[1]
    assert cycles <= ZIGZAG_RESNET50[1]
    if objective == "energy":
        assert energy <= ZIGZAG_RESNET50[0]

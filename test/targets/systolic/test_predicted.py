"""What the cost model predicts of a program against what the simulator counts."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import pytest
from conftest import ROOT, tool
from test_programs import I8, MACHINES, U8, computed, conv, matmul

import aicc  # isort: skip

sys.path.insert(0, str(ROOT / "benchmarks"))
import dataflows  # noqa: E402
from systolic import counter, energy  # noqa: E402

LAYERS = {
    "1x1": lambda rng: conv(rng, [1, 64, 28, 28], [256, 64, 1, 1], np.uint8),
    "1x1, strides": lambda rng: conv(rng, [1, 256, 28, 28], [512, 256, 1, 1], np.uint8, strides=[2, 2]),
    "3x3": lambda rng: conv(rng, [1, 64, 28, 28], [64, 64, 3, 3], np.uint8, pads=[1] * 4),
    "3x3, many": lambda rng: conv(rng, [1, 256, 14, 14], [256, 256, 3, 3], np.int8, pads=[1] * 4),
    "stem": lambda rng: conv(rng, [1, 3, 112, 112], [64, 3, 7, 7], np.uint8, pads=[3] * 4, strides=[2, 2]),
    "matmul": lambda rng: matmul(rng, 128, 384, 1536, np.uint8),
    "scores": lambda rng: computed(rng, [1, 12, 128, 32], [1, 12, 32, 128], (U8, I8), (131, 0)),
    "values": lambda rng: computed(rng, [1, 12, 128, 128], [1, 12, 128, 64], (U8, U8), (0, 120)),
    # Rows enough for passes that are as long as the array, if they are not cut.
    "values, few columns": lambda rng: computed(rng, [1, 12, 128, 128], [1, 12, 128, 32], (U8, U8), (0, 137)),
    # The zeros of the diagonal weights are multiplied, too.
    "depthwise": lambda rng: conv(rng, [1, 40, 56, 56], [40, 1, 3, 3], np.uint8, pads=[1] * 4, group=40),
}


def measure(model, machine, path):
    """The predicted launches and the counted ones."""
    file, artefact, manifest = path / "m.onnx", path / "m.so", path / "manifest.json"
    onnx.save(model, file)
    target = str(machine) if pathlib.Path(machine).exists() else f"systolic/{machine}"
    aicc.compile(file, target=target).save(artefact)
    subprocess.run(["llvm-objcopy-22", f"--dump-section=.aicc.manifest={manifest}", artefact, "/dev/null"], check=True)
    predicted = [launch for launch in json.loads(manifest.read_text())["predicted"] if "items" in launch]
    done = subprocess.run(
        [tool("aicc-run"), artefact, "--random", "--json", "--counts"], capture_output=True, text=True, check=True
    )
    launches = json.loads(done.stdout)["counts"]["launches"]
    return [launch for launch in predicted if launch["kernel"].startswith("p")], launches


@pytest.mark.parametrize("machine", MACHINES)
def test_predicted_is_counted(machine, tmp_path):
    pairs = {}
    for name, make in LAYERS.items():
        model, _ = make(np.random.default_rng(1))
        predicted, counted = measure(model, machine, tmp_path)
        assert len(predicted) == len(counted) == 1
        pairs[name] = predicted[0], counted[0]
    for name, (launch, run) in pairs.items():
        assert launch["cycles"] == pytest.approx(run["cycles"], rel=0.05), name
        for component, (count, _) in launch["items"].items():
            if key := counter(component):
                # Rows of 3 channels begin anywhere in an access: the model has the mean.
                rel = 1e-3 if name == "stem" and key.startswith("dram") else 1e-9
                assert count == pytest.approx(run["counts"][key], rel=rel), (name, component)
    energies = np.sum([(pair[0]["energy_pj"], energy(*pair)) for pair in pairs.values()], axis=0)
    assert energies[0] == pytest.approx(energies[1], rel=0.02)


@pytest.mark.parametrize("machine", ["edge64", "tpu_v1"])
def test_strides_read_no_positions_between(machine, tmp_path):
    model, _ = LAYERS["1x1, strides"](np.random.default_rng(1))
    _, counted = measure(model, machine, tmp_path)
    weights, inputs, parameters = 256 * 512, 14 * 14 * 256, 512 * 8
    # All that lies between would be four times the inputs.
    assert counted[0]["counts"]["dram.read"] < weights + 2 * inputs + 2 * parameters


# Layers of ResNet-50, for each size some of those that were slow there.
FOLDS = {
    "one tile of weights": (lambda rng: conv(rng, [1, 64, 56, 56], [256, 64, 1, 1], np.int8), (3136, 64, 256)),
    "many weights, few rows": (lambda rng: conv(rng, [1, 2048, 7, 7], [512, 2048, 1, 1], np.int8), (49, 2048, 512)),
    "passes shorter than the array is long": (
        lambda rng: conv(rng, [1, 1024, 14, 14], [256, 1024, 1, 1], np.int8),
        (196, 1024, 256),
    ),
    "windows with strides": (
        lambda rng: conv(rng, [1, 256, 28, 28], [256, 256, 3, 3], np.int8, pads=[1] * 4, strides=[2, 2]),
        (196, 2304, 256),
    ),
}


@pytest.mark.parametrize("size", dataflows.SIZES)
@pytest.mark.parametrize("name", FOLDS)
def test_passes_overlap(name, size, tmp_path):
    make, product = FOLDS[name]
    model, _ = make(np.random.default_rng(1))
    _, counted = measure(model, dataflows.machine(size, tmp_path), tmp_path)
    # As fast as the best of three dataflows whose folds do not overlap.
    _, least = dataflows.best_of(*product, size)
    assert least >= dataflows.LEAST * counted[0]["cycles"]

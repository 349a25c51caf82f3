"""Every model of the zoo through the command line, against ONNX Runtime on seeded inputs."""

import numpy
import pytest
from models import zoo

# Regions that run in turns, of convolutions with strides and residual sums, and of attention and MLPs.
IN_TURNS = ["gen_mobilenetv2", "lcnet_orientation", "ppocrv4_det", "minilm_l6_fp32"]


@pytest.mark.parametrize(
    "name, flags", [(name, []) for name in zoo.manifest()] + [(name, ["--objective=energy"]) for name in IN_TURNS]
)
def test_agrees_with_onnxruntime(name, flags, compiled, reference, tmp_path):
    inputs = zoo.random_inputs(name)
    want = reference(name).run(inputs)
    got = compiled(name, *flags).run(inputs, tmp_path)
    assert list(got) == list(want)
    for output, value in want.items():
        assert got[output].dtype == value.dtype
        assert got[output].shape == value.shape
        error = numpy.abs(got[output].astype(numpy.float64) - value).max()
        bound = zoo.manifest()[name].tolerance * numpy.abs(value).max()
        assert error <= bound, f"output '{output}': error {error:.3g}, allowed {bound:.3g}"

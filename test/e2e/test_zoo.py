"""Every model of the zoo through the command line, against ONNX Runtime on seeded inputs."""

import numpy
import pytest
from models import zoo


@pytest.mark.parametrize("name", zoo.manifest())
def test_agrees_with_onnxruntime(name, compiled, reference, tmp_path):
    inputs = zoo.random_inputs(name)
    want = reference(name).run(inputs)
    got = compiled(name).run(inputs, tmp_path)
    assert list(got) == list(want)
    for output, value in want.items():
        assert got[output].dtype == value.dtype
        assert got[output].shape == value.shape
        error = numpy.abs(got[output].astype(numpy.float64) - value).max()
        bound = zoo.manifest()[name].tolerance * numpy.abs(value).max()
        assert error <= bound, f"output '{output}': error {error:.3g}, allowed {bound:.3g}"

"""Models of the zoo, quantised to 8 bits by ONNX Runtime's static quantiser in QDQ form; kept in the cache."""

import pathlib
import tempfile

import onnx

from . import zoo


class _Samples:
    """Two seeded inputs to calibrate on."""

    def __init__(self, name):
        self.samples = iter([zoo.random_inputs(name, seed=seed) for seed in (1, 2)])

    def get_next(self):
        return next(self.samples, None)


def path(name):
    """Path of NAME.onnx: u8 activations, i8 weights with a scale for each channel, static shapes."""
    import onnxruntime
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    source = zoo.path(name)
    key = f"{zoo.file_sha256(source)[:12]}-{zoo.file_sha256(pathlib.Path(__file__))[:12]}-{onnxruntime.__version__}"
    path = zoo.cache() / f"quantized-{key}" / f"{name}.onnx"
    if path.exists():
        return path
    path.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        part, shapes = pathlib.Path(folder), zoo.manifest()[name].shapes()
        model = onnx.load(source)
        for value in model.graph.input:
            for dim, size in zip(value.type.tensor_type.shape.dim, shapes.get(value.name, ())):
                dim.dim_value = size
        onnx.save(model, part / "static.onnx")
        quant_pre_process(part / "static.onnx", part / "prepared.onnx", skip_symbolic_shape=True)
        quantization.quantize_static(
            part / "prepared.onnx",
            part / "quantized.onnx",
            _Samples(name),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        (part / "quantized.onnx").rename(path)
    return path

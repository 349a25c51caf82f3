#!/usr/bin/env python3
"""Writes the model of the tour: model.py OUT.onnx. A small classifier of 32 x 32 images, random weights."""

import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def weights(random, name, *shape):
    return numpy_helper.from_array(random.standard_normal(shape, numpy.float32) / 4, name)


def main():
    random = numpy.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["image", "w1", "b1"], ["c"], name="stem/conv", kernel_shape=[3, 3], pads=[1] * 4),
        helper.make_node("Relu", ["c"], ["r"], name="stem/relu"),
        helper.make_node("GlobalAveragePool", ["r"], ["p"], name="pool"),
        helper.make_node("Flatten", ["p"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "w2", "b2"], ["g"], name="head/gemm"),
        helper.make_node("Softmax", ["g"], ["scores"], name="head/softmax"),
    ]
    graph = helper.make_graph(
        nodes,
        "tour",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 32, 32])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])],
        [weights(random, *spec) for spec in (("w1", 16, 3, 3, 3), ("b1", 16), ("w2", 16, 10), ("b2", 10))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, sys.argv[1])


if __name__ == "__main__":
    main()

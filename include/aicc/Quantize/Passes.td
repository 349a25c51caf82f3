//===- Passes.td - Post-training quantisation -----------------------------===//
//
// They work on the onnx dialect at stage `graph`. The order, and what runs the
// model in between: docs/design/0009-quantization.md.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_QUANTIZE_PASSES_TD
#define AICC_QUANTIZE_PASSES_TD

include "mlir/Pass/PassBase.td"

def ObservePass : Pass<"quantize-observe", "::mlir::func::FuncOp"> {
  let summary = "return the values whose ranges quantising needs";
  let description = [{
    The function returns them in place of its results; what they do not need
    is gone. Whoever runs it on samples of the inputs knows the ranges that
    `quantize-insert-qdq` asks for. Values that only move elements of others
    are not among them.

    ```mlir
    // before
    func.func @main(%x: tensor<1x8xf32>) -> tensor<1x4xf32> {
      %y = onnx.Gemm %x, %w, %b : ...
      %z = onnx.Softmax %y : (tensor<1x4xf32>) -> tensor<1x4xf32>
      return %z : tensor<1x4xf32>
    }
    // after
    func.func @main(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x4xf32>) {
      %y = onnx.Gemm %x, %w, %b : ...
      return %x, %y : tensor<1x8xf32>, tensor<1x4xf32>
    }
    ```
  }];
  let dependentDialects = ["::aicc::onnx::OnnxDialect"];
}

def ObserveErrorsPass
    : Pass<"quantize-observe-errors", "::mlir::func::FuncOp"> {
  let summary = "return the mean error that quantising makes in each layer";
  let description = [{
    Beside each layer that can have a bias, the same layer is computed on what
    its input and its weights are once quantised; the function returns the
    mean of the difference for each output channel. Every layer sees the input
    that it has in the float model, so errors of the layers before it are not
    in its own. Needs the ranges that `quantize-insert-qdq` needs.

    ```mlir
    // before
    func.func @main(%x: tensor<1x8xf32> {aicc.range = array<f64: -1.0, 1.0>})
        -> tensor<1x4xf32> {
      %y = onnx.Gemm %x, %w, %b {aicc.range = array<f64: 0.0, 4.0>} : ...
      return %y : tensor<1x4xf32>
    }
    // after; %w1 holds the rounded weights
    func.func @main(%x: tensor<1x8xf32>) -> tensor<4xf32> {
      %y = onnx.Gemm %x, %w, %b : ...
      %q = onnx.QuantizeLinear %x, %scale, %zero : ...
      %x1 = onnx.DequantizeLinear %q, %scale, %zero : ...
      %y1 = onnx.Gemm %x1, %w1, %b : ...
      %d = onnx.Sub %y, %y1 : ...
      %e = onnx.ReduceMean %d, %axes {keepdims = 0 : i64} : ...
      return %e : tensor<4xf32>
    }
    ```
  }];
  let dependentDialects = ["::aicc::onnx::OnnxDialect"];
}

def InsertQdqPass : Pass<"quantize-insert-qdq", "::mlir::func::FuncOp"> {
  let summary = "compute on 8-bit integers, by QuantizeLinear and its inverse";
  let description = [{
    Products (`Conv`, `Gemm`, `MatMul`), and what lies between them, read what
    `DequantizeLinear` gives and are read through `QuantizeLinear`: the form
    that ONNX has for integer models. Activations become uint8 with a zero
    point, weights int8 around zero with a scale for each output channel,
    biases int32 in steps of the product of both scales. What moves elements
    keeps their scale. A `Relu` or `Clip` after a computation is left out where
    saturation does the same.

    The ranges are attributes: `aicc.range = array<f64: low, high>` on the
    operation, about its first result, or on the argument. A layer may carry
    `aicc.bias_correction = array<f64: ...>`, which is added to its bias.

    ```mlir
    // before
    func.func @main(%x: tensor<1x8xf32> {aicc.range = array<f64: -1.0, 1.55>}) {
      %y = onnx.Gemm %x, %w, %b {aicc.range = array<f64: -3.0, 4.0>} : ...
      %z = onnx.Relu %y {aicc.range = array<f64: 0.0, 4.0>} : ...
    // after
      %xq = onnx.QuantizeLinear %x, %c001, %c100
          : (tensor<1x8xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x8xui8>
      %x1 = onnx.DequantizeLinear %xq, %c001, %c100 : ...
      %w1 = onnx.DequantizeLinear %wq, %wscale, %wzero {axis = 1 : i64}
          : (tensor<8x4xi8>, tensor<4xf32>, tensor<4xi8>) -> tensor<8x4xf32>
      %b1 = onnx.DequantizeLinear %bq, %bscale, %bzero {axis = 0 : i64}
          : (tensor<4xi32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
      %y = onnx.Gemm %x1, %w1, %b1 : ...
      %yq = onnx.QuantizeLinear %y, %yscale, %yzero : ...
      %y1 = onnx.DequantizeLinear %yq, %yscale, %yzero : ...
    ```
  }];
  let statistics = [
    Statistic<"numQuantized", "quantized", "operations on integers">
  ];
  let dependentDialects = ["::aicc::onnx::OnnxDialect"];
}

#endif // AICC_QUANTIZE_PASSES_TD

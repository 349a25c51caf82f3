//===- Passes.td - Passes of the qnn dialect ------------------------------===//

#ifndef DIALECTS_QNN_TRANSFORMS_PASSES_TD
#define DIALECTS_QNN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def FoldQuantizedPass : Pass<"qnn-fold-quantized", "::mlir::func::FuncOp"> {
  let summary = "quantised ONNX operators as integer arithmetic";
  let description = [{
    Turns what a quantised model says into what it calculates, at the end of the
    graph stage:

    - `Conv`, `MatMul`, `Gemm`, `Mul` and average pools of dequantised tensors
      become sums of `qnn`, and the dequantisation of these;
    - a quantised `ConvTranspose` becomes a convolution that has its phases as channels, and moves of bytes
      that interleave them;
    - the quantisation of dequantised sums, with `Relu` and `Clip` in between,
      becomes `qnn.requantize`; that of the sum of two dequantised tensors
      `qnn.add`; that of any function of one dequantised tensor `qnn.lookup`, or
      nothing where it gives back what it got;
    - dequantisation moves behind `Reshape`, `Transpose`, `MaxPool`, `Concat` and
      the like, which then move bytes;
    - `QLinearConv`, `QLinearMatMul`, `ConvInteger`, `MatMulInteger` become sums
      and their rounding.

    ```mlir
    // before
    %0 = onnx.DequantizeLinear %x, %xs, %xz
        : (tensor<1x3x8x8xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x3x8x8xf32>
    %1 = onnx.DequantizeLinear %w, %ws, %wz
        : (tensor<8x3x3x3xi8>, tensor<f32>, tensor<i8>) -> tensor<8x3x3x3xf32>
    %2 = onnx.Conv %0, %1, %none
        : (tensor<1x3x8x8xf32>, tensor<8x3x3x3xf32>, none) -> tensor<1x8x6x6xf32>
    %3 = onnx.QuantizeLinear %2, %ys, %yz
        : (tensor<1x8x6x6xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x8x6x6xui8>
    // after
    %0 = qnn.conv %x, %w {x_zero_point = 128 : i64}
        : (tensor<1x3x8x8xui8>, tensor<8x3x3x3xi8>) -> tensor<1x8x6x6xi32>
    %1 = qnn.requantize %0 {scales = array<f32: 2.500000e-02>, zero_point = 3 : i64}
        : (tensor<1x8x6x6xi32>) -> tensor<1x8x6x6xui8>
    ```

    Parameters must be constants, scales f32, quantised types of 8 bits. What
    does not fit stays as it is and is calculated as ONNX defines it: weights
    that are dequantised for a product with floats, for one.

    Under `strict-fp` only those rewrites are made that change no result by a
    bit: the last two of the list, and the tables.
  }];
  let options = [
    Option<"strictFp", "strict-fp", "bool", "false",
           "keep every rounding of the model">
  ];
  let statistics = [
    Statistic<"numRewrites", "rewrites", "rewrites applied">
  ];
  let dependentDialects = [
    "::aicc::onnx::OnnxDialect", "::aicc::qnn::QnnDialect"
  ];
}

#endif // DIALECTS_QNN_TRANSFORMS_PASSES_TD

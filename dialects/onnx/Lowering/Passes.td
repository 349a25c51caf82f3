//===- Passes.td - From onnx to the structured stage ----------------------===//

#ifndef DIALECTS_ONNX_LOWERING_PASSES_TD
#define DIALECTS_ONNX_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

def LowerToStructuredPass
    : Pass<"onnx-lower-to-structured", "::mlir::ModuleOp"> {
  let summary = "onnx nodes to linalg and tensor operations";
  let description = [{
    Turns every node of the `onnx` dialect into operations of the structured
    stage: `linalg.generic`, `linalg.fill`, `linalg.transpose`, views and data
    movement of `tensor`, `arith.constant`, and `scf.for` for recurrences. Shapes
    are static; element types become signless, and `aicc.dtype` on the function's
    arguments and results keeps the truth. Dimensions stay in ONNX's order:
    physical layouts are chosen later, by the mapping.

    Before:
    ```mlir
    %0 = onnx.Relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
    After:
    ```mlir
    %0 = tensor.empty() : tensor<2x3xf32>
    %1 = linalg.generic {indexing_maps = [#id, #id],
                         iterator_types = ["parallel", "parallel"]}
        ins(%x : tensor<2x3xf32>) outs(%0 : tensor<2x3xf32>) {
    ^bb0(%in: f32, %out: f32):
      %zero = arith.constant 0.0 : f32
      %below = arith.cmpf olt, %in, %zero : f32
      %2 = arith.select %below, %zero, %in : f32
      linalg.yield %2 : f32
    } -> tensor<2x3xf32>
    ```

    Every node that cannot be lowered is reported, each with its reason, before
    the function is touched: `<op> is not supported by the cpu lowering yet:
    <reason>`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

#endif // DIALECTS_ONNX_LOWERING_PASSES_TD

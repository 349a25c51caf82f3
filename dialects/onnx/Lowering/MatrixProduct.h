//===- MatrixProduct.h - Products as ONNX's MatMul defines them -*- C++ -*-===//

#ifndef DIALECTS_ONNX_LOWERING_MATRIXPRODUCT_H
#define DIALECTS_ONNX_LOWERING_MATRIXPRODUCT_H

#include "dialects/onnx/Lowering/NodeContext.h"

namespace aicc::onnx {

/// numpy.matmul: vectors, matrices, stacks of matrices that broadcast. Loops
/// (batch..., m, n, k); a right side that is one matrix takes all rows of the
/// left as one (m, n, k).
mlir::FailureOr<mlir::Value> matrixProduct(NodeContext &c, mlir::Value a,
                                           mlir::Value b,
                                           const Readings &readings = {});

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_LOWERING_MATRIXPRODUCT_H

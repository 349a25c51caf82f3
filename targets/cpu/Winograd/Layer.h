//===- Layer.h - A convolution that minimal filtering can compute -*- C++
//-*-===//

#ifndef TARGETS_CPU_WINOGRAD_LAYER_H
#define TARGETS_CPU_WINOGRAD_LAYER_H

#include "targets/cpu/Winograd/Matrices.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace aicc::cpu {

/// A convolution of f32 with constant 3x3 filters and steps of one, and what is
/// computed elementwise from its result.
struct WinogradLayer {
  mlir::linalg::GenericOp conv;
  /// In program order; each reads the result of the one before, which nothing
  /// else does.
  llvm::SmallVector<mlir::linalg::GenericOp> rest;

  /// N x C x (H + 2) x (W + 2).
  mlir::Value image() const { return input(0); }
  /// K x C x 3 x 3.
  mlir::Value weights() const { return input(1); }
  int64_t channels() const { return typeOf(image()).getDimSize(1); }
  /// N x K x H x W.
  llvm::ArrayRef<int64_t> resultShape() const {
    return typeOf(mlir::linalg::GenericOp(conv)->getResult(0)).getShape();
  }
  /// The operation whose result is the layer's.
  mlir::linalg::GenericOp last() const {
    return rest.empty() ? conv : rest.back();
  }

  static mlir::RankedTensorType typeOf(mlir::Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }

private:
  mlir::Value input(unsigned i) const {
    return mlir::linalg::GenericOp(conv).getDpsInputs()[i];
  }
};

/// Is `op` such a convolution?
bool isWinogradConvolution(mlir::linalg::GenericOp op);

/// The layer of such a convolution for tiles of m x m results. Where they are
/// not whole, what reads another image is not part of it.
WinogradLayer winogradLayer(mlir::linalg::GenericOp conv, int64_t m);

/// The weights as the products take them: (m + 2)^2 x C x K.
mlir::RankedTensorType transformedType(const WinogradLayer &layer,
                                       const MinimalFilter &filter);
/// G g G^T of each filter, rounded once. Null where the constant cannot be
/// read.
mlir::ElementsAttr transformWeights(const WinogradLayer &layer,
                                    const MinimalFilter &filter);

/// Replaces the layer by three operations: tiles of the image to (m + 2)^2
/// matrices, their products with `weights`, and the results, with the rest of
/// the layer on them. `stripeRows` rows of tiles go through the three at a time
/// (0: all), so that the matrices of a large image stay in a cache.
void replaceByWinograd(const WinogradLayer &layer, const MinimalFilter &filter,
                       int64_t stripeRows, mlir::ElementsAttr weights);

} // namespace aicc::cpu

#endif // TARGETS_CPU_WINOGRAD_LAYER_H

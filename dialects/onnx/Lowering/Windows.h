//===- Windows.h - Sliding windows of convolutions and pools ----*- C++ -*-===//

#ifndef DIALECTS_ONNX_LOWERING_WINDOWS_H
#define DIALECTS_ONNX_LOWERING_WINDOWS_H

#include "dialects/onnx/Lowering/NodeContext.h"

namespace aicc::onnx {

/// How windows slide over the spatial dimensions, one entry a dimension.
struct Windows {
  Shape input;  ///< Spatial sizes, without padding.
  Shape kernel; ///< Taps.
  Shape output; ///< Windows.
  Shape strides, dilations;
  Shape low, high;  ///< Padding; `high` is at least what the windows reach.
  Shape statedHigh; ///< Padding as the node states it.

  size_t rank() const { return input.size(); }
  bool isPadded() const;
};

/// The attributes that convolutions and pools share; absent ones are empty.
struct WindowAttrs {
  llvm::ArrayRef<int64_t> strides, dilations, pads;
  llvm::StringRef autoPad;
};

template <typename OpT> WindowAttrs windowAttrs(OpT op) {
  auto list = [](std::optional<llvm::ArrayRef<int64_t>> attr) {
    return attr.value_or(llvm::ArrayRef<int64_t>());
  };
  return {list(op.getStrides()), list(op.getDilations()), list(op.getPads()),
          op.getAutoPad()};
}

/// The geometry of windows with `kernel` taps that turn spatial sizes `input`
/// into `output`; failure with a reason if attributes contradict each other.
mlir::FailureOr<Windows> makeWindows(NodeContext &c, WindowAttrs attrs,
                                     llvm::ArrayRef<int64_t> input,
                                     llvm::ArrayRef<int64_t> kernel,
                                     llvm::ArrayRef<int64_t> output);

/// `x` (N x C x spatial) padded as the windows need it.
mlir::Value padWindows(NodeContext &c, mlir::Value x, const Windows &windows,
                       mlir::TypedAttr with);

/// The index of a tap in the padded input: o * stride + k * dilation for each
/// spatial dimension, where output loops start at `firstOutput` and kernel
/// loops at `firstKernel`.
llvm::SmallVector<mlir::AffineExpr> tapIndices(NodeContext &c,
                                               const Windows &windows,
                                               unsigned firstOutput,
                                               unsigned firstKernel);

/// The loops (n, c, out..., k...) of a pool over a padded input. The window's
/// shape comes from an operand of type i1 that the payload ignores, as in
/// linalg's own pooling operations.
struct PoolLoops {
  PoolLoops(NodeContext &c, mlir::Value x, const Windows &windows);

  /// body(accumulator, element), starting from `init`.
  mlir::Value reduce(NodeContext &c, mlir::TypedAttr init,
                     StructuredBuilder::Body body);

  unsigned rank, count;
  llvm::SmallVector<Indexed> inputs;
  mlir::AffineMap output;
  Iterators iterators;
  Shape shape;
};

/// The spatial part of a N x C x spatial shape.
inline llvm::ArrayRef<int64_t> spatial(llvm::ArrayRef<int64_t> shape) {
  return shape.drop_front(2);
}

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_LOWERING_WINDOWS_H

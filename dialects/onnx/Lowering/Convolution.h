//===- Convolution.h - Convolutions as contractions -------------*- C++ -*-===//

#ifndef DIALECTS_ONNX_LOWERING_CONVOLUTION_H
#define DIALECTS_ONNX_LOWERING_CONVOLUTION_H

#include "dialects/onnx/Lowering/Windows.h"

namespace aicc::onnx {

/// The windows of a convolution of `x` (N x C x spatial) with `w`
/// (M x C/group x kernel) into `y`; checks that channels and groups fit.
mlir::FailureOr<Windows> convolutionWindows(NodeContext &c, WindowAttrs attrs,
                                            llvm::ArrayRef<int64_t> x,
                                            llvm::ArrayRef<int64_t> w,
                                            llvm::ArrayRef<int64_t> y,
                                            int64_t group);

/// The convolution of a padded x with w, without bias. Elements of any type
/// that x and w share, or narrow integers with readings.
mlir::Value convolve(NodeContext &c, mlir::Value x, mlir::Value w,
                     const Windows &windows, int64_t group,
                     const Readings &readings = {});

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_LOWERING_CONVOLUTION_H

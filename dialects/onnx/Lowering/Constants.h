//===- Constants.h - Reading and making constant tensors --------*- C++ -*-===//
//
// Constants come as `dense<>` or as `dense_resource` blobs that point into the
// mapped model file; both are read and re-typed here without copying blobs.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_ONNX_LOWERING_CONSTANTS_H
#define DIALECTS_ONNX_LOWERING_CONSTANTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <optional>

namespace aicc::onnx {

/// The elements of an integer or bool tensor, row-major, sign- or
/// zero-extended by the element type; none if they cannot be read.
std::optional<llvm::SmallVector<int64_t>> readIntegers(mlir::ElementsAttr attr);

/// The elements of a float tensor (any format); integers are converted.
std::optional<llvm::SmallVector<double>> readNumbers(mlir::ElementsAttr attr);

/// The same bytes with another type of the same number of elements and bits
/// an element; null if that does not work out.
mlir::ElementsAttr retype(mlir::ElementsAttr attr, mlir::RankedTensorType type);

/// The part of a constant that starts at element `offset` and steps by
/// `strides` (in elements) through `type`'s shape. What follows on in a blob is
/// a view into it; anything else is copied. Null for types without whole bytes.
mlir::ElementsAttr stridedPart(mlir::ElementsAttr attr,
                               mlir::RankedTensorType type, int64_t offset,
                               llvm::ArrayRef<int64_t> strides);

/// A dense tensor of float or integer type from numbers; integers round
/// towards zero.
mlir::DenseElementsAttr denseNumbers(mlir::RankedTensorType type,
                                     llvm::ArrayRef<double> values);
mlir::DenseElementsAttr denseIntegers(mlir::RankedTensorType type,
                                      llvm::ArrayRef<int64_t> values);

/// A scalar attribute of a float or signless integer type.
mlir::TypedAttr scalarAttr(mlir::Type type, double value);

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_LOWERING_CONSTANTS_H

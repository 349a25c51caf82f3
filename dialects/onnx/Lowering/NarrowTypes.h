//===- NarrowTypes.h - Types of at most eight bits --------------*- C++ -*-===//
//
// float8, float4 and integers of two and four bits are stored, not computed
// with: at the structured stage they are bytes (i8) that hold their bits, with
// zeros above them in what the program makes.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_ONNX_LOWERING_NARROWTYPES_H
#define DIALECTS_ONNX_LOWERING_NARROWTYPES_H

#include "dialects/onnx/Lowering/NodeContext.h"

namespace aicc::onnx {

/// Is it such an element type?
bool isNarrow(mlir::Type element);

/// May the operation have operands and results of such types: does it move
/// them only, or convert them by what is below?
bool takesNarrow(mlir::Operation *op);

/// How numbers become narrow floats.
struct NarrowRounding {
  /// What is too large, infinities too, becomes the largest number; otherwise
  /// infinity, or NaN where there is none.
  bool saturate = true;
  /// Of float8e8m0, which is a power of two: "up", "down" or "nearest".
  llvm::StringRef mode = "up";
};

/// Converts single values of one narrow type, in bodies of operations that
/// `context` builds.
class NarrowCodec {
public:
  NarrowCodec(NodeContext &context, mlir::Type element);

  /// The number that a byte holds: f32, of integers i32.
  mlir::Value decode(ScalarBuilder &s, mlir::Value code) const;
  /// The byte for a number: of floats f32, which is rounded to the nearest,
  /// ties to even; of integers any integer, which wraps.
  mlir::Value encode(ScalarBuilder &s, mlir::Value number,
                     const NarrowRounding &rounding = {}) const;

  bool isFloat() const { return mlir::isa<mlir::FloatType>(element); }
  bool isUnsigned() const { return element.isUnsignedInteger(); }
  /// Bits of an element.
  unsigned width() const { return element.getIntOrFloatBitWidth(); }

private:
  mlir::Value encodePowerOfTwo(ScalarBuilder &s, mlir::Value bits,
                               const NarrowRounding &rounding) const;
  mlir::Value magnitude(ScalarBuilder &s, mlir::Value bits) const;

  mlir::Type element;
  mlir::Value table; ///< The numbers of all bytes, of floats.
};

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_LOWERING_NARROWTYPES_H

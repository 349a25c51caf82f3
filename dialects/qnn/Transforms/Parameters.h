//===- Parameters.h - Scales and zero points --------------------*- C++ -*-===//

#ifndef DIALECTS_QNN_TRANSFORMS_PARAMETERS_H
#define DIALECTS_QNN_TRANSFORMS_PARAMETERS_H

#include "dialects/onnx/IR/OnnxOps.h"
#include "dialects/qnn/IR/Qnn.h"
#include "lib/Graph/Simplify.h"

#include <optional>

namespace aicc::qnn {

/// real = (quantised - zero point) * scale. One scale, or one for each position
/// of `axis`; as many zero points.
struct Affine {
  llvm::SmallVector<float> scales;
  llvm::SmallVector<int64_t> zeros;
  int64_t axis = 0;

  bool isPerTensor() const { return scales.size() == 1; }
  bool operator==(const Affine &other) const {
    return scales == other.scales && zeros == other.zeros &&
           (isPerTensor() || axis == other.axis);
  }
  /// round(real / scale) + zero, saturated, as QuantizeLinear calculates it.
  int64_t quantize(float real, ByteRange range, size_t channel = 0) const;
};

/// An integer tensor of static shape and what it stands for.
struct Quantized {
  mlir::Value value;
  Affine affine;

  mlir::RankedTensorType type() const {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
  bool isByte() const { return type().getElementTypeBitWidth() == 8; }
};

/// Constant parameters of a tensor of `type`; nothing if they are calculated,
/// block-wise, or no positive, finite f32. `zero` may be absent.
std::optional<Affine> readAffine(mlir::RankedTensorType type, mlir::Value scale,
                                 mlir::Value zero, int64_t axis,
                                 int64_t blockSize);

/// What `real` is dequantised from: 8-bit values, or sums in i32.
std::optional<Quantized> dequantizedFrom(mlir::Value real);
/// The same of 8-bit values with one scale and zero point.
std::optional<Quantized> byteFrom(mlir::Value real);

/// Parameters of a quantisation to 8 bits with one scale.
std::optional<Affine> affineOf(onnx::QuantizeLinearOp op);

/// onnx.DequantizeLinear of `value`.
mlir::Value makeDequantize(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value value, const Affine &affine);

/// A scale that the dialect takes.
bool isScale(float scale);

/// The zero points as the attribute of an operation: none if all are 0, one if
/// they are the same.
llvm::SmallVector<int64_t> zeroPoints(const Affine &affine);

/// Patterns; those that change no result by a bit are exact.
void populateProductPatterns(mlir::RewritePatternSet &patterns);
void populateExactProductPatterns(mlir::RewritePatternSet &patterns);
void populateRoundingPatterns(mlir::RewritePatternSet &patterns);
void populateTransposedPatterns(mlir::RewritePatternSet &patterns);
void populateTablePatterns(mlir::RewritePatternSet &patterns);
void populateMovePatterns(mlir::RewritePatternSet &patterns);

} // namespace aicc::qnn

#endif // DIALECTS_QNN_TRANSFORMS_PARAMETERS_H

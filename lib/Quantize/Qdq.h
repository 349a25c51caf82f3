//===- Qdq.h - QuantizeLinear and DequantizeLinear --------------*- C++ -*-===//

#ifndef AICC_LIB_QUANTIZE_QDQ_H
#define AICC_LIB_QUANTIZE_QDQ_H

#include "lib/Quantize/Parameters.h"
#include "lib/Quantize/Plan.h"

#include "mlir/IR/Builders.h"

namespace aicc::quantize {

/// The parameters of every class of a plan, from the attributes that tell the
/// ranges. Errors name the node whose range is missing or no range.
class Scales {
public:
  static mlir::FailureOr<Scales> get(mlir::func::FuncOp func, const Plan &plan);

  const Parameters &of(mlir::Value leader) const {
    return parameters.find(leader)->second;
  }

private:
  llvm::DenseMap<mlir::Value, Parameters> parameters;
};

/// `value` through QuantizeLinear and DequantizeLinear, which stand at the
/// builder's place.
mlir::Value makePair(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value value, const Parameters &parameters);

/// A float constant as integers and DequantizeLinear.
mlir::Value makeDequantized(mlir::OpBuilder &builder, mlir::Location loc,
                            const ConstantTensor &tensor,
                            const Parameters &parameters);

/// Integers through DequantizeLinear with zero points of zero; one scale, or
/// one for each position of `axis`.
mlir::Value makeDequantized(mlir::OpBuilder &builder, mlir::Location loc,
                            const ConstantTensor &integers,
                            llvm::ArrayRef<float> scales,
                            std::optional<int64_t> axis);

/// A layer's weight as integers, and its bias in real numbers with the
/// correction that the layer carries; no bias at all: empty.
struct LayerConstants {
  QuantizedWeight weight;
  llvm::SmallVector<double> bias;
};
/// Fails, with an error about `op`, if they are not finite numbers or the
/// correction is not one number for each channel.
mlir::FailureOr<LayerConstants>
quantizeLayer(mlir::Operation *op, const Layer &layer, const Parameters &input);

} // namespace aicc::quantize

#endif // AICC_LIB_QUANTIZE_QDQ_H

//===- Quantize.h - Post-training quantisation ------------------*- C++ -*-===//
//
// Turns a float model into one with QuantizeLinear and DequantizeLinear around
// everything that can be computed on 8-bit integers
// (docs/design/0009-quantization.md). The stages of it are passes (Passes.td);
// between them somebody runs the model on samples of its inputs and leaves
// what was seen as attributes. That is all that is here.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_QUANTIZE_QUANTIZE_H
#define AICC_QUANTIZE_QUANTIZE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <string>
#include <vector>

namespace aicc::quantize {

/// `array<f64: low, high>` on an operation (about its first result) or on an
/// argument of the function: the numbers that were seen.
inline constexpr llvm::StringLiteral rangeAttrName = "aicc.range";

/// `array<f64: ...>` on a layer, a number for each output channel: what its
/// quantised form lacks on average.
inline constexpr llvm::StringLiteral correctionAttrName =
    "aicc.bias_correction";

/// The values whose ranges `quantize-insert-qdq` needs, in the order of the
/// results that `quantize-observe` gives the function.
llvm::SmallVector<mlir::Value> observedValues(mlir::func::FuncOp func);
void setRange(mlir::Value value, double low, double high);

/// The layers whose errors `quantize-observe-errors` gives, in the order of the
/// results.
llvm::SmallVector<mlir::Operation *> correctedLayers(mlir::func::FuncOp func);
void setCorrection(mlir::Operation *layer, llvm::ArrayRef<double> correction);

/// What is computed on integers, and what not and why.
struct Summary {
  /// One group of operations of one kind: "Conv", 53.
  struct Group {
    std::string op;
    std::string reason; ///< Empty: quantised.
    std::string first;  ///< ONNX name of the first of them.
    int64_t count = 0;
  };
  std::vector<Group> groups; ///< In the order of the first operation of each.
};
Summary summarize(mlir::func::FuncOp func);

} // namespace aicc::quantize

#endif // AICC_QUANTIZE_QUANTIZE_H

//===- Qnn.h - The qnn dialect ----------------------------------*- C++ -*-===//

#ifndef DIALECTS_QNN_IR_QNN_H
#define DIALECTS_QNN_IR_QNN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/qnn/IR/QnnDialect.h.inc"

#define GET_OP_CLASSES
#include "dialects/qnn/IR/QnnOps.h.inc"

namespace aicc::qnn {

/// Puts the dialect into `registry`.
void registerQnnDialect(mlir::DialectRegistry &registry);

/// The least and the greatest value of i8 or ui8.
struct ByteRange {
  int64_t low, high;
  bool contains(int64_t value) const { return low <= value && value <= high; }
};
inline ByteRange rangeOf(mlir::Type type) {
  return mlir::getElementTypeOrSelf(type).isUnsignedInteger()
             ? ByteRange{0, 255}
             : ByteRange{-128, 127};
}

/// The range that the results of `op` (with `low` and `high`) are held in.
template <typename OpT> ByteRange clampOf(OpT op) {
  ByteRange range = rangeOf(op.getY().getType());
  return {static_cast<int64_t>(op.getLow().value_or(range.low)),
          static_cast<int64_t>(op.getHigh().value_or(range.high))};
}

} // namespace aicc::qnn

#endif // DIALECTS_QNN_IR_QNN_H

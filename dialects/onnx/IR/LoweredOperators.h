//===- LoweredOperators.h - What need not be expanded -----------*- C++ -*-===//

#ifndef DIALECTS_ONNX_IR_LOWEREDOPERATORS_H
#define DIALECTS_ONNX_IR_LOWEREDOPERATORS_H

#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectInterface.h"
#include "mlir/IR/OperationSupport.h"

#include <string>

namespace aicc::onnx {

/// The name of the operation for an operator of an ONNX domain.
std::string operationName(llvm::StringRef domain, llvm::StringRef op);

/// What the import asks of the lowerings, which register it: the operators that
/// have one. The others are imported as their function bodies.
class LoweredOperators : public mlir::DialectInterface::Base<LoweredOperators> {
public:
  explicit LoweredOperators(mlir::Dialect *dialect) : Base(dialect) {}
  virtual bool isLowered(mlir::RegisteredOperationName name) const = 0;
};

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_IR_LOWEREDOPERATORS_H

//===- Systolic.h - The systolic dialect ------------------------*- C++ -*-===//

#ifndef DIALECTS_SYSTOLIC_IR_SYSTOLIC_H
#define DIALECTS_SYSTOLIC_IR_SYSTOLIC_H

#include "targets/systolic/Isa/Isa.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"

#include <string>

namespace mlir {
class DialectRegistry;
class OpBuilder;
} // namespace mlir

namespace aicc::systolic {
class InstructionOpInterface;

/// Whether the fields of `op` fit the instruction's bits.
llvm::LogicalResult verifyInstruction(InstructionOpInterface op);

/// Adds the dialect to `registry`.
void registerSystolicDialect(mlir::DialectRegistry &registry);
} // namespace aicc::systolic

#include "dialects/systolic/IR/SystolicInterfaces.h.inc"

#include "dialects/systolic/IR/SystolicDialect.h.inc"

#define GET_OP_CLASSES
#include "dialects/systolic/IR/SystolicOps.h.inc"

namespace aicc::systolic {
/// The instructions of `program`, with the `halt` at its end. Fails, with an
/// error on the operation, where one cannot be encoded.
mlir::FailureOr<std::vector<Instruction>> toInstructions(ProgramOp program);

/// Adds the operations of `instructions`, which have the form that the
/// specification asks for, to the body of a program. A `halt` has none.
void createInstructions(mlir::OpBuilder &builder, mlir::Location loc,
                        llvm::ArrayRef<Instruction> instructions);
} // namespace aicc::systolic

#endif // DIALECTS_SYSTOLIC_IR_SYSTOLIC_H

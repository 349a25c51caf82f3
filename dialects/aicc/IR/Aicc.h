//===- Aicc.h - The aicc dialect --------------------------------*- C++ -*-===//

#ifndef DIALECTS_AICC_IR_AICC_H
#define DIALECTS_AICC_IR_AICC_H

#include "aicc/Energy/Cost.h"
#include "aicc/Energy/Mapping.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/aicc/IR/AiccDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/aicc/IR/AiccAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/aicc/IR/AiccOps.h.inc"

namespace aicc {
/// On a mapped region: what was considered and not chosen, an array of
/// {mapping, cost, why}.
inline constexpr llvm::StringLiteral alternativesAttrName = "aicc.alternatives";

/// On a mapped region of an array: which operand stays in place, as in machine
/// files ("weight_stationary"); not there if none does.
inline constexpr llvm::StringLiteral dataflowAttrName = "aicc.dataflow";

/// On a mapped region: why it runs where it does, "host: the machine has no
/// exponential". One without a cost is not priced on the machine.
inline constexpr llvm::StringLiteral placementAttrName = "aicc.placement";

/// On a module at the end of stage `loops` whose `aicc.offload`s run on a
/// device: the family of the device (a string), and its program in the format
/// of that family (an array of i8).
inline constexpr llvm::StringLiteral deviceFamilyAttrName =
    "aicc.device_family";
inline constexpr llvm::StringLiteral deviceProgramAttrName =
    "aicc.device_program";

/// Puts the dialect into `registry`.
void registerAiccDialect(mlir::DialectRegistry &registry);
} // namespace aicc

#endif // DIALECTS_AICC_IR_AICC_H

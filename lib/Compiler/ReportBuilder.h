//===- ReportBuilder.h - The report of a mapped module ----------*- C++ -*-===//

#ifndef LIB_COMPILER_REPORTBUILDER_H
#define LIB_COMPILER_REPORTBUILDER_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Report/ReportData.h"

#include "mlir/IR/BuiltinOps.h"

namespace aicc {

/// What the cost model says of a module at the end of stage `mapped`: a node
/// for each ONNX node that something is left of, in the order of execution. A
/// fused group's cost is divided over its nodes by their arithmetic. The
/// module is not changed. `modelHash`: see hashOfModel.
ReportData buildReport(mlir::ModuleOp module, const CompileOptions &options,
                       llvm::StringRef modelHash);

} // namespace aicc

#endif // LIB_COMPILER_REPORTBUILDER_H

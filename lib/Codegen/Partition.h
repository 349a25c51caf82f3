//===- Partition.h - Cut a module for parallel code generation --*- C++ -*-===//

#ifndef AICC_LIB_CODEGEN_PARTITION_H
#define AICC_LIB_CODEGEN_PARTITION_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <vector>

namespace aicc {

/// Copies `module` (LLVM dialect) into several: the first has everything but
/// the kernels (functions with `aicc.kernel`), the others have kernels with
/// their `.body`, and each declares what it uses of the others. What is shared
/// must not have internal linkage. The cut depends on the module alone.
std::vector<mlir::OwningOpRef<mlir::ModuleOp>>
partitionModule(mlir::ModuleOp module);

} // namespace aicc

#endif // AICC_LIB_CODEGEN_PARTITION_H

//===- Passes.h - Passes of the mapper --------------------------*- C++ -*-===//

#ifndef AICC_MAPPING_PASSES_H
#define AICC_MAPPING_PASSES_H

#include "dialects/aicc/IR/Aicc.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace aicc {

#define GEN_PASS_DECL
#include "lib/Mapping/Passes.h.inc"

void registerMappingPasses();

} // namespace aicc

#endif // AICC_MAPPING_PASSES_H

//===- Passes.h - Post-training quantisation --------------------*- C++ -*-===//

#ifndef AICC_QUANTIZE_PASSES_H
#define AICC_QUANTIZE_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace aicc::quantize {

#define GEN_PASS_DECL
#include "aicc/Quantize/Passes.h.inc"

void registerQuantizePasses();

} // namespace aicc::quantize

#endif // AICC_QUANTIZE_PASSES_H

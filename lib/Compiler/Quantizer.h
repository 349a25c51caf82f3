//===- Quantizer.h - From a float graph to a quantised one ------*- C++ -*-===//

#ifndef LIB_COMPILER_QUANTIZER_H
#define LIB_COMPILER_QUANTIZER_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Support/Diagnostics.h"

#include "mlir/IR/BuiltinOps.h"

namespace aicc {

/// Quantises `module` (stage graph) as `options.quantize` says: compiles it for
/// this machine with the values to observe as results, runs it on the
/// calibration data, and inserts QuantizeLinear and DequantizeLinear. Says in a
/// note what stays float and why. False after errors.
bool quantizeModule(mlir::ModuleOp module, const CompileOptions &options,
                    DiagnosticSink &sink);

} // namespace aicc

#endif // LIB_COMPILER_QUANTIZER_H

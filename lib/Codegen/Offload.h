//===- Offload.h - Calls of device programs ---------------------*- C++ -*-===//

#ifndef AICC_LIB_CODEGEN_OFFLOAD_H
#define AICC_LIB_CODEGEN_OFFLOAD_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace aicc {

/// Fields of aicc_invocation (aicc-c/runtime.h), in order.
enum InvocationField {
  Inputs,
  Outputs,
  Arena,
  Weights,
  ParallelFor,
  Pool,
  Offload,
  Device,
  NumInvocationFields
};

/// Field `field` of the aicc_invocation at `invocation`.
mlir::Value loadField(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::Value invocation, InvocationField field);

/// `aicc.offload`: a call of the host's `offload` with the arguments as an
/// array of aicc_buffer on the stack. The invocation is the last argument of
/// the function around it.
void populateOffloadLowering(const mlir::LLVMTypeConverter &converter,
                             mlir::RewritePatternSet &patterns);

/// At the start of `entry`, which returns an i32: returns 1 if the invocation
/// (its argument) has no `offload`. Builds on in the block that goes on.
void buildDeviceCheck(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::Value invocation);

} // namespace aicc

#endif // AICC_LIB_CODEGEN_OFFLOAD_H

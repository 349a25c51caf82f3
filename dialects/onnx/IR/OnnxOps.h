//===- OnnxOps.h - The operations of the onnx dialect -----------*- C++ -*-===//

#ifndef DIALECTS_ONNX_IR_ONNXOPS_H
#define DIALECTS_ONNX_IR_ONNXOPS_H

#include "dialects/onnx/IR/OnnxDialect.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "dialects/onnx/IR/OnnxOps.h.inc"

#endif // DIALECTS_ONNX_IR_ONNXOPS_H

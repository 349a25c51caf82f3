//===- Program.h - What the artefact says about the program -----*- C++ -*-===//

#ifndef AICC_LIB_CODEGEN_PROGRAM_H
#define AICC_LIB_CODEGEN_PROGRAM_H

#include "aicc-c/runtime.h"
#include "dialects/aicc/IR/Aicc.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

#include <string>
#include <vector>

namespace aicc {

/// An input or output of the model.
struct TensorInfo {
  std::string name;
  aicc_dtype dtype = AICC_FLOAT32;
  std::vector<int64_t> shape;
};

/// A constant and where it is stored.
struct WeightInfo {
  int64_t offset = 0; ///< Bytes from the start of the weights section.
  PackAttr pack;
  mlir::ElementsAttr value;
  mlir::Location loc;
};

/// What the cost model predicted for one launch of a kernel.
struct LaunchInfo {
  std::string node, op; ///< Of ONNX; the first of a fused group.
  std::string kernel;
  int64_t runs = 1; ///< Times that it is launched in one run of the model.
  CostAttr cost;
};

/// A program at the loops stage, as the artefact describes it.
struct ProgramInfo {
  std::string model;  ///< As the user names it.
  std::string prefix; ///< Of all symbols.
  int64_t arenaBytes = 0;
  int64_t weightBytes = 0;
  std::vector<TensorInfo> inputs, outputs;
  std::vector<LaunchInfo> launches; ///< Those with a prediction, in order.
  std::vector<WeightInfo> weights;  ///< By offset; they do not overlap.
  /// Of the device that runs offloads; empty where there are none.
  std::string deviceFamily;
  std::vector<char> deviceProgram;
};

/// Reads all that from `module`; what does not fit the contract of the stage
/// is reported on the operation.
mlir::FailureOr<ProgramInfo> readProgram(mlir::ModuleOp module);

/// The type numpy calls `name`, or nothing.
std::optional<aicc_dtype> parseDtype(llvm::StringRef name);

/// Bytes of one stored element of `type` (bool: 1), 0 if it is not stored.
int64_t storedElementBytes(mlir::Type type);

} // namespace aicc

#endif // AICC_LIB_CODEGEN_PROGRAM_H

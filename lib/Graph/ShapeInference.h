//===- ShapeInference.h - Result shapes of onnx operations ------*- C++ -*-===//
//
// Shapes of results from shapes of operands and, where an operand decides the
// shape (Reshape, Slice, Expand ...), from its constant value. It takes over
// where ONNX's own inference stopped for want of constants; an operation that
// is not known here keeps the types that the importer gave it.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_GRAPH_SHAPEINFERENCE_H
#define AICC_LIB_GRAPH_SHAPEINFERENCE_H

#include "aicc/Graph/ConstantTensor.h"
#include "aicc/Support/Diagnostics.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"

#include <optional>

namespace aicc::graph {

using Shape = llvm::SmallVector<int64_t>;

/// "1x3x?x224"; "scalar" for rank 0.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// True for an optional operand or result that is there.
inline bool isPresent(mlir::Value value) {
  return !mlir::isa<mlir::NoneType>(value.getType());
}

/// What is known while shapes are inferred: shapes from the types of values,
/// constants from the caller.
class InferContext {
public:
  using Lookup = llvm::function_ref<const ConstantTensor *(mlir::Value)>;

  InferContext(mlir::Operation *op, Lookup lookup, bool quiet = false)
      : op(op), lookup(lookup), quiet(quiet) {}

  /// The shape of a ranked tensor, dynamic dimensions included.
  std::optional<llvm::ArrayRef<int64_t>> shape(mlir::Value value) const;

  /// The value of an operand, null if it is not constant (or absent).
  const ConstantTensor *constant(mlir::Value value) const;
  /// The same as integers.
  std::optional<llvm::SmallVector<int64_t>> ints(mlir::Value value) const;

  /// Refines the type of result `index`: known dimensions of `shape` replace
  /// what is there.
  void setResult(unsigned index, llvm::ArrayRef<int64_t> shape);

  /// Fails, with an error of class E_SHAPE about the operation unless quiet.
  mlir::LogicalResult error(const llvm::Twine &message) const;

  /// `axis` of a tensor of `rank` counted from the front; fails with an error
  /// unless -rank <= axis < rank.
  mlir::FailureOr<int64_t> axis(int64_t axis, int64_t rank) const;
  /// The same for several, which must differ from each other.
  mlir::FailureOr<llvm::SmallVector<int64_t>> axes(llvm::ArrayRef<int64_t> axes,
                                                   int64_t rank) const;

  mlir::Operation *op;

private:
  Lookup lookup;
  bool quiet;
};

/// numpy's broadcast; fails with an error if sizes differ.
mlir::FailureOr<Shape> broadcastShapes(llvm::ArrayRef<Shape> shapes,
                                       const InferContext &context);

/// One axis of a Slice with everything clamped: elements start, start + step
/// and so on, `count` of them.
struct SliceAxis {
  int64_t start = 0, step = 1, count = 0;
};
/// The axis of size `size` under ONNX's rules for Slice; `step` is not 0.
SliceAxis resolveSlice(int64_t start, int64_t end, int64_t step, int64_t size);

/// Refines the result types of `op`. Fails after an error about the model,
/// which is not reported if `quiet`.
mlir::LogicalResult inferShapes(mlir::Operation *op,
                                InferContext::Lookup lookup, bool quiet);

using InferFn = mlir::LogicalResult (*)(mlir::Operation *, InferContext &);
using InferTable = llvm::StringMap<InferFn>;

/// One file each.
void addElementwiseShapes(InferTable &table);
void addMovementShapes(InferTable &table);
void addNeuralShapes(InferTable &table);
void addReductionShapes(InferTable &table);

/// Adds `Fn`, which takes the operation by its class.
template <typename OpT, mlir::LogicalResult (*Fn)(OpT, InferContext &)>
void addShape(InferTable &table) {
  table[OpT::getOperationName()] = [](mlir::Operation *op,
                                      InferContext &context) {
    return Fn(mlir::cast<OpT>(op), context);
  };
}

} // namespace aicc::graph

#endif // AICC_LIB_GRAPH_SHAPEINFERENCE_H

//===- NodeContext.h - Lowering one ONNX node -------------------*- C++ -*-===//
//
// What the lowering of an operator gets: the structured values of its operands,
// constants among them, a builder, and ways to answer.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_ONNX_LOWERING_NODECONTEXT_H
#define DIALECTS_ONNX_LOWERING_NODECONTEXT_H

#include "dialects/onnx/IR/OnnxOps.h"
#include "dialects/onnx/Lowering/Constants.h"
#include "dialects/onnx/Lowering/StructuredBuilder.h"

#include "llvm/ADT/DenseMap.h"

#include <functional>
#include <string>

namespace aicc::onnx {

class NodeContext : public StructuredBuilder {
public:
  using StructuredBuilder::StructuredBuilder;

  /// The structured value of an operand. Never call it for absent ones.
  mlir::Value get(mlir::Value value);
  static bool isPresent(mlir::Value value) {
    return !mlir::isa<mlir::NoneType>(value.getType());
  }
  /// Answers for a result of the node; absent ones are skipped. The value must
  /// have the result's type, signless.
  void set(mlir::Value result, mlir::Value value);

  /// Is it no constant, or one that `get` can make?
  bool isReadable(mlir::Value value);
  /// The constant behind an operand; null if it is none.
  mlir::ElementsAttr constantOf(mlir::Value value);
  /// Its elements; otherwise the node is unsupported for it.
  mlir::FailureOr<Shape> integers(mlir::Value value, llvm::StringRef name);
  mlir::FailureOr<llvm::SmallVector<double>> numbers(mlir::Value value,
                                                     llvm::StringRef name);

  /// Gives up on the node: `why` completes "<op> is not supported by the cpu
  /// lowering yet: ".
  mlir::LogicalResult unsupported(const llvm::Twine &why) {
    reason = why.str();
    return mlir::failure();
  }
  const std::string &whyUnsupported() const { return reason; }

  /// The shape and signless element type of a result.
  static llvm::ArrayRef<int64_t> shapeOfResult(mlir::Value result) {
    return mlir::cast<mlir::RankedTensorType>(result.getType()).getShape();
  }
  static mlir::Type elementOfResult(mlir::Value result);

  /// Lowers the nodes of a sub-graph in place; its terminator's operands.
  std::function<mlir::FailureOr<llvm::SmallVector<mlir::Value>>(
      mlir::Block &, mlir::ValueRange)>
      lowerBlock;

  llvm::DenseMap<mlir::Value, mlir::Value> values;

private:
  std::string reason;
};

/// The type of the structured stage for one of the onnx stage: signless,
/// static; null if there is none.
mlir::RankedTensorType structuredType(mlir::Type type);

/// ONNX's way to write a tensor's element type, for messages.
std::string describeType(mlir::Type type);

/// Brings `axis` into [0, rank); false if it is outside of [-rank, rank).
inline bool normalizeAxis(int64_t &axis, int64_t rank) {
  if (axis < 0)
    axis += rank;
  return axis >= 0 && axis < rank;
}

/// The lowerings of all operators; each file of Ops/ adds its own.
class LoweringTable {
public:
  using Function =
      std::function<mlir::LogicalResult(mlir::Operation *, NodeContext &)>;

  template <typename OpT>
  void add(mlir::LogicalResult (*lower)(OpT, NodeContext &)) {
    functions[mlir::TypeID::get<OpT>()] = [lower](mlir::Operation *op,
                                                  NodeContext &context) {
      return lower(mlir::cast<OpT>(op), context);
    };
  }
  /// For families that share a lowering.
  template <typename OpT> void add(Function lower) {
    functions[mlir::TypeID::get<OpT>()] = std::move(lower);
  }

  const Function *lookup(mlir::OperationName name) const {
    auto it = functions.find(name.getTypeID());
    return it == functions.end() ? nullptr : &it->second;
  }

private:
  llvm::DenseMap<mlir::TypeID, Function> functions;
};

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_LOWERING_NODECONTEXT_H

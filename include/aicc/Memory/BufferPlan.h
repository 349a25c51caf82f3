//===- BufferPlan.h - Where every tensor lies -------------------*- C++ -*-===//
//
// Assigns each tensor of a function to a buffer, as a strided window of it,
// and the buffers to offsets in one arena.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_MEMORY_BUFFERPLAN_H
#define AICC_MEMORY_BUFFERPLAN_H

#include "dialects/aicc/IR/Aicc.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <optional>

namespace aicc {

/// A buffer: an argument of the program, a constant, or a part of the arena.
struct RootBuffer {
  enum class Kind { Input, Output, Constant, Arena };
  Kind kind = Kind::Arena;
  unsigned number = 0;  ///< Of the input or output.
  mlir::Value constant; ///< The `arith.constant`.
  mlir::Type elementType;
  int64_t elements = 0;
  /// First and last operation (by position in the function's body) at which
  /// its contents matter; of the arena only. -1: it is not needed.
  int64_t firstUse = -1, lastUse = -1;
  int64_t byteOffset = 0; ///< In the arena.
};

/// A window of a buffer: element (i0, i1, ...) of the tensor lies at
/// offset + sum(i_k * strides[k]) + sum(value * step) elements.
struct BufferRef {
  unsigned root = 0;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> strides;
  /// Offsets that are known at run time only (slices inside loops).
  llvm::SmallVector<std::pair<mlir::Value, int64_t>> dynamic;

  /// Elements from the first of a tensor of that shape to past its last.
  int64_t span(llvm::ArrayRef<int64_t> shape) const;
};

/// The bytes that an element takes in memory: booleans take one.
int64_t storedBytes(mlir::Type elementType);

/// Attribute of a function, which `aicc-plan-buffers` sets where the machine
/// has a cache: bytes, ways and bytes of a line of the innermost one.
inline constexpr llvm::StringLiteral kInnermostCache = "aicc.innermost_cache";

/// Unit attribute of a function, which `aicc-plan-buffers` sets for machines
/// that take the factors of a product row by row: what is summed lies
/// innermost, and so do the lanes of the results, if need be in a copy.
inline constexpr llvm::StringLiteral kSummedInnermost = "aicc.summed_innermost";

class BufferPlan {
public:
  /// Plans `func`, which holds regions, constants and views. Where a value
  /// cannot lie where it should, a region that copies it is inserted; a
  /// second run over the same function inserts nothing. Fails, with an error
  /// on the operation, for operations that it does not know.
  static mlir::FailureOr<BufferPlan> build(mlir::func::FuncOp func);

  const BufferRef &lookup(mlir::Value value) const {
    return refs.find(value)->second;
  }
  bool contains(mlir::Value value) const { return refs.count(value); }
  llvm::ArrayRef<RootBuffer> roots() const { return rootBuffers; }

  /// Places the buffers of the arena; returns its size in bytes. Buffers that
  /// are needed at the same time never overlap.
  int64_t placeArena();

private:
  friend class BufferPlanner;
  llvm::DenseMap<mlir::Value, BufferRef> refs;
  std::vector<RootBuffer> rootBuffers;
};

} // namespace aicc

#endif // AICC_MEMORY_BUFFERPLAN_H

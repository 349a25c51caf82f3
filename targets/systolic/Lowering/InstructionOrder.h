//===- InstructionOrder.h - The order of a program --------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_INSTRUCTIONORDER_H
#define TARGETS_SYSTOLIC_LOWERING_INSTRUCTIONORDER_H

#include "targets/systolic/Lowering/Tokens.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"

namespace aicc::systolic {

/// The instructions of one program, in an order that gives the same results as
/// that in which they are added.
///
/// The dispatcher reads a program in order and stops while a queue is full. A
/// load that comes right before its tile is used would start too late, so it is
/// put where the place that it overwrites is free; and since the array has to
/// be fed meanwhile, the loads of a tile are spread among the instructions that
/// use the one before.
class InstructionOrder {
public:
  void add(Queue queue, llvm::ArrayRef<Slot> reads, llvm::ArrayRef<Slot> writes,
           mlir::Operation *op);

  /// Puts the operations into their order, with tokens between units.
  void finish(mlir::OpBuilder &builder);

private:
  struct Entry {
    Queue queue;
    llvm::SmallVector<Slot, 2> reads, writes;
    mlir::Operation *op;
  };
  /// A load: not before `earliest` of the others, and no later than before
  /// number `latest`.
  struct Window {
    size_t entry = 0;
    size_t earliest = 0, latest = 0;
  };

  std::vector<Window> windows() const;
  std::vector<size_t> ordered() const;

  std::vector<Entry> entries;
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_INSTRUCTIONORDER_H

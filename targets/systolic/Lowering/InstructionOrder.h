//===- InstructionOrder.h - The order of a program --------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_INSTRUCTIONORDER_H
#define TARGETS_SYSTOLIC_LOWERING_INSTRUCTIONORDER_H

#include "targets/systolic/Lowering/Tokens.h"

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
  /// `instruction`: one of a unit, without tokens.
  void add(llvm::ArrayRef<Slot> reads, llvm::ArrayRef<Slot> writes,
           const Instruction &instruction);

  /// One that touches nothing that others do, behind all but the last stores:
  /// what is ready to run does not wait for the dispatcher to read it, and it
  /// runs while those do.
  void addLast(const Instruction &instruction) { last.push_back(instruction); }

  /// The instructions in their order, with tokens between units.
  std::vector<Instruction> finish() const;

private:
  /// Programs have millions: slots are kept in one list.
  struct Entry {
    Instruction instruction;
    uint32_t firstSlot;
    uint8_t numReads, numWrites;
  };
  static Queue queueOf(const Entry &entry);
  llvm::ArrayRef<Slot> slotsOf(const Entry &entry) const {
    return llvm::ArrayRef(slots).slice(entry.firstSlot,
                                       entry.numReads + entry.numWrites);
  }
  /// A load: not before `earliest` of the others, and no later than before
  /// number `latest`.
  struct Window {
    size_t entry = 0;
    size_t earliest = 0, latest = 0;
  };

  std::vector<Window> windows() const;
  std::vector<size_t> ordered() const;

  std::vector<Entry> entries;
  std::vector<Instruction> last;
  std::vector<Slot> slots; ///< Of each entry those that it reads, then writes.
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_INSTRUCTIONORDER_H

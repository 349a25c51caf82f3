//===- Tokens.cpp - The order of instructions of different units ----------===//

#include "targets/systolic/Lowering/Tokens.h"

using namespace aicc::systolic;

TokenPlanner::Use &TokenPlanner::useOf(Slot slot) {
  if (slot >= uses.size())
    uses.resize(slot + 1);
  return uses[slot];
}

void TokenPlanner::add(Queue queue, llvm::ArrayRef<Slot> reads,
                       llvm::ArrayRef<Slot> writes) {
  int64_t self = int64_t(result.size());
  unsigned q = unsigned(queue);
  result.emplace_back();
  // The last instruction of each other unit that has to be complete.
  ByQueue needed = nobody;
  auto need = [&](unsigned other, int64_t instruction) {
    if (other != q)
      needed[other] = std::max(needed[other], instruction);
  };
  for (Slot slot : reads)
    need(unsigned(useOf(slot).writerQueue), useOf(slot).writer);
  for (Slot slot : writes) {
    need(unsigned(useOf(slot).writerQueue), useOf(slot).writer);
    for (unsigned other = 0; other < numQueues; ++other)
      need(other, useOf(slot).readers[other]);
  }
  // A unit completes its instructions in order, and takes tokens in the order
  // in which they were given: one that comes after a later instruction comes
  // after all before it.
  for (unsigned other = 0; other < numQueues; ++other) {
    if (needed[other] <= known[q][other])
      continue;
    known[q][other] = needed[other];
    result[self].waits |= 1u << other;
    result[needed[other]].signals |= 1u << q;
  }
  for (Slot slot : reads)
    useOf(slot).readers[q] = self;
  for (Slot slot : writes) {
    Use &use = useOf(slot);
    use = Use();
    use.writer = self;
    use.writerQueue = queue;
  }
}

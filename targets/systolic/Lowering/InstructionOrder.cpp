//===- InstructionOrder.cpp - The order of a program ----------------------===//

#include "targets/systolic/Lowering/InstructionOrder.h"

#include "mlir/IR/Block.h"

using namespace mlir;
using namespace aicc::systolic;

void InstructionOrder::add(Queue queue, ArrayRef<Slot> reads,
                           ArrayRef<Slot> writes, Operation *op) {
  entries.push_back(
      {queue, llvm::to_vector<2>(reads), llvm::to_vector<2>(writes), op});
}

/// Others are numbered apart from the loads.
std::vector<InstructionOrder::Window> InstructionOrder::windows() const {
  std::vector<Window> found;
  std::vector<size_t> freeAfter; // By slot: others that come before a load.
  size_t others = 0, earliest = 0;
  for (auto [number, entry] : llvm::enumerate(entries)) {
    auto slots = llvm::concat<const Slot>(entry.reads, entry.writes);
    if (entry.queue != Queue::Load) {
      ++others;
      for (Slot slot : slots) {
        if (slot >= freeAfter.size())
          freeAfter.resize(slot + 1, 0);
        freeAfter[slot] = others;
      }
      continue;
    }
    // Loads keep their order.
    for (Slot slot : slots)
      if (slot < freeAfter.size())
        earliest = std::max(earliest, freeAfter[slot]);
    found.push_back({number, earliest, others});
  }
  return found;
}

std::vector<size_t> InstructionOrder::ordered() const {
  std::vector<Window> loads = windows();
  // Where each load goes: before which of the others.
  std::vector<size_t> places(loads.size());
  size_t last = 0;
  for (size_t begin = 0, end; begin < loads.size(); begin = end) {
    end = begin + 1;
    while (end < loads.size() && loads[end].earliest == loads[begin].earliest &&
           loads[end].latest == loads[begin].latest)
      ++end;
    size_t room = loads[begin].latest - loads[begin].earliest;
    for (size_t i = begin; i < end; ++i) {
      size_t spread =
          loads[begin].earliest + room * (i - begin) / (end - begin);
      places[i] = last = std::max(last, spread);
    }
  }
  std::vector<size_t> order;
  order.reserve(entries.size());
  size_t next = 0, others = 0;
  auto takeLoads = [&] {
    while (next < loads.size() && places[next] <= others)
      order.push_back(loads[next++].entry);
  };
  for (auto [number, entry] : llvm::enumerate(entries)) {
    if (entry.queue == Queue::Load)
      continue;
    takeLoads();
    order.push_back(number);
    ++others;
  }
  takeLoads();
  return order;
}

void InstructionOrder::finish(OpBuilder &builder) {
  if (entries.empty())
    return;
  Block *block = entries.front().op->getBlock();
  std::vector<size_t> order = ordered();
  TokenPlanner planner;
  for (size_t number : order) {
    const Entry &entry = entries[number];
    planner.add(entry.queue, entry.reads, entry.writes);
    entry.op->moveBefore(block, block->end());
  }
  for (auto [number, tokens] : llvm::zip(order, planner.tokens())) {
    Operation *op = entries[number].op;
    if (tokens.waits)
      op->setAttr("waits", builder.getI64IntegerAttr(tokens.waits));
    if (tokens.signals)
      op->setAttr("signals", builder.getI64IntegerAttr(tokens.signals));
  }
}

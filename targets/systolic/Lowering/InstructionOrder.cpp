//===- InstructionOrder.cpp - The order of a program ----------------------===//

#include "targets/systolic/Lowering/InstructionOrder.h"

#include "llvm/ADT/STLExtras.h"

using namespace aicc::systolic;
using llvm::ArrayRef;

void InstructionOrder::add(ArrayRef<Slot> reads, ArrayRef<Slot> writes,
                           const Instruction &instruction) {
  entries.push_back({instruction, uint32_t(slots.size()), uint8_t(reads.size()),
                     uint8_t(writes.size())});
  llvm::append_range(slots, reads);
  llvm::append_range(slots, writes);
}

Queue InstructionOrder::queueOf(const Entry &entry) {
  return systolic::queueOf(entry.instruction.opcode).value_or(Queue::Load);
}

/// Others are numbered apart from the loads.
std::vector<InstructionOrder::Window> InstructionOrder::windows() const {
  std::vector<Window> found;
  std::vector<size_t> freeAfter; // By slot: others that come before a load.
  size_t others = 0, earliest = 0;
  for (auto [number, entry] : llvm::enumerate(entries)) {
    if (queueOf(entry) != Queue::Load) {
      ++others;
      for (Slot slot : slotsOf(entry)) {
        if (slot >= freeAfter.size())
          freeAfter.resize(slot + 1, 0);
        freeAfter[slot] = others;
      }
      continue;
    }
    // Loads keep their order.
    for (Slot slot : slotsOf(entry))
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
    // Behind the loads before: those that could have gone earlier would all
    // come at once there.
    size_t from = std::max(loads[begin].earliest, last);
    size_t room = loads[begin].latest - from;
    for (size_t i = begin; i < end; ++i)
      places[i] = last = from + room * (i - begin) / (end - begin);
  }
  std::vector<size_t> order;
  order.reserve(entries.size());
  size_t next = 0, others = 0;
  auto takeLoads = [&] {
    while (next < loads.size() && places[next] <= others)
      order.push_back(loads[next++].entry);
  };
  for (auto [number, entry] : llvm::enumerate(entries)) {
    if (queueOf(entry) == Queue::Load)
      continue;
    takeLoads();
    order.push_back(number);
    ++others;
  }
  takeLoads();
  return order;
}

std::vector<Instruction> InstructionOrder::finish() const {
  std::vector<Instruction> program;
  program.reserve(entries.size() + last.size());
  TokenPlanner planner;
  size_t lastStores = 0; // All from here on are stores.
  for (size_t number : ordered()) {
    const Entry &entry = entries[number];
    planner.add(queueOf(entry), slotsOf(entry).take_front(entry.numReads),
                slotsOf(entry).drop_front(entry.numReads));
    program.push_back(entry.instruction);
    if (queueOf(entry) != Queue::Store)
      lastStores = program.size();
  }
  for (auto [instruction, tokens] : llvm::zip(program, planner.tokens())) {
    instruction.waits = tokens.waits;
    instruction.signals = tokens.signals;
  }
  program.insert(program.begin() + ptrdiff_t(lastStores), last.begin(),
                 last.end());
  return program;
}

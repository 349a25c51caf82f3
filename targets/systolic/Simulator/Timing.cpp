//===- Timing.cpp - When instructions run ---------------------------------===//

#include "targets/systolic/Simulator/Timing.h"
#include "targets/systolic/Isa/Fields.h"
#include "targets/systolic/Simulator/Order.h"

using namespace aicc::systolic;

static constexpr unsigned executeUnit = unsigned(Queue::Execute);

/// More tokens than a counter holds.
static constexpr size_t tooManyTokens = 65536;

//===----------------------------------------------------------------------===//
// When something can happen
//===----------------------------------------------------------------------===//

uint64_t Timing::dispatchTime() const {
  Opcode opcode = next.instruction().opcode;
  std::optional<Queue> queue = queueOf(opcode);
  if (opcode == Opcode::Loop || opcode == Opcode::Step)
    return dispatcherAt;
  if (!queue) {
    // halt, fence: the last unit becomes idle.
    uint64_t idle = 0;
    for (const Unit &unit : units) {
      if (!unit.queue.empty() || unit.transfer.active)
        return never;
      idle = std::max(idle, unit.lastComplete);
    }
    // In the cycle before it goes on.
    return std::max(dispatcherAt, idle ? idle - 1 : 0);
  }
  const Unit &unit = units[unsigned(*queue)];
  // The place of the one that is a queue's depth before it, in the cycle after
  // that has started.
  size_t dispatched = unit.starts.size() + unit.queue.size();
  if (dispatched < machine.queueDepth)
    return dispatcherAt;
  size_t before = dispatched - machine.queueDepth;
  return before < unit.starts.size()
             ? std::max(dispatcherAt, unit.starts[before] + 1)
             : never;
}

uint64_t Timing::arrayFree(const Instruction &instruction) const {
  switch (instruction.opcode) {
  case Opcode::ExecuteWeights:
    return array.weightsFree;
  case Opcode::ExecuteMultiply:
    return std::max(array.weightsReady, array.streamFree);
  case Opcode::ExecuteOuter:
    return array.streamFree;
  case Opcode::ExecuteFlush:
    return array.drained;
  default:
    return 0;
  }
}

uint64_t Timing::startTime(unsigned number, uint64_t &ready) const {
  const Unit &unit = units[number];
  const Waiting &first = unit.queue.front();
  const Instruction &instruction = first.instruction;
  ready = std::max(unit.free, first.dispatched + 1);
  if (number == executeUnit)
    ready = std::max(ready, arrayFree(instruction));
  uint64_t time = ready;
  for (unsigned from = 0; from < numQueues; ++from) {
    if (!(instruction.waits >> from & 1))
      continue;
    if (tokens[from][number].empty())
      return never;
    time = std::max(time, tokens[from][number].front());
  }
  return time;
}

uint64_t Timing::actTime(unsigned number) const {
  const Unit &unit = units[number];
  if (unit.transfer.active)
    return unit.transfer.ask;
  if (unit.queue.empty())
    return never;
  uint64_t ready;
  return startTime(number, ready);
}

//===----------------------------------------------------------------------===//
// What happens
//===----------------------------------------------------------------------===//

void Timing::dispatch(uint64_t time) {
  const Instruction &instruction = next.instruction();
  if (std::optional<Queue> queue = queueOf(instruction.opcode))
    units[unsigned(*queue)].queue.push_back(
        {instruction, next.index(), next.number(), time});
  dispatcherAt = time + 1;
  next.next();
}

bool Timing::takeTokens(unsigned unit, const Waiting &of, uint64_t time) {
  for (unsigned from = 0; from < numQueues; ++from) {
    if (!(of.instruction.waits >> from & 1))
      continue;
    std::deque<uint64_t> &given = tokens[from][unit];
    if (given.size() >= tooManyTokens && given[tooManyTokens - 1] <= time) {
      *error = describe(program, entry, of.number) +
               ": more than 65535 tokens of " +
               std::string(nameOf(Queue(from))) + " wait for it";
      return false;
    }
    given.pop_front();
  }
  return true;
}

/// Returns the first cycle in which the instruction is no longer under way.
uint64_t Timing::startOnArray(const Instruction &instruction, uint64_t time) {
  uint64_t skew = uint64_t(machine.rows) + machine.cols - 2;
  uint64_t rows = uint64_t(instruction.a16) * instruction.b16, done = time + 1;
  switch (instruction.opcode) {
  case Opcode::ExecuteWeights:
    done = time + instruction.b16;
    array.weightsFree = array.weightsReady = done;
    break;
  case Opcode::ExecuteMultiply:
    done = time + rows + skew;
    array.streamFree = time + rows;
    array.drained = done;
    result->computeCycles += machine.rows + rows + skew;
    break;
  case Opcode::ExecuteOuter:
    done = time + rows + skew;
    array.streamFree = time + rows;
    array.drained = done;
    result->computeCycles += rows + (instruction.c16 & 1 ? skew : 0);
    break;
  case Opcode::ExecuteFlush:
    done = time + instruction.b16;
    break;
  default:
    return done;
  }
  array.firstStart = std::min(array.firstStart, time);
  uint64_t from = std::max(time, array.covered);
  array.busy += done > from ? done - from : 0;
  array.covered = std::max(array.covered, done);
  return done;
}

void Timing::startTransfer(unsigned number, const Waiting &of, uint64_t time) {
  const Instruction &instruction = of.instruction;
  Transfer &transfer = units[number].transfer;
  transfer = {};
  transfer.active = true;
  transfer.of = of;
  transfer.start = transfer.ask = time;
  if (instruction.opcode == Opcode::LoadIn) {
    const LoadChannel &channel = loadRegisters.channelOf(instruction);
    transfer.walk = loadedBytes(channel, instruction);
    transfer.width = uint64_t(instruction.c16) * channel.elementBytes();
    return;
  }
  transfer.walk = storedBytes(storeRegisters, instruction);
  transfer.width = uint64_t(instruction.c16) *
                   storeRegisters.elementBytes(LocalAddress{instruction.b32});
}

void Timing::transferRows(unsigned number, uint64_t horizon) {
  Transfer &transfer = units[number].transfer;
  bool write = number == unsigned(Queue::Store);
  uint64_t &free = dramFree[machine.dramIsShared ? 0 : write];
  uint64_t access = machine.dramAccessBytes;
  do {
    uint64_t from = uint64_t(transfer.walk.at(transfer.i1, transfer.i0));
    uint64_t bytes =
        ((from + transfer.width + access - 1) / access - from / access) *
        access;
    uint64_t start = std::max(256 * transfer.ask, free);
    uint64_t bandwidth = machine.dramBytesPer256Cycles;
    free = start + (65536 * bytes + bandwidth - 1) / bandwidth;
    if (trace)
      trace->dramRequest(write, bytes, start, free);
    uint64_t done = (free + 255) / 256;
    result->units[number].waitingForDram += done - transfer.ask - 1;
    transfer.ask = done;
    if (++transfer.i0 == transfer.walk.count0) {
      transfer.i0 = 0;
      if (++transfer.i1 == transfer.walk.count1) {
        transfer.active = false;
        units[number].free = done;
        return finish(number, transfer.of, transfer.start, done);
      }
    }
  } while (transfer.ask < horizon);
}

void Timing::finish(unsigned number, const Waiting &of, uint64_t start,
                    uint64_t done) {
  Unit &unit = units[number];
  uint64_t from = std::max(start, unit.covered);
  result->units[number].busy += done > from ? done - from : 0;
  unit.covered = std::max(unit.covered, done);
  // In order, at most one a cycle.
  unit.lastComplete = std::max(done, unit.lastComplete + 1);
  for (unsigned to = 0; to < numQueues; ++to)
    if (of.instruction.signals >> to & 1)
      tokens[number][to].push_back(unit.lastComplete);
  if (trace)
    trace->instruction(Queue(number), of.index, of.instruction, start, done);
}

/// Cycles of instructions that take one for each row, or one.
static uint64_t cyclesOf(const Instruction &instruction,
                         const MachineConfig &machine) {
  switch (instruction.opcode) {
  case Opcode::LoadFill:
    return uint64_t(instruction.a16 >> 2) * instruction.b16;
  case Opcode::VectorTable:
    return (256 + uint64_t(machine.lanes()) - 1) / machine.lanes();
  case Opcode::StoreKeep:
  case Opcode::VectorMap:
  case Opcode::VectorMaximum:
  case Opcode::VectorSum:
  case Opcode::VectorReal:
  case Opcode::VectorAddReal:
  case Opcode::VectorMultiplyReal:
  case Opcode::VectorCopy:
    return uint64_t(instruction.a16) * instruction.b16;
  default:
    return 1;
  }
}

bool Timing::act(unsigned number, uint64_t time, uint64_t horizon) {
  Unit &unit = units[number];
  if (unit.transfer.active) {
    transferRows(number, horizon);
    return true;
  }
  uint64_t ready;
  startTime(number, ready);
  const Waiting of = unit.queue.front();
  ready = std::max(ready, unit.covered);
  result->units[number].waitingForTokens += time > ready ? time - ready : 0;
  unit.queue.pop_front();
  unit.starts.push_back(time);
  if (!takeTokens(number, of, time))
    return false;
  const Instruction &instruction = of.instruction;
  switch (instruction.opcode) {
  case Opcode::LoadIn:
  case Opcode::StoreOut:
    startTransfer(number, of, time);
    transferRows(number, time); // One row: what comes next may have changed.
    return true;
  case Opcode::LoadConfig:
  case Opcode::LoadPlace:
    loadRegisters.apply(instruction);
    break;
  case Opcode::StoreConfig:
  case Opcode::StorePlace:
  case Opcode::StoreQuantize:
    storeRegisters.apply(instruction);
    break;
  default:
    break;
  }
  uint64_t done = number == executeUnit ? startOnArray(instruction, time)
                                        : time + cyclesOf(instruction, machine);
  unit.free = number == executeUnit ? time + 1 : done;
  finish(number, of, time, done);
  return true;
}

bool Timing::run(RunResult &newResult, std::string &newError) {
  result = &newResult;
  error = &newError;
  result->computeCycles = 0;
  result->units = {};
  while (!next.atEnd()) {
    // What comes first; of two requests in the same cycle, that of load.
    uint64_t first = dispatchTime(), second = never;
    unsigned who = numQueues;
    for (unsigned unit = numQueues; unit-- > 0;) {
      uint64_t time = actTime(unit);
      if (time <= first) {
        second = first;
        first = time;
        who = unit;
      } else {
        second = std::min(second, time);
      }
    }
    if (first == never) {
      *error = next.describe() + ": nothing can go on";
      return false;
    }
    if (who == numQueues)
      dispatch(first);
    else if (!act(who, first, second))
      return false;
  }
  result->cycles = dispatcherAt;
  result->stallCycles = array.firstStart == never
                            ? 0
                            : array.covered - array.firstStart - array.busy;
  if (trace)
    trace->entry(entry, result->cycles);
  return true;
}

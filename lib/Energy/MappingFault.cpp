//===- MappingFault.cpp - Whether a mapping is legal ----------------------===//

#include "aicc/Energy/AccessCounts.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace aicc;
using llvm::ArrayRef;
using llvm::SmallVector;

using Kind = MappingFault::Kind;

static std::string number(double value) {
  return std::to_string(int64_t(value));
}

std::string MappingFault::describe(const MachineDesc &machine) const {
  std::string who = "operand " + std::to_string(operand);
  std::string where = memory < machine.memories.size()
                          ? "memory '" + machine.memories[memory].name + "'"
                          : "memory " + std::to_string(memory);
  std::string loopName = "loop " + std::to_string(loop);
  switch (kind) {
  case Kind::None:
    return "";
  case Kind::BadIndex:
    return loopName + " names a dimension or an axis that is not there";
  case Kind::BadTile:
    return loopName + " has a tile of " + number(found) + ", expected " +
           number(expected) + " or more";
  case Kind::LeftOver:
    return "the last loop of dimension " + std::to_string(dim) + " leaves " +
           number(found) + " of it, expected 1";
  case Kind::AxisTooSmall:
    return "axis '" + machine.array.axes[axis].name + "' would need " +
           number(found) + " positions, it has " + number(expected);
  case Kind::BadShape:
    return "the mapping has " + number(found) +
           " residences, expected one for each operand and memory: " +
           number(expected);
  case Kind::BadResidence:
    return who + " resides inside of " + number(found) + " loops in " + where +
           ", expected 0 to " + number(expected);
  case Kind::NotHeld:
    return where + " does not hold the role of " + who;
  case Kind::OutermostBypass:
    return who + " bypasses " + where + ", which has to hold all of it";
  case Kind::InstancesCrossed:
    return where +
           " has more instances than the memory inside of it that "
           "holds " +
           who;
  case Kind::OutermostShared:
    return where + " is the outermost and must have one instance, expected no "
                   "axes along which it has more";
  case Kind::Dataflow:
    return "the loop order is none that the array can run: expected " +
           llvm::join(machine.array.dataflows, " or ");
  case Kind::Capacity:
    return where + " is too small: the tiles take " + number(found) +
           " bytes, expected at most " + number(expected) + " (" +
           number(found - expected) + " bytes short)";
  case Kind::Empty:
    return "dimension " + std::to_string(dim) + " has no iterations";
  case Kind::Uncountable:
    return "the index of " + who + " is too irregular to count";
  }
  return "";
}

/// Every loop names what is there, and all of each dimension is walked.
static bool checkLoops(const AccessModel &model, const Mapping &mapping,
                       MappingFault &fault) {
  const Workload &workload = model.workload;
  SmallVector<int64_t, 8> left;
  for (auto [d, dim] : llvm::enumerate(workload.dims)) {
    left.push_back(dim.size);
    if (dim.size < 1) {
      fault.kind = Kind::Empty;
      fault.dim = unsigned(d);
      return false;
    }
  }
  // The sets of axes are words of 32 bits.
  int axes = int(std::min<size_t>(model.machine.array.axes.size(), 32));
  for (auto [index, loop] : llvm::enumerate(mapping.loops)) {
    fault.loop = unsigned(index);
    if (loop.dim >= left.size() || loop.axis < -1 || loop.axis >= axes) {
      fault.kind = Kind::BadIndex;
      return false;
    }
    if (loop.tile < 1) {
      fault.kind = Kind::BadTile;
      fault.found = double(loop.tile);
      fault.expected = 1;
      return false;
    }
    left[loop.dim] = std::min(left[loop.dim], loop.tile);
  }
  for (auto [d, extent] : llvm::enumerate(left)) {
    if (extent == 1)
      continue;
    fault.kind = Kind::LeftOver;
    fault.dim = unsigned(d);
    fault.found = double(extent);
    fault.expected = 1;
    return false;
  }
  return true;
}

/// The loops on each axis together need no more positions than it has.
static bool checkAxes(const AccessModel &model, const Mapping &mapping,
                      MappingFault &fault) {
  SmallVector<int64_t, 8> left;
  for (const Workload::Dim &dim : model.workload.dims)
    left.push_back(dim.size);
  SmallVector<double, 4> used(model.machine.array.axes.size(), 1);
  for (const Mapping::Loop &loop : mapping.loops) {
    int64_t &extent = left[loop.dim];
    int64_t trips = llvm::divideCeilSigned(extent, loop.tile);
    if (loop.isSpatial())
      used[loop.axis] *= double(trips);
    extent = std::min(extent, loop.tile);
  }
  for (auto [axis, positions] : llvm::enumerate(used)) {
    double size = double(model.machine.array.axes[axis].size);
    if (positions <= size)
      continue;
    fault.kind = Kind::AxisTooSmall;
    fault.axis = unsigned(axis);
    fault.found = positions;
    fault.expected = size;
    return false;
  }
  return true;
}

/// Tiles grow from memory to memory, in memories that may hold the operand.
static bool checkResidence(const AccessModel &model, const Mapping &mapping,
                           unsigned operand, MappingFault &fault) {
  const auto &memories = model.machine.memories;
  ArrayRef<int8_t> residence = mapping.residence[operand];
  auto fail = [&](Kind kind, size_t memory, double found, double expected) {
    fault.kind = kind;
    fault.operand = operand;
    fault.memory = unsigned(memory);
    fault.found = found;
    fault.expected = expected;
    return false;
  };
  int most = int(mapping.loops.size());
  uint32_t inner = ~uint32_t(0);
  for (auto [m, memory] : llvm::enumerate(memories)) {
    bool isHome = m == model.homeOf(operand);
    int at = residence[m];
    if (at == Mapping::bypass && !isHome)
      continue;
    if (at == Mapping::bypass)
      return fail(Kind::OutermostBypass, m, 0, 0);
    // What is kept there need not be what its tiles may lie in.
    bool isKept = isHome && !model.isOutermost(unsigned(m));
    if (m > model.homeOf(operand) ||
        (!isKept && !memory.holdsRole(model.workload.operands[operand].role)))
      return fail(Kind::NotHeld, m, 0, 0);
    if (isHome)
      most = 0;
    if (at < 0 || at > most)
      return fail(Kind::BadResidence, m, at, most);
    if (isHome && memory.perAxes != 0)
      return fail(Kind::OutermostShared, m, 0, 0);
    if (memory.perAxes & ~inner)
      return fail(Kind::InstancesCrossed, m, 0, 0);
    most = at;
    inner = memory.perAxes;
  }
  return true;
}

/// The dimension of the innermost loop that goes from step to step; -1: there
/// is one step.
static int innermostStep(const AccessModel &model, const Mapping &mapping) {
  SmallVector<int64_t, 8> left;
  for (const Workload::Dim &dim : model.workload.dims)
    left.push_back(dim.size);
  int innermost = -1;
  for (const Mapping::Loop &loop : mapping.loops) {
    if (!loop.isSpatial() && left[loop.dim] > loop.tile)
      innermost = int(loop.dim);
    left[loop.dim] = std::min(left[loop.dim], loop.tile);
  }
  return innermost;
}

/// A dataflow keeps the operand of one role still in the innermost loop that
/// goes from step to step. An operand that all loops move (the weights of a
/// product with a vector) has no loop to be still in: it is used once.
static bool isStill(const AccessModel &model, int innermost, OperandRole role) {
  auto isUsedOnce = [&](unsigned o) {
    for (auto [d, dim] : llvm::enumerate(model.workload.dims))
      if (dim.size > 1 && !model.shapeOf(o).moves(unsigned(d)))
        return false;
    return true;
  };
  for (auto [o, operand] : llvm::enumerate(model.workload.operands))
    if (operand.role == role && innermost >= 0 &&
        model.shapeOf(unsigned(o)).moves(unsigned(innermost)) &&
        !isUsedOnce(unsigned(o)))
      return false;
  return true;
}

static constexpr std::pair<llvm::StringLiteral, OperandRole> stillRoles[] = {
    {"weight_stationary", OperandRole::Weight},
    {"output_stationary", OperandRole::Output},
    {"input_stationary", OperandRole::Input}};

llvm::StringRef AccessModel::dataflowOf(const Mapping &mapping) const {
  const auto &dataflows = machine.array.dataflows;
  int innermost = innermostStep(*this, mapping);
  for (const auto &[name, role] : stillRoles)
    if ((dataflows.empty() || llvm::is_contained(dataflows, name)) &&
        isStill(*this, innermost, role))
      return name;
  return "";
}

uint64_t AccessModel::innermostDims() const {
  const auto &dataflows = machine.array.dataflows;
  uint64_t mask = 0;
  for (unsigned d = 0; d != workload.dims.size(); ++d)
    for (const auto &[name, role] : stillRoles)
      if (dataflows.empty() ||
          (llvm::is_contained(dataflows, name) && isStill(*this, int(d), role)))
        mask |= uint64_t(1) << d;
  return mask;
}

static bool checkDataflow(const AccessModel &model, const Mapping &mapping,
                          MappingFault &fault) {
  if (model.machine.array.dataflows.empty() ||
      !model.dataflowOf(mapping).empty())
    return true;
  fault.kind = Kind::Dataflow;
  return false;
}

bool AccessModel::check(const Mapping &mapping, MappingFault &fault) const {
  if (!checkLoops(*this, mapping, fault) || !checkAxes(*this, mapping, fault))
    return false;
  for (unsigned o = 0; o < workload.operands.size(); ++o) {
    if (shapes[o].isCountable)
      continue;
    fault.kind = Kind::Uncountable;
    fault.operand = o;
    return false;
  }
  bool isWhole = !machine.memories.empty() &&
                 mapping.residence.size() == workload.operands.size() &&
                 llvm::all_of(mapping.residence, [&](const auto &row) {
                   return row.size() == machine.memories.size();
                 });
  if (!isWhole) {
    fault.kind = Kind::BadShape;
    for (const auto &row : mapping.residence)
      fault.found += double(row.size());
    fault.expected = double(workload.operands.size() * machine.memories.size());
    return false;
  }
  for (unsigned o = 0; o < workload.operands.size(); ++o)
    if (!checkResidence(*this, mapping, o, fault))
      return false;
  return checkDataflow(*this, mapping, fault);
}

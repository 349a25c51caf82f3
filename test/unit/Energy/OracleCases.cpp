//===- OracleCases.cpp - Random layers, machines and mappings -------------===//

#include "test/unit/Energy/OracleCases.h"

#include <algorithm>
#include <random>

using namespace aicc;
using namespace aicc::oracle;

namespace {

/// The same numbers with every standard library.
class Random {
public:
  explicit Random(uint32_t seed) : engine(seed) {}
  int64_t between(int64_t least, int64_t most) {
    return least + int64_t(engine() % uint64_t(most - least + 1));
  }
  bool oneIn(int64_t n) { return between(1, n) == 1; }

private:
  std::mt19937 engine;
};

using Index = llvm::SmallVector<llvm::SmallVector<Workload::Term, 2>, 4>;

/// Dimensions with what each operand is indexed by.
struct Shape {
  const char *name;
  std::vector<std::pair<int64_t, bool>> dims; ///< Largest size, is reduced.
  std::vector<std::pair<OperandRole, Index>> operands;
};

constexpr OperandRole input = OperandRole::Input;
constexpr OperandRole weight = OperandRole::Weight;
constexpr OperandRole output = OperandRole::Output;

std::vector<Shape> shapesWith(int64_t stride, int64_t dilation) {
  auto window = [&](unsigned at, unsigned kernel) {
    return llvm::SmallVector<Workload::Term, 2>{{at, stride},
                                                {kernel, dilation}};
  };
  auto one = [](unsigned dim) {
    return llvm::SmallVector<Workload::Term, 2>{{dim, 1}};
  };
  return {
      {"matmul",
       {{9, false}, {7, false}, {8, true}},
       {{input, {one(0), one(2)}},
        {weight, {one(2), one(1)}},
        {output, {one(0), one(1)}}}},
      {"conv",
       {{3, false}, {4, true}, {5, false}, {4, false}, {3, true}, {2, true}},
       {{input, {one(1), window(2, 4), window(3, 5)}},
        {weight, {one(0), one(1), one(4), one(5)}},
        {output, {one(0), one(2), one(3)}}}},
      {"conv 1-d",
       {{2, false}, {5, false}, {3, true}, {11, false}, {4, true}},
       {{input, {one(0), one(2), window(3, 4)}},
        {weight, {one(1), one(2), one(4)}},
        {output, {one(0), one(1), one(3)}}}},
      {"depthwise",
       {{6, false}, {8, false}, {3, true}},
       {{input, {one(0), window(1, 2)}},
        {weight, {one(0), one(2)}},
        {output, {one(0), one(1)}}}},
      {"grouped",
       {{3, false}, {4, false}, {3, true}, {5, false}, {3, true}},
       {{input, {one(0), one(2), window(3, 4)}},
        {weight, {one(0), one(1), one(2), one(4)}},
        {output, {one(0), one(1), one(3)}}}},
      {"elementwise, one side broadcast",
       {{9, false}, {12, false}},
       {{input, {one(0), one(1)}},
        {input, {one(1)}},
        {output, {one(0), one(1)}}}},
      {"reduction",
       {{9, false}, {13, true}, {4, true}},
       {{input, {one(0), one(1), one(2)}}, {output, {one(0)}}}},
      {"reduction to a scalar",
       {{40, true}},
       {{input, {one(0)}}, {output, {}}}},
      {"diagonals, flattened and three terms",
       {{4, false}, {5, true}, {4, true}, {3, false}},
       {{input, {one(0), window(0, 1)}},
        {input, {{{0, stride}, {1, 1}, {2, dilation}}}},
        {input, {{{0, 20}, {1, -4}, {2, 1}}, one(3)}},
        {weight, {{{1, 2}, {2, 1}}, {{1, 2}, {2, 1}}}},
        {output, {one(3), one(0)}}}},
      {"transposed conv",
       {{4, true}, {5, true}, {3, true}, {3, false}},
       {{input, {one(0), one(1)}},
        {weight, {one(0), one(2), one(3)}},
        {output, {one(3), window(1, 2)}}}},
  };
}

SourcedValue value(double number) {
  SourcedValue result;
  result.value = number;
  result.source = "test";
  return result;
}

void makeWorkload(Random &random, Case &made) {
  auto shapes = shapesWith(random.between(1, 3), random.between(1, 3));
  const Shape &shape = shapes[random.between(0, int64_t(shapes.size()) - 1)];
  made.name = shape.name;
  made.isGather = made.name != "transposed conv";
  for (auto [most, isReduction] : shape.dims)
    made.workload.dims.push_back({random.between(1, most), isReduction});
  for (const auto &[role, index] : shape.operands) {
    Workload::Operand operand;
    operand.role = role;
    operand.index = index;
    operand.bits = 8 * random.between(1, 2);
    if (role == output)
      operand.partialBits = random.oneIn(2) ? 32 : 0;
    operand.density = random.oneIn(4) ? 0.5 : 1;
    made.workload.operands.push_back(operand);
  }
}

void makeMachine(Random &random, Case &made) {
  MachineDesc &machine = made.machine;
  machine.name = "random";
  int64_t axes = random.between(0, 2);
  for (int64_t i = 0; i < axes; ++i)
    machine.array.axes.push_back({"axis" + std::to_string(i),
                                  random.between(1, 5), random.oneIn(2),
                                  !random.oneIn(3)});
  uint32_t perAxes = (uint32_t(1) << axes) - 1;
  int64_t memories = random.between(1, 4);
  for (int64_t m = 0; m < memories; ++m) {
    MemoryDesc memory;
    memory.name = "m" + std::to_string(m);
    perAxes &=
        uint32_t(random.between(0, 3) | (m == 0 ? random.between(0, 3) : 0));
    memory.perAxes = m + 1 == memories ? 0 : perAxes;
    memory.accessBytes = random.oneIn(3) ? random.between(1, 8) : 0;
    memory.doubleBuffered = random.oneIn(2);
    memory.streams = random.oneIn(4);
    memory.slides = random.oneIn(2);
    memory.keepsZeros = random.oneIn(3);
    memory.bytesPerCycle = value(4);
    for (bool &holds : memory.holds)
      holds = m + 1 == memories || !random.oneIn(4);
    machine.memories.push_back(memory);
  }
}

/// Random tiles and loop order; spatial loops where the axes have room.
void makeLoops(Random &random, Case &made) {
  Mapping &mapping = made.mapping;
  std::vector<int64_t> left, room;
  for (const Workload::Dim &dim : made.workload.dims)
    left.push_back(dim.size);
  for (const ArrayDesc::Axis &axis : made.machine.array.axes)
    room.push_back(axis.size);
  auto isDone = [&] {
    return std::all_of(left.begin(), left.end(),
                       [](int64_t extent) { return extent == 1; });
  };
  while (!isDone()) {
    unsigned dim = unsigned(random.between(0, int64_t(left.size()) - 1));
    if (left[dim] == 1 && !random.oneIn(8))
      continue;
    int64_t tile = random.oneIn(3) ? 1 : random.between(1, left[dim]);
    int64_t trips = (left[dim] + tile - 1) / tile;
    int axis = int(random.between(-1, int64_t(room.size()) - 1));
    if (axis >= 0 && trips > room[axis])
      axis = -1;
    if (axis >= 0)
      room[axis] /= trips;
    mapping.loops.push_back({dim, tile, axis});
    left[dim] = std::min(left[dim], tile);
  }
}

void makeResidence(Random &random, Case &made) {
  size_t memories = made.machine.memories.size();
  for (const Workload::Operand &operand : made.workload.operands) {
    llvm::SmallVector<int8_t, 6> row(memories, Mapping::bypass);
    int64_t most = int64_t(made.mapping.loops.size());
    for (size_t m = 0; m < memories; ++m) {
      const MemoryDesc &memory = made.machine.memories[m];
      bool isOutermost = m + 1 == memories;
      if (!isOutermost && (!memory.holdsRole(operand.role) || random.oneIn(4)))
        continue;
      most = isOutermost ? 0 : random.between(0, most);
      row[m] = int8_t(most);
    }
    made.mapping.residence.push_back(row);
  }
}

} // namespace

Case oracle::makeCase(uint32_t seed) {
  Random random(seed);
  Case made;
  makeWorkload(random, made);
  makeMachine(random, made);
  makeLoops(random, made);
  makeResidence(random, made);
  return made;
}

std::string oracle::show(const Case &made) {
  std::string text = made.name + ": dims";
  for (const Workload::Dim &dim : made.workload.dims)
    text += " " + std::to_string(dim.size);
  text += "; loops";
  for (const Mapping::Loop &loop : made.mapping.loops)
    text += " {" + std::to_string(loop.dim) + ", " + std::to_string(loop.tile) +
            ", " + std::to_string(loop.axis) + "}";
  text += "; residence";
  for (const auto &row : made.mapping.residence) {
    text += " [";
    for (int at : row)
      text += " " + std::to_string(at);
    text += " ]";
  }
  text += "; perAxes";
  for (const MemoryDesc &memory : made.machine.memories)
    text += " " + std::to_string(memory.perAxes);
  text += "; axes";
  for (const ArrayDesc::Axis &axis : made.machine.array.axes)
    text += std::string(" ") + (axis.reduces ? "r" : "-") +
            (axis.multicasts ? "m" : "-");
  return text;
}

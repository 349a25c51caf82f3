//===- Roll.cpp - Loops from repeated instructions ------------------------===//
//
// The program is a list of nodes: instructions, and loops that were found. A
// node's shape is all of it but the a32 and b32 of its instructions, the
// leaves; nodes of equal shape can be iterations of a loop. A pass goes over
// the list once: where a shape comes again after p nodes, these p nodes are the
// body of a loop if they repeat twice more and all leaves advance evenly.
// Passes look for short bodies first, and start again while they find any: so
// loops grow from the inside to the outside.
//
// Hashes of stretches of shapes (Rabin and Karp) tell in constant time where no
// loop can be; what becomes a loop is compared itself.
//
//===----------------------------------------------------------------------===//

#include "targets/systolic/Isa/Roll.h"
#include "targets/systolic/Isa/Loops.h"

#include <algorithm>
#include <bit>
#include <map>

using namespace aicc::systolic;

namespace {

/// What a32 and b32 have or advance by; both wrap around.
struct Pair {
  uint32_t a = 0, b = 0;
  Pair operator-(Pair other) const { return {a - other.a, b - other.b}; }
  Pair operator+(Pair other) const { return {a + other.a, b + other.b}; }
  Pair operator*(uint32_t times) const { return {a * times, b * times}; }
  bool operator==(const Pair &) const = default;
};

/// An instruction in the first iteration of all loops that it is in.
struct Leaf {
  uint32_t instruction;
  Pair run; ///< How far the loops around it take it.
};

struct Node {
  uint64_t shape;
  /// The next `numLeaves` leaves; of a loop, those of its body.
  uint32_t firstLeaf, numLeaves;
  uint32_t loop;   ///< Its number; noLoop for an instruction.
  uint16_t length; ///< Instructions that it takes, with steps.
  uint16_t depth;  ///< Loops within each other.
};
constexpr uint32_t noLoop = UINT32_MAX;

struct Loop {
  uint32_t count;
  std::vector<Node> body;
  std::vector<Pair> steps; ///< Of the body's leaves.
};

/// Where a loop was found, and what it is worth.
struct Found {
  uint64_t period = 0, count = 0;
  int64_t saved = 0; ///< Instructions.
};

/// Bodies of up to so many nodes are looked for, and only those longer than the
/// number before, which is the length of the stretches that are hashed.
constexpr unsigned periods[] = {0, 4, 16, 64, 256, maximumLoopLength};
constexpr unsigned numPeriods = std::size(periods) - 1;
/// Places where a shape comes again that are looked at for one node.
constexpr unsigned maximumTries = 16;
/// With two iterations, any two nodes of a shape advance evenly.
constexpr uint64_t leastCount = 3;

class Roller {
public:
  explicit Roller(const std::vector<Instruction> &instructions);
  std::vector<Instruction> run();

private:
  bool pass(uint64_t least, uint64_t most);
  void hashNodes();
  uint64_t hashOf(uint64_t at, uint64_t count) const {
    return hashes[at + count] - hashes[at] * powers[count];
  }
  /// For each node the next one at which an equal stretch starts.
  std::vector<uint32_t> nextOfStretch(uint64_t length) const;
  Found find(uint64_t at, uint64_t period) const;
  bool advances(uint64_t at, uint64_t period) const;
  Node makeLoop(uint64_t at, const Found &found);

  Pair valueOf(const Leaf &leaf) const {
    return {list[leaf.instruction].a32, list[leaf.instruction].b32};
  }
  /// From an iteration of the node to that `period` nodes later.
  Pair strideOf(const Node &node, const Node &later, uint32_t leaf) const {
    return valueOf(leaves[later.firstLeaf + leaf]) -
           valueOf(leaves[node.firstLeaf + leaf]);
  }

  /// The loops around the node that is written, the innermost one last, and
  /// which of their leaves comes next.
  struct Around {
    const Loop *loop;
    uint32_t leaf;
  };
  void write(const Node &node);

  const std::vector<Instruction> &list;
  std::vector<Node> nodes;
  std::vector<Leaf> leaves;
  std::vector<Loop> loops;
  /// The shapes of loops: counts, bodies and steps, numbered.
  std::map<std::vector<uint64_t>, uint64_t> shapes;
  std::vector<uint64_t> hashes, powers;
  std::vector<Around> around;
  std::vector<Instruction> out;
};

} // namespace

/// All of an instruction but a32 and b32, in 64 bits.
static uint64_t shapeOf(const Instruction &instruction) {
  return uint64_t(instruction.opcode) | uint64_t(instruction.waits & 15) << 8 |
         uint64_t(instruction.signals & 15) << 12 |
         uint64_t(instruction.a16) << 16 | uint64_t(instruction.b16) << 32 |
         uint64_t(instruction.c16) << 48;
}

Roller::Roller(const std::vector<Instruction> &instructions)
    : list(instructions) {
  nodes.reserve(list.size());
  leaves.reserve(list.size());
  for (uint32_t i = 0; i < list.size(); ++i) {
    nodes.push_back({shapeOf(list[i]), i, 1, noLoop, 1, 0});
    leaves.push_back({i, {}});
  }
}

//===----------------------------------------------------------------------===//
// What repeats itself
//===----------------------------------------------------------------------===//

void Roller::hashNodes() {
  // Odd numbers without a pattern: the 64-bit finaliser of MurmurHash3.
  constexpr uint64_t base = 0xff51afd7ed558ccd, mix = 0xc4ceb9fe1a85ec53;
  hashes.resize(nodes.size() + 1);
  for (size_t i = 0; i < nodes.size(); ++i) {
    uint64_t shape = nodes[i].shape * mix;
    hashes[i + 1] = hashes[i] * base + (shape ^ shape >> 33);
  }
  constexpr size_t longest = 2 * maximumLoopLength;
  powers.resize(longest + 1);
  powers[0] = 1;
  for (size_t i = 0; i < longest; ++i)
    powers[i + 1] = powers[i] * base;
}

std::vector<uint32_t> Roller::nextOfStretch(uint64_t length) const {
  struct Seen {
    uint64_t hash = 0;
    uint32_t at = UINT32_MAX;
  };
  // A place for each hash's low bits: what another stretch takes is forgotten,
  // and at worst a loop is not found.
  std::vector<Seen> places(std::bit_ceil(2 * nodes.size()));
  std::vector<uint32_t> next(nodes.size(), UINT32_MAX);
  for (size_t i = nodes.size() + 1 - length; i-- > 0;) {
    uint64_t hash = hashOf(i, length);
    Seen &place = places[(hash ^ hash >> 32) & (places.size() - 1)];
    if (place.hash == hash)
      next[i] = place.at;
    place = {hash, uint32_t(i)};
  }
  return next;
}

/// Whether the `period` nodes behind at + period are what those from `at` on
/// are, and from there on go on as they went before.
bool Roller::advances(uint64_t at, uint64_t period) const {
  for (uint64_t i = at; i < at + period; ++i) {
    const Node &node = nodes[i], &next = nodes[i + period],
               &last = nodes[i + 2 * period];
    if (node.shape != next.shape || node.shape != last.shape)
      return false;
    for (uint32_t leaf = 0; leaf < node.numLeaves; ++leaf)
      if (strideOf(node, next, leaf) != strideOf(next, last, leaf))
        return false;
  }
  return true;
}

/// The loop of `period` nodes that starts at `at`.
Found Roller::find(uint64_t at, uint64_t period) const {
  Found found;
  auto fits = [&](uint64_t first) {
    return first + leastCount * period <= nodes.size() &&
           hashOf(first, period * (leastCount - 1)) ==
               hashOf(first + period, period * (leastCount - 1)) &&
           advances(first, period);
  };
  if (!fits(at))
    return found;
  uint32_t length = 0, steps = 0;
  for (uint64_t i = at; i < at + period; ++i) {
    if (nodes[i].depth == maximumLoopDepth)
      return found;
    length += nodes[i].length;
    for (uint32_t leaf = 0; leaf < nodes[i].numLeaves; ++leaf)
      steps += strideOf(nodes[i], nodes[i + period], leaf) !=
               leaves[nodes[i].firstLeaf + leaf].run;
  }
  if (length + steps > maximumLoopLength)
    return found;
  found.period = period;
  found.count = leastCount;
  while (fits(at + (found.count - leastCount + 1) * period))
    ++found.count;
  found.saved = int64_t(found.count * length) - int64_t(1 + length + steps);
  return found;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Node Roller::makeLoop(uint64_t at, const Found &found) {
  Loop loop{uint32_t(found.count), {}, {}};
  Node result{0, uint32_t(leaves.size()), 0, uint32_t(loops.size()), 1, 0};
  std::vector<uint64_t> shape = {found.count, found.period};
  for (uint64_t i = at; i < at + found.period; ++i) {
    const Node &node = nodes[i];
    loop.body.push_back(node);
    shape.push_back(node.shape);
    result.depth = std::max<uint16_t>(result.depth, node.depth + 1);
    result.length += node.length;
    result.numLeaves += node.numLeaves;
    for (uint32_t j = 0; j < node.numLeaves; ++j) {
      // The loops within start again: the step takes back what they went.
      Leaf leaf = leaves[node.firstLeaf + j];
      Pair stride = strideOf(node, nodes[i + found.period], j);
      Pair step = stride - leaf.run;
      loop.steps.push_back(step);
      shape.push_back(uint64_t(step.a) << 32 | step.b);
      result.length += step != Pair{};
      leaf.run = leaf.run + stride * uint32_t(found.count - 1);
      leaves.push_back(leaf);
    }
  }
  // No instruction has the opcode of a loop.
  uint64_t number = shapes.try_emplace(shape, shapes.size()).first->second;
  result.shape = uint64_t(Opcode::Loop) | number << 8;
  loops.push_back(std::move(loop));
  return result;
}

/// Makes loops of bodies of least + 1 to `most` nodes. Whether there were any.
bool Roller::pass(uint64_t least, uint64_t most) {
  if (nodes.size() < leastCount * (least + 1))
    return false;
  hashNodes();
  std::vector<uint32_t> next = nextOfStretch(least + 1);
  std::vector<Node> result;
  for (uint64_t at = 0; at < nodes.size();) {
    Found best;
    uint64_t other = next[at];
    for (unsigned tries = 0;
         tries < maximumTries && other != UINT32_MAX && other - at <= most;
         ++tries, other = next[other])
      if (other - at > least)
        if (Found found = find(at, other - at); found.saved > best.saved)
          best = found;
    if (best.saved == 0) {
      result.push_back(nodes[at++]);
      continue;
    }
    result.push_back(makeLoop(at, best));
    at += best.period * best.count;
  }
  bool any = result.size() < nodes.size();
  nodes = std::move(result);
  return any;
}

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

void Roller::write(const Node &node) {
  if (node.loop == noLoop) {
    for (size_t level = 0; level < around.size(); ++level) {
      Around &of = around[around.size() - 1 - level];
      Pair step = of.loop->steps[of.leaf++];
      if (step != Pair{})
        out.push_back({.opcode = Opcode::Step,
                       .a16 = uint16_t(level),
                       .a32 = step.a,
                       .b32 = step.b});
    }
    out.push_back(list[leaves[node.firstLeaf].instruction]);
    return;
  }
  const Loop &loop = loops[node.loop];
  size_t at = out.size();
  out.push_back({.opcode = Opcode::Loop, .a32 = loop.count});
  around.push_back({&loop, 0});
  for (const Node &inner : loop.body)
    write(inner);
  around.pop_back();
  // With the steps of the loops around.
  out[at].b16 = uint16_t(out.size() - at - 1);
}

std::vector<Instruction> Roller::run() {
  for (unsigned i = 0; i < numPeriods;)
    i = pass(periods[i], periods[i + 1]) ? 0 : i + 1;
  for (const Node &node : nodes)
    write(node);
  return std::move(out);
}

std::vector<Instruction>
aicc::systolic::roll(const std::vector<Instruction> &instructions) {
  auto isLoop = [](const Instruction &instruction) {
    return instruction.opcode == Opcode::Loop;
  };
  if (std::none_of(instructions.begin(), instructions.end(), isLoop))
    return Roller(instructions).run();
  return instructions;
}

//===- TilePlan.cpp - Where the tiles of a product lie --------------------===//

#include "targets/systolic/Lowering/TilePlan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace aicc;
using namespace aicc::systolic;
using llvm::ArrayRef;
using llvm::divideCeil;

static int64_t extentOf(ArrayRef<int64_t> extents, int dim) {
  return dim < 0 ? 1 : extents[dim];
}

int64_t aicc::systolic::inputRows(const Product &product,
                                  const ArrayMachine &machine,
                                  ArrayRef<int64_t> extents) {
  int64_t rows = divideCeil(extentOf(extents, product.rowDim),
                            int64_t(machine.config.rows));
  for (const Axis &axis : product.inputAxes)
    rows *= axis.extent(extents);
  return rows;
}

Extents aicc::systolic::extentsAt(const Product &product,
                                  const Mapping &mapping, unsigned level) {
  Extents extents;
  for (const Workload::Dim &dim : product.workload().dims)
    extents.push_back(dim.size);
  for (const Mapping::Loop &loop : ArrayRef(mapping.loops).take_front(level))
    extents[loop.dim] = std::min(extents[loop.dim], loop.tile);
  return extents;
}

Mapping aicc::systolic::toLowered(const Product &product,
                                   const ArrayMachine &machine,
                                   const Mapping &mapping) {
  Mapping aligned = mapping;
  constexpr unsigned input = 0, weight = 1, result = 2;
  auto align = [&](int dim, int level, int64_t lanes) {
    for (auto [number, loop] : llvm::enumerate(aligned.loops))
      if (int(loop.dim) == dim && int(number) >= level && !loop.isSpatial())
        loop.tile = std::min(int64_t(llvm::alignTo(loop.tile, lanes)),
                             product.size(dim));
  };
  if (mapping.residence.size() != 3)
    return aligned;
  // A tile of sums stays while loops go on that only add to it.
  int8_t &sums = aligned.residence[result][machine.accumulator];
  while (sums > 0 && !mapping.loops[sums - 1].isSpatial() &&
         product.workload().dims[mapping.loops[sums - 1].dim].isReduction)
    --sums;
  align(product.rowDim, mapping.residence[input][machine.scratchpad],
        machine.config.rows);
  align(product.colDim,
        std::min(mapping.residence[weight][machine.weightHome()],
                 aligned.residence[result][machine.accumulator]),
        machine.config.cols);
  return aligned;
}

namespace {
class Planner {
public:
  Planner(const Product &product, const ArrayMachine &machine,
          const Mapping &mapping, std::string &why)
      : product(product), machine(machine), mapping(mapping), why(why) {}

  std::optional<TilePlan> run();

private:
  bool findLevels();
  bool checkCompute();
  void sizeSlots();
  bool placeScratchpad();
  bool placeAccumulator();
  bool changes(const TileSlots &slots, const Workload::Operand &operand) const;
  bool fail(const llvm::Twine &text) {
    why = text.str();
    return false;
  }
  int residence(unsigned operand, int memory) const {
    return mapping.residence[operand][memory];
  }

  const Product &product;
  const ArrayMachine &machine;
  const Mapping &mapping;
  std::string &why;
  TilePlan plan;
};
} // namespace

bool Planner::findLevels() {
  constexpr unsigned input = 0, weight = 1, result = 2;
  if (mapping.residence.size() != 3)
    return fail("the mapping has no place for each operand");
  int levels[] = {residence(input, machine.scratchpad),
                  residence(weight, machine.weightHome()),
                  residence(result, machine.accumulator),
                  residence(weight, machine.weightRegisters)};
  for (int level : levels)
    if (level < 0 || level > int(mapping.loops.size()))
      return fail("an operand passes by the memory that programs need");
  plan.input.level = levels[0];
  plan.weight.level = levels[1];
  plan.result.level = levels[2];
  plan.computeLevel = *std::max_element(std::begin(levels), std::end(levels));
  for (TileSlots *slots : {&plan.input, &plan.weight, &plan.result})
    slots->extents = extentsAt(product, mapping, slots->level);
  return true;
}

/// What is inside of `computeLevel` has to be one pass of rows by one tile of
/// weights, and sums have to be finished before they leave the accumulator.
bool Planner::checkCompute() {
  for (const Mapping::Loop &loop :
       ArrayRef(mapping.loops).take_front(plan.computeLevel))
    if (loop.isSpatial())
      return fail("the array is unrolled outside of a tile");
  Extents inside = extentsAt(product, mapping, plan.computeLevel);
  for (auto [d, dim] : llvm::enumerate(product.workload().dims)) {
    if (dim.isReduction && plan.result.extents[d] != dim.size)
      return fail("sums leave the accumulator before they are complete");
    bool isLane = int(d) == product.rowDim || int(d) == product.colDim;
    if (!isLane && inside[d] != 1 &&
        (dim.isReduction || llvm::is_contained(product.weightDims, d)))
      return fail("the weights of a pass are more than the array holds");
  }
  if (extentOf(inside, product.rowDim) > machine.config.rows ||
      extentOf(inside, product.colDim) > machine.config.cols)
    return fail("a tile of weights is larger than the array");
  return true;
}

void Planner::sizeSlots() {
  plan.input.rows = inputRows(product, machine, plan.input.extents);
  int64_t cols = machine.config.cols;
  ArrayRef<int64_t> tile = plan.weight.extents;
  plan.weight.rows = divideCeil(extentOf(tile, product.colDim), cols) *
                     extentOf(tile, product.rowDim);
  for (unsigned dim : product.weightDims)
    plan.weight.rows *= tile[dim];
  tile = plan.result.extents;
  plan.result.rows = divideCeil(extentOf(tile, product.colDim), cols);
  for (const Axis &axis : product.resultAxes)
    plan.result.rows *= axis.extent(tile);
}

/// Whether more than one tile is loaded over the run.
bool Planner::changes(const TileSlots &slots,
                      const Workload::Operand &operand) const {
  for (const auto &terms : operand.index)
    for (const Workload::Term &term : terms)
      if (slots.extents[term.dim] != product.size(term.dim))
        return true;
  return false;
}

/// Two slots each, so that one is filled while the other is used; fewer if that
/// does not fit.
bool Planner::placeScratchpad() {
  const Workload &workload = product.workload();
  unsigned wantedInputs = changes(plan.input, workload.operands[0]) ? 2 : 1;
  unsigned wantedWeights = changes(plan.weight, workload.operands[1]) ? 2 : 1;
  int64_t rows = machine.config.scratchpadRows;
  bool isShared = machine.weightsInScratchpad();
  int64_t weightSpace = isShared ? rows : machine.config.weightRows;
  for (auto [inputs, weights] :
       {std::pair(2u, 2u), {1u, 2u}, {2u, 1u}, {1u, 1u}}) {
    plan.input.count = std::min(inputs, wantedInputs);
    plan.weight.count = std::min(weights, wantedWeights);
    int64_t inputTotal = plan.input.rows * plan.input.count,
            weightTotal = plan.weight.rows * plan.weight.count;
    if (isShared ? inputTotal + weightTotal <= rows
                 : inputTotal <= rows && weightTotal <= weightSpace) {
      plan.weight.first = isShared ? inputTotal : 0;
      return true;
    }
  }
  return fail("tiles of " + llvm::Twine(plan.input.rows) + " and " +
              llvm::Twine(plan.weight.rows) + " rows do not fit " +
              llvm::Twine(rows) + " rows of the scratchpad" +
              (isShared ? llvm::Twine()
                        : " and " + llvm::Twine(weightSpace) +
                              " of the weight memory"));
}

bool Planner::placeAccumulator() {
  int64_t rows = machine.config.accumulatorRows - machine.parameterRows;
  bool isAlone = !changes(plan.result, product.workload().operands[2]);
  plan.result.count = isAlone || plan.result.rows * 2 > rows ? 1 : 2;
  if (plan.result.rows > rows)
    return fail("a tile of " + llvm::Twine(plan.result.rows) +
                " rows does not fit " + llvm::Twine(rows) +
                " rows of the accumulator");
  // A row of scales and one of biases for each block, in two slots.
  constexpr int64_t rowsOfBlock = 2, slots = 2;
  plan.parameterFirst = rows;
  plan.parameterBlocks = machine.parameterRows / (rowsOfBlock * slots);
  return true;
}

std::optional<TilePlan> Planner::run() {
  if (!findLevels() || !checkCompute())
    return std::nullopt;
  sizeSlots();
  if (!placeScratchpad() || !placeAccumulator())
    return std::nullopt;
  return plan;
}

std::optional<TilePlan> TilePlan::make(const Product &product,
                                       const ArrayMachine &machine,
                                       const Mapping &mapping,
                                       std::string &why) {
  return Planner(product, machine, mapping, why).run();
}

//===- TilePlan.cpp - Where the tiles of a product lie --------------------===//

#include "targets/systolic/Lowering/TilePlan.h"
#include "aicc/Energy/SpatialCost.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>

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
  return divideCeil(extentOf(extents, product.rowDim),
                    int64_t(machine.config.rows)) *
         positions(product.inputAxes, extents);
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
    if (!isLane && int(d) != product.repeatDim && inside[d] != 1 &&
        (dim.isReduction || llvm::is_contained(product.weightDims, d)))
      return fail("the weights of a pass are more than the array holds");
  }
  if (extentOf(inside, product.rowDim) > machine.config.rows ||
      extentOf(inside, product.colDim) > machine.config.cols)
    return fail("a tile of weights is larger than the array");
  return true;
}

void Planner::sizeSlots() {
  plan.input.rows =
      product.keptInput ? 0 : inputRows(product, machine, plan.input.extents);
  int64_t cols = machine.config.cols;
  ArrayRef<int64_t> tile = plan.weight.extents;
  plan.weight.rows = divideCeil(extentOf(tile, product.colDim), cols) *
                     product.weightLanes(tile);
  for (unsigned dim : product.weightDims)
    plan.weight.rows *= tile[dim];
  tile = plan.result.extents;
  plan.result.rows = divideCeil(extentOf(tile, product.colDim), cols) *
                     positions(product.resultAxes, tile);
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
/// does not fit. Where there is room, more for weights, and then for inputs: a
/// slot is free again when the last sum of its pass is out of the array, which
/// is long after the next passes could start.
bool Planner::placeScratchpad() {
  const Workload &workload = product.workload();
  unsigned wantedInputs = changes(plan.input, workload.operands[0]) ? 2 : 1;
  unsigned wantedWeights =
      changes(plan.weight, workload.operands[1]) ? TileSlots::most : 1;
  bool isShared = machine.weightsInScratchpad();
  int64_t weightShift = product.weightShiftRows(machine.config.rows);
  int64_t rows = machine.tileRows - product.inputShiftRows() -
                 (isShared ? weightShift : 0);
  int64_t weightSpace =
      isShared ? rows : machine.config.weightRows - weightShift;
  plan.inputShiftRow = rows;
  plan.weightShiftRow =
      isShared ? rows + product.inputShiftRows() : weightSpace;
  for (auto [inputs, weights] :
       {std::pair(2u, 2u), {1u, 2u}, {2u, 1u}, {1u, 1u}}) {
    plan.input.count = std::min(inputs, wantedInputs);
    int64_t inputTotal = plan.input.rows * plan.input.count;
    int64_t left = isShared ? rows - inputTotal : weightSpace;
    if (inputTotal > rows ||
        left < plan.weight.rows * std::min(weights, wantedWeights))
      continue;
    plan.weight.count =
        unsigned(std::min<int64_t>(wantedWeights, left / plan.weight.rows));
    int64_t spare = isShared ? left - plan.weight.rows * plan.weight.count
                             : rows - inputTotal;
    if (plan.input.count > 1 && plan.input.rows > 0)
      plan.input.count += unsigned(std::min<int64_t>(
          TileSlots::most - plan.input.count, spare / plan.input.rows));
    plan.weight.first = isShared ? plan.input.rows * plan.input.count : 0;
    plan.overlaps = plan.input.count >= wantedInputs &&
                    (wantedWeights == 1 || plan.weight.count > 1);
    return true;
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
  plan.result.count =
      isAlone ? 1
              : unsigned(std::clamp<int64_t>(rows / plan.result.rows, 1,
                                             TileSlots::most));
  plan.overlaps &= isAlone || plan.result.count > 1;
  if (plan.result.rows > rows)
    return fail("a tile of " + llvm::Twine(plan.result.rows) +
                " rows does not fit " + llvm::Twine(rows) +
                " rows of the accumulator");
  plan.parameterFirst = rows;
  // A slot is free when the results that it is for have left: where each tile
  // has parameters of its own (groups), more slots.
  int64_t blocks = divideCeil(extentOf(plan.result.extents, product.colDim),
                              int64_t(machine.config.cols));
  plan.parameterBlocks = std::min(machine.parameterBlocks(), blocks);
  plan.parameterSlots = unsigned(std::min<int64_t>(
      machine.parameterRows /
          (ArrayMachine::parameterRowsOfBlock * plan.parameterBlocks),
      TileSlots::most));
  return true;
}

std::optional<TilePlan> Planner::run() {
  if (!findLevels() || !checkCompute())
    return std::nullopt;
  sizeSlots();
  // Counts of rows and columns have 16 bits.
  constexpr int64_t mostCounted = 65535;
  for (int64_t counted : {plan.input.rows, plan.weight.rows, plan.result.rows,
                          extentOf(plan.input.extents, product.rowDim),
                          extentOf(plan.weight.extents, product.colDim),
                          extentOf(plan.result.extents, product.colDim)})
    if (counted > mostCounted) {
      fail("a tile has " + llvm::Twine(counted) +
           " rows or columns, an instruction at most " +
           llvm::Twine(mostCounted));
      return std::nullopt;
    }
  if (!placeScratchpad() || !placeAccumulator())
    return std::nullopt;
  return plan;
}

int64_t TilePlan::storedBlocks(const Product &product, int64_t blocks,
                               int64_t cols) const {
  constexpr int64_t mostColumns = 65535; // Long rows have 16 bits of them.
  int64_t together = product.hasParameters() ? parameterBlocks : blocks;
  return std::max<int64_t>(std::min(together, mostColumns / cols), 1);
}

std::optional<TilePlan> TilePlan::make(const Product &product,
                                       const ArrayMachine &machine,
                                       const Mapping &mapping,
                                       std::string &why) {
  return Planner(product, machine, mapping, why).run();
}

bool aicc::systolic::canRun(const Product &product, const ArrayMachine &machine,
                            const AccessModel &model, const Mapping &mapping,
                            std::string &why) {
  std::optional<TilePlan> plan = TilePlan::make(product, machine, mapping, why);
  if (!plan)
    return false;
  if (!plan->overlaps) {
    why = "its tiles, in whole rows, leave no room for the next ones";
    return false;
  }
  AccessCounts counts;
  MappingFault fault;
  if (model.count(mapping, counts, fault))
    return true;
  why = fault.describe(model.machine);
  return false;
}

//===----------------------------------------------------------------------===//
// The form that is lowered
//===----------------------------------------------------------------------===//

/// `mapping` with a loop over `lane` in steps of `tile` before loop `before`.
static Mapping withLoop(const Mapping &mapping, unsigned before, unsigned lane,
                        int64_t tile) {
  Mapping split = mapping;
  split.loops.insert(split.loops.begin() + before, {lane, tile, -1});
  for (auto &residence : split.residence)
    for (int8_t &at : residence)
      if (at > int8_t(before))
        ++at;
  return split;
}

namespace {
constexpr unsigned inputOperand = 0, weightOperand = 1, resultOperand = 2;

/// Moves boundaries of tiles outwards where that costs nothing.
class Hoister {
public:
  Hoister(const Product &product, const ArrayMachine &machine,
          const AccessModel &model, Mapping &mapping)
      : product(product), machine(machine), model(model), mapping(mapping) {}

  void run();

private:
  int8_t &level(unsigned operand, int memory) {
    return mapping.residence[operand][memory];
  }
  bool moves(unsigned operand, unsigned dim) const;
  bool fits(const Mapping &wider) const {
    std::string why;
    return canRun(product, machine, model, wider, why);
  }
  int64_t rowsOfPass(unsigned level) const;
  void dropRepeats(unsigned operand, int memory);
  double priceOf(const Mapping &wider) const;
  void lengthenPasses();
  void fillPasses();
  void keepWeights();
  void widen(unsigned operand, int memory, int lane);
  void alignLanes(int dim, int level, int64_t lanes);

  const Product &product;
  const ArrayMachine &machine;
  const AccessModel &model;
  Mapping &mapping;
};
} // namespace

bool Hoister::moves(unsigned operand, unsigned dim) const {
  for (const auto &terms : product.workload().operands[operand].index)
    for (const Workload::Term &term : terms)
      if (term.dim == dim)
        return true;
  return false;
}

/// A tile stays while loops go on that do not move it.
void Hoister::dropRepeats(unsigned operand, int memory) {
  int8_t &at = level(operand, memory);
  while (at > 0 && !mapping.loops[at - 1].isSpatial() &&
         !moves(operand, mapping.loops[at - 1].dim))
    --at;
}

/// A transfer of less than one access of the DRAM costs as much: tiles take in
/// more of the lanes, as much as fills an access, or all, if they fit.
void Hoister::widen(unsigned operand, int memory, int lane) {
  if (lane < 0)
    return;
  int8_t at = level(operand, memory);
  int64_t wanted =
      std::min<int64_t>(machine.config.dramAccessBytes, product.size(lane));
  if (extentsAt(product, mapping, at)[lane] >= wanted)
    return;
  // The loop that cuts the lanes too short.
  do
    --at;
  while (at >= 0 && int(mapping.loops[at].dim) != lane);
  if (at < 0)
    return;
  int64_t outside = extentsAt(product, mapping, at)[lane];
  Mapping whole = mapping,
          split = withLoop(mapping, at, lane, std::min(wanted, outside));
  whole.residence[operand][memory] = at;
  split.residence[operand][memory] = int8_t(at + 1);
  // Parts of a row that accesses do not divide touch some of them twice.
  bool isEven = product.size(lane) % wanted == 0;
  for (Mapping &wider :
       {std::ref(isEven ? split : whole), std::ref(isEven ? whole : split)})
    if (fits(wider)) {
      mapping = std::move(wider);
      return;
    }
}

/// Energy times time, which decides between passes of different lengths
/// whatever the objective is; infinite for what cannot run.
double Hoister::priceOf(const Mapping &wider) const {
  AccessCounts counts;
  MappingFault fault;
  if (!fits(wider) || !model.count(wider, counts, fault))
    return std::numeric_limits<double>::infinity();
  SpatialTotals totals = totalsOf(model, wider, counts);
  return totals.energyPj * totals.cycles;
}

/// Weights that pass again for each part of a zero point take their time again,
/// however few rows they are for; the model of transfers has them stay. So rows
/// are not cut into passes shorter than the array while more of them fit.
void Hoister::lengthenPasses() {
  if (product.repeatDim < 0)
    return;
  const int8_t pass = level(weightOperand, machine.weightRegisters);
  for (int8_t number = pass; number-- > 0;) {
    Mapping::Loop &loop = mapping.loops[number];
    int64_t around = rowsOfPass(number + 1) / std::max<int64_t>(loop.tile, 1);
    if (!moves(resultOperand, loop.dim) || moves(weightOperand, loop.dim) ||
        loop.isSpatial() || int64_t(machine.config.rows) <= around * loop.tile)
      continue;
    int64_t least = loop.tile;
    for (int64_t tile = extentsAt(product, mapping, number)[loop.dim];
         tile > least; tile = divideCeil(tile, 2)) {
      loop.tile = tile;
      if (fits(mapping))
        break;
      loop.tile = least;
    }
  }
}

/// Rows inside of the first `level` loops.
int64_t Hoister::rowsOfPass(unsigned level) const {
  int64_t rows = 1;
  for (auto [d, extent] : llvm::enumerate(extentsAt(product, mapping, level)))
    if (moves(resultOperand, d) && !moves(weightOperand, d))
      rows *= extent;
  return rows;
}

/// A pass has its weights for all of its rows: what it reads is there before,
/// and what it writes stays until all are done. Fewer rows in a pass let loads
/// and stores overlap with passes, and fit where more do not. Passes of fewer
/// rows than the array has would wait for their weights: they are the last
/// resort.
void Hoister::fillPasses() {
  const int8_t pass = level(weightOperand, machine.weightRegisters);
  auto raised = [&](Mapping from, int8_t most) {
    for (auto [operand, memory] : {std::pair(inputOperand, machine.scratchpad),
                                   {resultOperand, machine.accumulator}}) {
      int8_t &at = from.residence[operand][memory];
      at = std::min(at, most);
    }
    return from;
  };
  Mapping found = raised(mapping, pass);
  double least = priceOf(found);
  Extents extents = extentsAt(product, mapping, pass);
  int64_t rowsAround = 1;
  int longest = -1;
  for (auto [d, extent] : llvm::enumerate(extents)) {
    if (!moves(resultOperand, d) || moves(weightOperand, d))
      continue;
    rowsAround *= extent;
    if (longest < 0 || extent > extents[longest])
      longest = int(d);
  }
  if (longest >= 0)
    rowsAround /= extents[longest];
  for (int64_t rows = longest < 0 ? 1 : extents[longest]; rows > 1;) {
    rows = divideCeil(rows, 2);
    bool runs = std::isfinite(least);
    if (runs && rows * rowsAround < int64_t(machine.config.rows))
      break;
    Mapping cut = raised(withLoop(mapping, pass, unsigned(longest), rows),
                         int8_t(pass + 1));
    if (double price = priceOf(cut); price < least) {
      least = price;
      found = std::move(cut);
    }
  }
  mapping = std::move(found);
}

/// Weights stay through more of the loops where there is room for them and that
/// is worth its longer start.
void Hoister::keepWeights() {
  int home = machine.weightHome();
  if (home == machine.weightRegisters)
    return;
  double least = priceOf(mapping);
  int8_t found = level(weightOperand, home);
  Mapping wider = mapping;
  for (int8_t at = found; at-- > 0;) {
    wider.residence[weightOperand][home] = at;
    if (double price = priceOf(wider); price < least) {
      least = price;
      found = at;
    }
  }
  level(weightOperand, home) = found;
}

void Hoister::alignLanes(int dim, int level, int64_t lanes) {
  for (auto [number, loop] : llvm::enumerate(mapping.loops))
    if (int(loop.dim) == dim && int(number) >= level && !loop.isSpatial())
      loop.tile =
          std::min(int64_t(llvm::alignTo(loop.tile, lanes)), product.size(dim));
}

void Hoister::run() {
  dropRepeats(resultOperand, machine.accumulator);
  dropRepeats(weightOperand, machine.weightRegisters);
  if (machine.weightHome() != machine.weightRegisters)
    dropRepeats(weightOperand, machine.weightHome());
  lengthenPasses();
  fillPasses();
  keepWeights();
  dropRepeats(inputOperand, machine.scratchpad);
  widen(inputOperand, machine.scratchpad, product.rowDim);
  if (!product.epilogue.isRaw && !product.keptResult)
    widen(resultOperand, machine.accumulator, product.colDim);
  alignLanes(product.rowDim, level(inputOperand, machine.scratchpad),
             machine.config.rows);
  // Blocks of columns that are kept lie apart, whatever tile they come from.
  int columnLevel = product.keptResult
                        ? 0
                        : std::min(level(weightOperand, machine.weightHome()),
                                   level(resultOperand, machine.accumulator));
  alignLanes(product.colDim, columnLevel, machine.config.cols);
}

Mapping aicc::systolic::toLowered(const Product &product,
                                  const ArrayMachine &machine,
                                  const AccessModel &model,
                                  const Mapping &mapping) {
  Mapping lowered = mapping;
  if (mapping.residence.size() == 3 && mapping.residence[0].size() > 0)
    Hoister(product, machine, model, lowered).run();
  return lowered;
}

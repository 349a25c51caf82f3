//===- LowerBounds.cpp - The least that the rest of a mapping costs -------===//

#include "lib/Mapping/Search/LowerBounds.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace llvm;

namespace aicc::search {

/// Cells of one table. Each holds a few doubles, and a search keeps some
/// twenty tables.
static constexpr uint32_t kMostCells = 1 << 15;

static constexpr double kNever = std::numeric_limits<double>::infinity();

LowerBounds::LowerBounds(const PriceTables &tables) : tables(tables) {
  for (auto [d, dim] : enumerate(tables.sizes.dims))
    if (dim.extents.size() > 1) {
      used.push_back(d);
      cells.push_back(dim.extents.size());
    }
  coarsen();
  for (uint32_t count : cells) {
    stride.push_back(total);
    total *= count;
  }
  loadsOf.resize(tables.boundaries.size());
  makeRest(nullptr).values.assign(size_t(total) * parts(), 0);
}

LowerBounds::~LowerBounds() {
  for (Rest &rest : rests)
    tables.shared.spare.push_back(std::move(rest.values));
}

LowerBounds::Rest &LowerBounds::makeRest(const Rest *inner) {
  Rest &rest = rests.emplace_back();
  rest.inner = inner;
  if (auto &spare = tables.shared.spare; !spare.empty()) {
    rest.values = std::move(spare.back());
    spare.pop_back();
  }
  return rest;
}

/// Halves the dimension with the most cells until the table is small enough.
void LowerBounds::coarsen() {
  auto product = [&] {
    double sum = 1;
    for (uint32_t count : cells)
      sum *= count;
    return sum;
  };
  while (product() > kMostCells) {
    auto *most = llvm::max_element(cells);
    *most = (*most + 1) / 2;
  }
  for (auto [i, d] : enumerate(used)) {
    unsigned tiles = tables.sizes.dims[d].extents.size();
    auto &of = cellOf.emplace_back(), &top = largest.emplace_back(cells[i], 0);
    for (unsigned tile = 0; tile != tiles; ++tile) {
      of.push_back(tile * cells[i] / tiles);
      top[of.back()] = tile;
    }
  }
}

/// The indexed dimensions' share of the loads: for each cell of theirs, the
/// least of `first` and of `more` over its tiles. Found once.
const std::vector<double> &LowerBounds::cellLoads(unsigned index) {
  std::vector<double> &loads = loadsOf[index];
  if (!loads.empty())
    return loads;
  const Boundary &boundary = tables.boundaries[index];
  unsigned width = parts();
  size_t size = 1;
  SmallVector<unsigned, 8> axes; // Of `used`.
  for (unsigned i = 0; i != used.size(); ++i)
    if (is_contained(boundary.indexed, used[i])) {
      axes.push_back(i);
      size *= cells[i];
    }
  loads.assign(size * 2 * width, kNever);
  double capacity = tables.capacity[boundary.memory];
  SmallVector<unsigned, 8> tile(axes.size(), 0);
  for (const BoundaryEntry &entry : boundary.entries) {
    size_t place = 0, step = 1;
    for (auto [axis, at] : zip(axes, tile)) {
      place += step * cellOf[axis][at];
      step *= cells[axis];
    }
    if (boundary.fits(entry, capacity)) {
      double *into = &loads[place * 2 * width];
      for (const Load *load : {&entry.first, &entry.more}) {
        into[0] = std::min(into[0], load->energyPj);
        into[1] = std::min(into[1], load->serialCycles);
        for (unsigned port = 0; port != tables.ports.size(); ++port)
          into[2 + port] = std::min(into[2 + port], load->busy[port]);
        into += width;
      }
    }
    for (unsigned i = 0; i != axes.size(); ++i) {
      if (++tile[i] != tables.sizes.dims[used[axes[i]]].extents.size())
        break;
      tile[i] = 0;
    }
  }
  // No number of repeats makes less of what has no room.
  for (size_t cell = 0; cell != size; ++cell)
    for (unsigned part = 0; part != width; ++part)
      if (double &more = loads[(2 * cell + 1) * width + part]; more == kNever)
        more = 0;
  return loads;
}

/// Adds the least load of boundary `index` over the tiles of each cell.
void LowerBounds::addLoads(unsigned index, std::vector<double> &values) {
  const Boundary &boundary = tables.boundaries[index];
  const unsigned width = parts(), axes = used.size();
  const std::vector<double> &loads = cellLoads(index);
  // Of an axis: how far the cells of `loads` are apart, 0 if it does not tell
  // them apart, but repeats them.
  SmallVector<size_t, 8> apart(axes, 0);
  size_t size = 1;
  for (unsigned i = 0; i != axes; ++i)
    if (is_contained(boundary.indexed, used[i])) {
      apart[i] = size;
      size *= cells[i];
    }
  // By axis: the cell of `loads`, and the repeats, of it and those outside.
  SmallVector<uint32_t, 8> at(axes, 0);
  SmallVector<size_t, 8> place(axes + 1, 0);
  SmallVector<double, 8> repeats(axes + 1, 1);
  auto settle = [&](unsigned axis) {
    for (unsigned i = axis + 1; i-- > 0;) {
      place[i] = place[i + 1] + apart[i] * at[i];
      repeats[i] = repeats[i + 1];
      if (apart[i] == 0)
        repeats[i] *=
            double(tables.sizes.dims[used[i]].tiles[largest[i][at[i]]]);
    }
  };
  if (axes > 0)
    settle(axes - 1);
  for (double *value = values.data(), *end = value + values.size();
       value != end; value += width) {
    const double *load = &loads[place[0] * 2 * width];
    for (unsigned part = 0; part != width; ++part)
      value[part] += load[part] + (repeats[0] - 1) * load[width + part];
    for (unsigned i = 0; i != axes; ++i) {
      if (++at[i] != cells[i]) {
        settle(i);
        break;
      }
      at[i] = 0;
    }
  }
}

/// Replaces each value by the least one among no larger tiles in the
/// dimensions that move `boundary`.
void LowerBounds::minimise(const Boundary &boundary,
                           std::vector<double> &values) const {
  for (unsigned i = 0; i != used.size(); ++i) {
    if (!is_contained(boundary.moving, used[i]))
      continue;
    // The cells of one tile of this axis lie side by side.
    const size_t row = size_t(stride[i]) * parts(), block = row * cells[i];
    for (size_t start = 0; start != values.size(); start += block)
      for (size_t place = start + row; place != start + block; ++place)
        values[place] = std::min(values[place], values[place - row]);
  }
}

const LowerBounds::Rest &LowerBounds::outside(const Rest &inner,
                                              unsigned index) {
  Rest &rest = makeRest(&inner);
  rest.values = inner.values;
  addLoads(index, rest.values);
  minimise(tables.boundaries[index], rest.values);
  return rest;
}

} // namespace aicc::search

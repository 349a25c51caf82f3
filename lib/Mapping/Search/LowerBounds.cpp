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
  rests.emplace_back().values.assign(size_t(total) * parts(), 0);
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
/// least of `first` and of `more` over its tiles.
std::vector<double> LowerBounds::cellLoads(const Boundary &boundary) const {
  unsigned width = parts();
  size_t size = 1;
  SmallVector<unsigned, 8> axes; // Of `used`.
  for (unsigned i = 0; i != used.size(); ++i)
    if (is_contained(boundary.indexed, used[i])) {
      axes.push_back(i);
      size *= cells[i];
    }
  std::vector<double> loads(size * 2 * width, kNever);
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
  return loads;
}

/// Adds the least load of `boundary` over the tiles of each cell.
void LowerBounds::addLoads(const Boundary &boundary,
                           std::vector<double> &values) const {
  unsigned width = parts();
  std::vector<double> loads = cellLoads(boundary);
  SmallVector<uint32_t, 8> at(used.size(), 0);
  for (uint32_t cell = 0; cell != total; ++cell) {
    size_t place = 0, step = 1;
    double repeats = 1;
    for (unsigned i = 0; i != used.size(); ++i) {
      if (is_contained(boundary.indexed, used[i])) {
        place += step * at[i];
        step *= cells[i];
      } else {
        repeats *= double(tables.sizes.dims[used[i]].tiles[largest[i][at[i]]]);
      }
    }
    const double *load = &loads[place * 2 * width];
    double *value = &values[size_t(cell) * width];
    for (unsigned part = 0; part != width; ++part)
      if (load[part] == kNever)
        value[part] = kNever;
      else
        value[part] += load[part] + (repeats - 1) * load[width + part];
    for (unsigned i = 0; i != used.size(); ++i) {
      if (++at[i] != cells[i])
        break;
      at[i] = 0;
    }
  }
}

/// Replaces each value by the least one among no larger tiles in the
/// dimensions that move `boundary`.
void LowerBounds::minimise(const Boundary &boundary,
                           std::vector<double> &values) const {
  unsigned width = parts();
  for (unsigned i = 0; i != used.size(); ++i) {
    if (!is_contained(boundary.moving, used[i]))
      continue;
    for (uint32_t cell = 0; cell != total; ++cell) {
      if (cell / stride[i] % cells[i] == 0)
        continue;
      double *value = &values[size_t(cell) * width];
      const double *smaller = value - size_t(stride[i]) * width;
      for (unsigned part = 0; part != width; ++part)
        value[part] = std::min(value[part], smaller[part]);
    }
  }
}

const LowerBounds::Rest &LowerBounds::outside(const Rest &inner,
                                              unsigned index) {
  Rest &rest = rests.emplace_back(Rest{&inner, inner.values});
  const Boundary &boundary = tables.boundaries[index];
  addLoads(boundary, rest.values);
  minimise(boundary, rest.values);
  return rest;
}

} // namespace aicc::search

//===- TileWalk.cpp - What the loops of one dimension leave ---------------===//

#include "lib/Energy/TileWalk.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <climits>

using namespace aicc;
using llvm::SmallVector;

LoopNest::LoopNest(const Workload &workload, const Mapping &mapping) {
  dims.resize(workload.dims.size());
  SmallVector<int64_t, 8> left;
  for (auto [dim, entry] : llvm::zip(workload.dims, dims)) {
    entry.size = dim.size;
    left.push_back(dim.size);
  }
  for (auto [index, loop] : llvm::enumerate(mapping.loops)) {
    DimSteps &dim = dims[loop.dim];
    int64_t &extent = left[loop.dim];
    int64_t trips = llvm::divideCeilSigned(extent, loop.tile);
    if (trips <= 1)
      continue;
    dim.steps.push_back({int(index), loop.tile, loop.axis, trips});
    dim.isExact &= extent % loop.tile == 0;
    extent = loop.tile;
    if (loop.isSpatial())
      usedAxes |= 1u << loop.axis;
  }
}

static Role roleOf(const LoopNest::Step &step, const View &view) {
  if (step.axis < 0) {
    if (step.index >= view.residence)
      return Role::Union;
    return view.firstInTime ? Role::First : Role::Time;
  }
  uint32_t bit = 1u << step.axis;
  if (view.sumAxes & bit)
    return Role::Sum;
  return view.firstAxes & bit ? Role::First : Role::Union;
}

/// How many of the loops must be walked: those behind the last one that cuts
/// the tile only say in which order it is used.
static size_t cutsOf(const LoopNest::DimSteps &dim, const View &view) {
  size_t end = dim.steps.size();
  while (end > 0 && roleOf(dim.steps[end - 1], view) == Role::Union)
    --end;
  return end;
}

/// The part of `pattern` that iteration `i` of a loop in steps of `tile` has.
static Pattern partOf(const Pattern &pattern, int64_t tile, int64_t i) {
  Pattern part;
  for (const Run &run : pattern.runs) {
    int64_t length = std::min(tile, run.length - i * tile);
    if (length > 0)
      part.runs.push_back(
          {run.start + i * tile, length, run.count, run.stride});
  }
  return part;
}

/// A pattern of more runs is too irregular.
static constexpr size_t mostRuns = 1 << 12;

/// The same values in tiles, so that loops further inside can cut each.
static std::optional<Pattern> inTiles(const Pattern &pattern, int64_t tile) {
  Pattern result;
  auto append = [&](int64_t start, int64_t length) {
    if (int64_t full = length / tile)
      result.runs.push_back({start, tile, full, full > 1 ? tile : 0});
    if (int64_t rest = length % tile)
      result.runs.push_back({start + length - rest, rest, 1, 0});
  };
  for (const Run &run : pattern.runs) {
    if (run.length <= tile)
      result.runs.push_back(run);
    else if (run.stride == run.length && run.length % tile == 0)
      append(run.start, run.length * run.count);
    else
      for (int64_t i = 0; i < run.count; ++i) {
        append(run.start + i * run.stride, run.length);
        if (result.runs.size() > mostRuns)
          return std::nullopt;
      }
  }
  return result;
}

/// Adds a state, or its weight to an equal one: only the distances between
/// values matter.
static void addState(States &states, State state) {
  int64_t origin = state.pattern.runs.front().start;
  for (Run &run : state.pattern.runs)
    run.start -= origin;
  for (State &other : states)
    if (other.extent == state.extent && other.moved == state.moved &&
        other.pattern == state.pattern) {
      other.weight += state.weight;
      return;
    }
  states.push_back(std::move(state));
}

/// Splits a state over the iterations or positions of a loop that cuts.
static void cut(const State &state, const LoopNest::Step &step, Role role,
                States &result) {
  // Between these iterations nothing changes but the place.
  SmallVector<int64_t, 6> limits;
  auto addLimits = [&](int64_t length) {
    limits.push_back(length / step.tile);
    limits.push_back(llvm::divideCeilSigned(length, step.tile));
  };
  for (const Run &run : state.pattern.runs)
    addLimits(run.length);
  if (role == Role::Time)
    addLimits(state.extent);
  if (role == Role::First)
    limits.assign({1});
  llvm::sort(limits);
  int64_t begin = 0;
  for (int64_t end : limits) {
    if (end <= begin)
      continue;
    State next = {std::min(step.tile, state.extent), state.moved,
                  state.weight * double(end - begin),
                  partOf(state.pattern, step.tile, begin)};
    if (role == Role::Time) {
      next.extent = std::min(step.tile, state.extent - begin * step.tile);
      if (state.extent > step.tile)
        next.moved = step.index;
    }
    begin = end;
    if (!next.pattern.runs.empty())
      addState(result, std::move(next));
  }
}

States aicc::walk(const LoopNest::DimSteps &dim, const View &view) {
  States states;
  states.push_back({dim.size, -1, 1, Pattern::interval(dim.size)});
  for (const LoopNest::Step &step :
       llvm::ArrayRef(dim.steps).take_front(cutsOf(dim, view))) {
    Role role = roleOf(step, view);
    States next;
    for (State &state : states) {
      if (role == Role::Union) {
        std::optional<Pattern> tiles = inTiles(state.pattern, step.tile);
        if (!tiles)
          return {};
        state.pattern = std::move(*tiles);
        state.extent = std::min(state.extent, step.tile);
        addState(next, std::move(state));
      } else {
        cut(state, step, role, next);
      }
    }
    states = std::move(next);
  }
  return states;
}

bool aicc::hasGaps(const LoopNest::DimSteps &dim, const View &view) {
  bool isInside = false;
  for (const LoopNest::Step &step : dim.steps) {
    bool isUnion = roleOf(step, view) == Role::Union;
    if (isInside && !isUnion)
      return true;
    isInside |= isUnion;
  }
  return false;
}

static void addPiece(Pieces &pieces, const Piece &piece) {
  for (Piece &other : pieces)
    if (other.length == piece.length && other.extent == piece.extent &&
        other.moved == piece.moved && other.before == piece.before) {
      other.weight += piece.weight;
      return;
    }
  pieces.push_back(piece);
}

static void cut(Piece piece, const LoopNest::Step &step, Role role, bool slides,
                Pieces &result) {
  int64_t full = piece.length / step.tile, rest = piece.length % step.tile;
  int64_t beyond = piece.extent - full * step.tile;
  if (role == Role::Time && piece.extent > step.tile) {
    piece.moved = step.index;
    piece.before = 0;
  }
  piece.extent = std::min(piece.extent, step.tile);
  if (role == Role::First) {
    piece.length = std::min(piece.length, step.tile);
    addPiece(result, piece);
    return;
  }
  Piece next = piece;
  next.length = step.tile;
  next.weight *= double(full);
  if (slides && role == Role::Time && full > 0) {
    next.weight = piece.weight;
    addPiece(result, next);
    next.weight *= double(full - 1);
    next.before = step.tile;
  }
  if (next.weight > 0)
    addPiece(result, next);
  if (rest == 0)
    return;
  if (role == Role::Time)
    piece.extent = std::min(beyond, step.tile);
  piece.length = rest;
  piece.before = slides && role == Role::Time && full > 0 ? step.tile : 0;
  addPiece(result, piece);
}

Pieces aicc::walkPieces(const LoopNest::DimSteps &dim, const View &view,
                        bool slides) {
  Pieces pieces{{dim.size, dim.size, -1, 1, 0}};
  size_t cuts = cutsOf(dim, view);
  for (size_t i = 0; i < cuts; ++i) {
    const LoopNest::Step &step = dim.steps[i];
    Pieces next;
    // Loops further inside end elsewhere than the next tile begins.
    for (const Piece &piece : pieces)
      cut(piece, step, roleOf(step, view), slides && i + 1 == cuts, next);
    pieces = std::move(next);
  }
  return pieces;
}

Piece aicc::walkExact(const LoopNest::DimSteps &dim, const View &view) {
  Piece piece{dim.size, 1, -1, 1, 0};
  for (const LoopNest::Step &step : dim.steps) {
    Role role = roleOf(step, view);
    if (role == Role::Union)
      continue;
    piece.length /= step.trips;
    if (role == Role::First)
      continue;
    piece.weight *= double(step.trips);
    if (role == Role::Time)
      piece.moved = step.index;
  }
  return piece;
}

/// Iterations and positions of one dimension that does not move the operand.
static double fetchesOf(const LoopNest::DimSteps &dim, const View &view,
                        int moved) {
  // Extents, and how many of each.
  SmallVector<std::pair<int64_t, double>, 4> extents{{dim.size, 1.0}};
  for (const LoopNest::Step &step : dim.steps) {
    Role role = roleOf(step, view);
    bool isCounted =
        role == Role::Sum || (role == Role::Time && step.index < moved);
    SmallVector<std::pair<int64_t, double>, 4> next;
    for (auto [extent, count] : extents) {
      if (!isCounted) {
        next.push_back({std::min(extent, step.tile), count});
        continue;
      }
      if (int64_t full = extent / step.tile)
        next.push_back({step.tile, count * double(full)});
      if (int64_t rest = extent % step.tile)
        next.push_back({rest, count});
    }
    extents = std::move(next);
  }
  double sum = 0;
  for (auto [extent, count] : extents)
    sum += count;
  return sum;
}

double aicc::fetchesOf(const LoopNest &nest, const AccessModel::Shape &shape,
                       const View &view, int moved) {
  double product = 1;
  for (auto [d, dim] : llvm::enumerate(nest.dims)) {
    if (shape.moves(unsigned(d)) || dim.steps.empty())
      continue;
    if (!dim.isExact) {
      product *= ::fetchesOf(dim, view, moved);
      continue;
    }
    for (const LoopNest::Step &step : dim.steps) {
      Role role = roleOf(step, view);
      if (role == Role::Sum || (role == Role::Time && step.index < moved))
        product *= double(step.trips);
    }
  }
  return product;
}

double aicc::stepsOf(const LoopNest::DimSteps &dim) {
  View view;
  view.residence = INT_MAX;
  return ::fetchesOf(dim, view, INT_MAX);
}

double aicc::activityOf(const LoopNest &nest, uint32_t axes) {
  View view;
  view.residence = INT_MAX;
  view.sumAxes = axes;
  double product = 1;
  for (const LoopNest::DimSteps &dim : nest.dims)
    product *= ::fetchesOf(dim, view, INT_MAX);
  return product;
}

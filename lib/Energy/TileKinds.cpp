//===- TileKinds.cpp - The tiles of an operand, and how often -------------===//

#include "lib/Energy/TileKinds.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <climits>

using namespace aicc;
using llvm::SmallVector;
using llvm::SmallVectorImpl;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

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
    int64_t trips = ceilDiv(extent, loop.tile);
    if (trips <= 1)
      continue;
    dim.steps.push_back({int(index), loop.tile, loop.axis, trips});
    dim.isExact &= extent % loop.tile == 0;
    extent = loop.tile;
    if (loop.isSpatial())
      usedAxes |= 1u << loop.axis;
  }
}

namespace {

enum class Role {
  Time,  ///< One tile after the other.
  Sum,   ///< Positions one by one.
  First, ///< The first iteration or position stands for all.
  Union, ///< All inside of one tile.
};

/// Where the walk through the loops of one dimension can be.
struct State {
  int64_t extent = 1; ///< What position 0 has left: it decides the trips.
  int moved = -1;
  double weight = 1;
  Pattern pattern; ///< What is left here.
};
using States = SmallVector<State, 2>;

/// A tile of consecutive values: the common case.
struct Piece {
  int64_t length = 1;
  int64_t extent = 1; ///< As State::extent.
  int moved = -1;
  double weight = 1;
  /// Length of the tile one iteration of loop `moved` ago; 0: another loop has
  /// moved too.
  int64_t before = 0;
};
using Pieces = SmallVector<Piece, 4>;

} // namespace

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
    limits.push_back(ceilDiv(length, step.tile));
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

/// Nothing if the tiles are too irregular.
static States walk(const LoopNest::DimSteps &dim, const View &view) {
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

/// Whether the tile has gaps: a loop inside of it is cut by one further inside.
static bool hasGaps(const LoopNest::DimSteps &dim, const View &view) {
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

/// walk for tiles without gaps.
static Pieces walkPieces(const LoopNest::DimSteps &dim, const View &view,
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

/// walk where every tile divides: one piece; with gaps, its number of values.
static Piece walkExact(const LoopNest::DimSteps &dim, const View &view) {
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

namespace {

/// The tiles of several dimensions together.
class Product {
public:
  void multiply(const TileKind &kind) { common = times(common, kind); }
  void multiply(llvm::ArrayRef<TileKind> others);
  /// Takes the result out of it.
  void takeInto(TileKinds &tiles);

private:
  static TileKind times(const TileKind &x, const TileKind &y) {
    // The tile before differs only in what the innermost moving loop moves.
    bool isX = x.moved > y.moved;
    return {x.size * y.size, isX ? x.fresh * y.size : x.size * y.fresh,
            x.weight * y.weight, isX ? x.moved : y.moved};
  }

  TileKind common; ///< A factor of all tiles.
  TileKinds tiles; ///< None: one tile.
};

} // namespace

static void addKind(TileKinds &tiles, const TileKind &kind) {
  for (TileKind &other : tiles)
    if (other.size == kind.size && other.fresh == kind.fresh &&
        other.moved == kind.moved) {
      other.weight += kind.weight;
      return;
    }
  tiles.push_back(kind);
}

void Product::multiply(llvm::ArrayRef<TileKind> others) {
  if (others.size() == 1)
    return multiply(others[0]);
  TileKinds result;
  if (tiles.empty())
    tiles.push_back(TileKind());
  for (const TileKind &x : tiles)
    for (const TileKind &y : others)
      addKind(result, times(x, y));
  tiles = std::move(result);
}

void Product::takeInto(TileKinds &result) {
  if (tiles.empty()) {
    result.assign(1, common);
    return;
  }
  result = std::move(tiles);
  for (TileKind &kind : result)
    kind = times(kind, common);
}

/// Values of one dimension that no other shares: no two tiles have the same.
static TileKind alone(int64_t values, double weight, int moved) {
  return {double(values), double(values), weight, moved};
}

/// Tiles of dimensions that move different parts of the index.
static bool addInjective(const LoopNest &nest,
                         const AccessModel::Component &component,
                         const View &view, Product &product) {
  for (unsigned d : component.dims) {
    const LoopNest::DimSteps &dim = nest.dims[d];
    if (dim.isExact) {
      Piece piece = walkExact(dim, view);
      product.multiply(alone(piece.length, piece.weight, piece.moved));
      continue;
    }
    TileKinds kinds;
    if (!hasGaps(dim, view)) {
      for (const Piece &piece : walkPieces(dim, view, false))
        addKind(kinds, alone(piece.length, piece.weight, piece.moved));
    } else {
      for (const State &state : walk(dim, view))
        addKind(kinds,
                alone(state.pattern.values(), state.weight, state.moved));
    }
    if (kinds.empty())
      return false;
    product.multiply(kinds);
  }
  return true;
}

/// Tiles of dimensions that share a part of the index, where each has only one
/// length. False: one of them has several, or gaps.
static bool addCoupledExact(const LoopNest &nest,
                            const AccessModel::Component &component,
                            const View &view, Product &product, bool &counted) {
  SmallVector<IntervalTerm, 4> terms;
  TileKind kind;
  for (auto [d, coefficient] :
       llvm::zip(component.dims, component.coefficients)) {
    const LoopNest::DimSteps &dim = nest.dims[d];
    if (!dim.isExact || hasGaps(dim, view))
      return false;
    Piece piece = walkExact(dim, view);
    kind.weight *= piece.weight;
    kind.moved = std::max(kind.moved, piece.moved);
    terms.push_back({coefficient, piece.length});
  }
  std::optional<int64_t> values = distinctSums(terms);
  counted = values.has_value();
  product.multiply(alone(values.value_or(0), kind.weight, kind.moved));
  return true;
}

/// The dimensions of a component, each with what it can be.
static bool walkAll(const LoopNest &nest,
                    const AccessModel::Component &component, const View &view,
                    SmallVectorImpl<States> &walks) {
  for (unsigned d : component.dims) {
    const LoopNest::DimSteps &dim = nest.dims[d];
    States &states = walks.emplace_back();
    if (hasGaps(dim, view)) {
      states = walk(dim, view);
    } else {
      for (const Piece &piece : walkPieces(dim, view, false))
        states.push_back({piece.extent, piece.moved, piece.weight,
                          Pattern::interval(piece.length)});
    }
    if (states.empty())
      return false;
  }
  return true;
}

/// Counts `at` up, with as many values for each digit as `walks` has entries.
template <typename Walks>
static bool next(SmallVectorImpl<size_t> &at, const Walks &walks) {
  for (size_t digit = 0; digit < at.size(); ++digit) {
    if (++at[digit] < walks[digit].size())
      return true;
    at[digit] = 0;
  }
  return false;
}

/// Whether windows move on over these dimensions: in time alone, without gaps.
static bool canSlide(const LoopNest &nest,
                     const AccessModel::Component &component,
                     const View &view) {
  return view.slides && llvm::all_of(component.dims, [&](unsigned d) {
           return !hasGaps(nest.dims[d], view) &&
                  llvm::all_of(
                      nest.dims[d].steps,
                      [](const LoopNest::Step &step) { return step.axis < 0; });
         });
}

/// The tile that `pieces` make, and what of it the tile before had not.
static std::optional<TileKind> windowOf(const AccessModel::Component &component,
                                        llvm::ArrayRef<Piece> pieces) {
  SmallVector<IntervalTerm, 4> terms;
  TileKind kind;
  size_t mover = 0;
  for (auto [i, piece] : llvm::enumerate(pieces)) {
    terms.push_back({component.coefficients[i], piece.length});
    kind.weight *= piece.weight;
    if (piece.moved > kind.moved) {
      kind.moved = piece.moved;
      mover = i;
    }
  }
  std::optional<int64_t> values = distinctSums(terms);
  if (!values)
    return std::nullopt;
  kind.size = kind.fresh = double(*values);
  int64_t before = pieces[mover].before;
  if (before == 0)
    return kind;
  terms[mover].length = before;
  std::optional<int64_t> old = distinctSums(terms);
  terms[mover].length = before + pieces[mover].length;
  std::optional<int64_t> both = distinctSums(terms);
  if (!old || !both)
    return std::nullopt;
  kind.fresh = double(*both - *old);
  return kind;
}

/// addCoupled for tiles that keep what they share with the one before.
static bool addSliding(const LoopNest &nest,
                       const AccessModel::Component &component,
                       const View &view, Product &product) {
  SmallVector<Pieces, 4> walks;
  for (unsigned d : component.dims)
    walks.push_back(walkPieces(nest.dims[d], view, true));
  TileKinds kinds;
  SmallVector<size_t, 4> at(walks.size(), 0);
  do {
    SmallVector<Piece, 4> pieces;
    for (auto [walk, i] : llvm::zip(walks, at))
      pieces.push_back(walk[i]);
    std::optional<TileKind> kind = windowOf(component, pieces);
    if (!kind)
      return false;
    addKind(kinds, *kind);
  } while (next(at, walks));
  product.multiply(kinds);
  return true;
}

/// Tiles of dimensions that share a part of the index, such as windows.
static bool addCoupled(const LoopNest &nest,
                       const AccessModel::Component &component,
                       const View &view, Product &product) {
  if (canSlide(nest, component, view))
    return addSliding(nest, component, view, product);
  bool counted = true;
  if (addCoupledExact(nest, component, view, product, counted))
    return counted;
  SmallVector<States, 4> walks;
  if (!walkAll(nest, component, view, walks))
    return false;
  TileKinds kinds;
  SmallVector<size_t, 4> at(walks.size(), 0);
  do {
    SmallVector<PatternTerm, 4> terms;
    TileKind kind;
    for (size_t i = 0; i < walks.size(); ++i) {
      const State &state = walks[i][at[i]];
      kind.weight *= state.weight;
      kind.moved = std::max(kind.moved, state.moved);
      terms.push_back({component.coefficients[i], &state.pattern});
    }
    std::optional<int64_t> values = distinctSums(terms);
    if (!values)
      return false;
    addKind(kinds, alone(*values, kind.weight, kind.moved));
  } while (next(at, walks));
  product.multiply(kinds);
  return true;
}

bool aicc::findTiles(const LoopNest &nest, const AccessModel::Shape &shape,
                     const View &view, TileKinds &tiles) {
  Product product;
  for (const AccessModel::Component &component : shape.components) {
    bool counted = component.isInjective
                       ? addInjective(nest, component, view, product)
                       : addCoupled(nest, component, view, product);
    if (!counted)
      return false;
  }
  product.takeInto(tiles);
  return true;
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

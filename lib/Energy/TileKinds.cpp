//===- TileKinds.cpp - The tiles of an operand, and how often -------------===//

#include "lib/Energy/TileWalk.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace aicc;
using llvm::SmallVector;
using llvm::SmallVectorImpl;

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

SmallVector<TileBox, 4> aicc::findBoxes(const LoopNest &nest,
                                        const AccessModel::Shape &shape,
                                        const View &view,
                                        SmallVectorImpl<int64_t> &steps) {
  SmallVector<TileBox, 4> boxes(1);
  steps.assign(nest.dims.size(), 0);
  for (auto [d, dim] : llvm::enumerate(nest.dims)) {
    boxes.front().extents.push_back(dim.size);
    if (!shape.moves(unsigned(d)))
      continue;
    if (hasGaps(dim, view))
      return {};
  }
  for (auto [d, dim] : llvm::enumerate(nest.dims)) {
    if (!shape.moves(unsigned(d)))
      continue;
    Pieces pieces = walkPieces(dim, view, false);
    if (pieces.empty())
      return {};
    SmallVector<TileBox, 4> next;
    for (const TileBox &box : boxes)
      for (const Piece &piece : pieces) {
        TileBox &made = next.emplace_back(box);
        made.extents[d] = piece.length;
        made.weight *= piece.weight;
        made.moved = std::max(made.moved, piece.moved);
      }
    boxes = std::move(next);
    if (pieces.front().length < dim.size)
      steps[d] = pieces.front().length;
  }
  return boxes;
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

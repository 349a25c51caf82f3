//===- FlopCount.cpp - Floating-point operations of a kernel --------------===//

#include "targets/cpu/FlopCount.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

namespace {
/// What a function executes for one element once it is a polynomial
/// (lib/Codegen/ApproximateMath.cpp): numbers of the code that comes out, which
/// test/targets/cpu/test_flops.py counts.
struct FunctionFlops {
  llvm::StringLiteral name;
  double f32; ///< Of narrower types too: they are computed in f32.
  double f64; ///< Below 0: a call of a library, not known.
};
} // namespace

constexpr FunctionFlops functions[] = {
    {math::AbsFOp::getOperationName(), 0, 0},
    {math::AcosOp::getOperationName(), 42, 42},
    {math::AcoshOp::getOperationName(), 79, 79},
    {math::AsinOp::getOperationName(), 42, 42},
    {math::AsinhOp::getOperationName(), 79, 79},
    {math::AtanOp::getOperationName(), 38, 38},
    {math::AtanhOp::getOperationName(), 43, 43},
    {math::CeilOp::getOperationName(), 0, 0},
    {math::CosOp::getOperationName(), 47, 47},
    {math::CoshOp::getOperationName(), 76, 76},
    {math::ErfOp::getOperationName(), 18, -1},
    {math::ExpM1Op::getOperationName(), 52, 63},
    {math::ExpOp::getOperationName(), 21, 35},
    {math::FloorOp::getOperationName(), 0, 0},
    {math::Log1pOp::getOperationName(), 32, 39},
    {math::LogOp::getOperationName(), 28, 34},
    {math::RoundEvenOp::getOperationName(), 0, 0},
    {math::SinOp::getOperationName(), 47, 47},
    {math::SinhOp::getOperationName(), 105, 105},
    {math::SqrtOp::getOperationName(), 0, 0},
    {math::TanOp::getOperationName(), 48, 48},
    {math::TanhOp::getOperationName(), 21, 66},
};

/// Operations of one element.
static std::optional<double> flopsOf(Operation *op) {
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp>(op))
    return 1;
  if (op->getDialect() != op->getContext()->getLoadedDialect("math"))
    return 0;
  const auto *found = llvm::find_if(functions, [&](const FunctionFlops &f) {
    return f.name == op->getName().getStringRef();
  });
  if (found == std::end(functions))
    return std::nullopt;
  double flops = op->getResult(0).getType().isF64() ? found->f64 : found->f32;
  return flops < 0 ? std::nullopt : std::optional(flops);
}

static std::optional<double> payloadFlops(linalg::GenericOp op) {
  double sum = 0;
  for (Operation &nested : op.getRegion().front()) {
    std::optional<double> flops = flopsOf(&nested);
    if (!flops)
      return std::nullopt;
    sum += *flops;
  }
  return sum;
}

namespace {
/// Executed positions of the loops of one kernel.
class Positions {
public:
  Positions(const RegionModel &model, const KernelMapping &mapping)
      : model(model), mapping(mapping) {}

  /// Of a value that moves with the dimensions `moves`: computed once for each
  /// position in them, again for each tile of the loops around the innermost
  /// one that moves it.
  double of(ArrayRef<bool> moves, bool vectorised) const {
    double count = 1;
    bool inside = false;
    for (int64_t d : llvm::reverse(mapping.order)) {
      int64_t size = model.dims[d].size;
      inside |= moves[d];
      if (moves[d])
        count *= vectorised && d == mapping.vector ? wholeLanes(d) : size;
      else if (inside)
        count *= llvm::divideCeil(size, mapping.tile[d]);
    }
    return count;
  }

private:
  /// Lanes of all blocks, those outside of the dimension included.
  double wholeLanes(int64_t d) const {
    int64_t size = model.dims[d].size, tile = mapping.tile[d];
    int64_t whole = size / tile;
    return double(whole) * double(llvm::alignTo(tile, mapping.lanes)) +
           double(llvm::alignTo(size % tile, mapping.lanes));
  }

  const RegionModel &model;
  const KernelMapping &mapping;
};
} // namespace

/// Adding up the accumulators of a reduction over lanes, and the first value.
static double foldFlops(const RegionModel &model,
                        const KernelMapping &mapping) {
  Operation *combiner = findCombiner(model.root);
  if (!combiner || !isa<arith::AddFOp, arith::MulFOp>(combiner))
    return 0;
  int64_t extent =
      std::min(mapping.tile[mapping.vector], model.dims[mapping.vector].size);
  return double(llvm::divideCeil(extent, mapping.lanes)) * mapping.lanes + 1;
}

/// The dimensions of the loop nest that move an elementwise operation.
static SmallVector<bool> movedBy(const RegionModel &model,
                                 ArrayRef<int64_t> shape) {
  // Results have the root's parallel dimensions in some order; only whole
  // results are told from those that one value of is used everywhere.
  double elements = 1;
  for (int64_t size : shape)
    elements *= double(size);
  SmallVector<bool> moves;
  for (const RegionModel::Dim &dim : model.dims)
    moves.push_back(!dim.isReduction && elements > 1);
  return moves;
}

std::optional<FlopCount> aicc::cpu::countFlops(const RegionModel &model,
                                               const KernelMapping &mapping) {
  FlopCount count;
  Positions positions(model, mapping);
  bool reducesLanes =
      mapping.vector >= 0 && model.dims[mapping.vector].isReduction;
  bool vectorised = mapping.vector >= 0 && !reducesLanes;
  double results = 1;
  for (const RegionModel::Dim &dim : model.dims)
    results *= dim.isReduction ? 1 : double(dim.size);
  // A stripe has its share of what the region asks for.
  double share = 1;
  linalg::GenericOp root = model.root;
  for (auto [own, whole] :
       llvm::zip(model.rootSizes, root.getStaticLoopRanges()))
    share *= whole ? double(own) / double(whole) : 1;
  for (auto op :
       RegionOp(model.region).getBody().front().getOps<linalg::GenericOp>()) {
    std::optional<double> flops = payloadFlops(op);
    if (!flops)
      return std::nullopt;
    double points = share;
    for (int64_t size : op.getStaticLoopRanges())
      points *= double(size);
    count.useful += points * *flops;
    if (op == model.root) {
      SmallVector<bool> all(model.dims.size(), true);
      count.executed += positions.of(all, mapping.vector >= 0) * *flops;
      if (reducesLanes)
        count.executed += results * foldFlops(model, mapping);
      continue;
    }
    auto type = cast<RankedTensorType>(op.getResult(0).getType());
    count.executed +=
        positions.of(movedBy(model, type.getShape()), vectorised) * *flops;
  }
  return count;
}

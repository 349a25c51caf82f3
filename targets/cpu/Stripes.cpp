//===- Stripes.cpp - A region cut along its outermost rows ----------------===//

#include "targets/cpu/Stripes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace aicc;
using namespace aicc::cpu;

Value StripedRegion::operand(unsigned number) const {
  RegionOp region = model.region;
  unsigned inputs = region.getIns().size();
  return number < inputs ? region.getIns()[number]
                         : region.getResults()[number - inputs];
}

LogicalResult StripedRegion::choose(std::optional<unsigned> dim,
                                    std::string &why) {
  auto iterators = model.root.getIteratorTypesArray();
  int64_t furthest = 0;
  std::optional<unsigned> found = dim;
  for (const RegionAccess &access : model.accesses) {
    if (!access.isStore || dim)
      continue;
    auto layout = dyn_cast<LayoutAttr>(
        RegionOp(model.region).getLayoutsAttr()[access.operand]);
    if (!layout)
      continue;
    LinearForm form = model.windowAddress(access.index, layout);
    for (auto [d, coeff] : llvm::enumerate(form.coeffs))
      if (model.rootSizes[d] > 1 && coeff > furthest) {
        furthest = coeff;
        found = d;
      }
  }
  if (!found || *found >= model.rootSizes.size() ||
      isReductionLoop(iterators[*found])) {
    why = "its result has no rows to be cut between";
    return failure();
  }
  cut = *found;
  // Rows of a merged dimension are contiguous only along its outermost part.
  for (const RegionModel::Dim &merged : model.dims)
    if (llvm::is_contained(merged.original, cut) &&
        merged.original.front() != cut) {
      why = "its rows are not the outermost of a merged dimension";
      return failure();
    }
  return success();
}

LogicalResult StripedRegion::computeSteps(std::string &why) {
  RegionOp region = model.region;
  ArrayAttr layouts = region.getLayoutsAttr();
  SmallVector<std::optional<int64_t>, 6> found(layouts.size());
  for (const RegionAccess &access : model.accesses) {
    auto layout = dyn_cast<LayoutAttr>(layouts[access.operand]);
    int64_t step = 0;
    if (!layout) {
      for (const LinearForm &form : access.index)
        step |= form.coeffs[cut];
    } else {
      LinearForm form = model.windowAddress(access.index, layout);
      step = form.coeffs[cut];
      if (form.constant < 0 ||
          llvm::any_of(form.coeffs, [](int64_t c) { return c < 0; })) {
        why = "an operand is walked backwards";
        return failure();
      }
    }
    const BufferRef &place = ref(access.operand);
    RootBuffer::Kind kind = plan->roots()[place.root].kind;
    if (!place.dynamic.empty() ||
        (step != 0 && (kind != RootBuffer::Kind::Arena || !layout))) {
      why = "an operand that has rows is not a buffer of the arena";
      return failure();
    }
    if (access.isStore && step == 0) {
      why = "one of its results has no rows";
      return failure();
    }
    if (found[access.operand].value_or(step) != step) {
      why = "an operand is walked in two ways";
      return failure();
    }
    found[access.operand] = step;
  }
  for (std::optional<int64_t> step : found)
    steps.push_back(step.value_or(0));
  return success();
}

FailureOr<StripedRegion> StripedRegion::build(RegionOp region,
                                              const BufferPlan &plan,
                                              std::optional<unsigned> dim,
                                              std::string &why) {
  if (!region.getLayoutsAttr() || region.getNumResults() != 1) {
    why = "it has no layouts, or not one result";
    return failure();
  }
  WalkResult uses = region.getBody().walk([](Operation *op) {
    return isa<linalg::IndexOp, tensor::ExtractOp>(op) ? WalkResult::interrupt()
                                                       : WalkResult::advance();
  });
  if (uses.wasInterrupted()) {
    why = "it computes with indices";
    return failure();
  }
  auto model = RegionModel::build(region, why);
  if (failed(model))
    return failure();
  StripedRegion result;
  result.model = std::move(*model);
  result.plan = &plan;
  if (failed(result.choose(dim, why)) || failed(result.computeSteps(why)))
    return failure();
  return result;
}

RegionModel StripedRegion::stripe(int64_t rows) const {
  RegionModel part = model;
  part.rootSizes[cut] = rows;
  for (RegionModel::Dim &dim : part.dims) {
    if (!llvm::is_contained(dim.original, cut))
      continue;
    dim.size = 1;
    for (unsigned original : dim.original)
      dim.size *= part.rootSizes[original];
  }
  return part;
}

StripedRegion::Span StripedRegion::span(unsigned number, int64_t begin,
                                        int64_t end) const {
  ArrayAttr layouts = RegionOp(model.region).getLayoutsAttr();
  std::optional<Span> all;
  for (const RegionAccess &access : model.accesses) {
    if (access.operand != number)
      continue;
    auto layout = dyn_cast<LayoutAttr>(layouts[number]);
    if (!layout) // A constant, which every stripe reads whole.
      return {0, cast<PackAttr>(layouts[number]).getNumElements()};
    LinearForm form = model.windowAddress(access.index, layout);
    int64_t last = form.constant;
    for (auto [d, coeff] : llvm::enumerate(form.coeffs))
      last += coeff * ((d == cut ? end : model.rootSizes[d]) - 1);
    int64_t first = form.constant + form.coeffs[cut] * begin;
    all = all ? Span{std::min(all->begin, first), std::max(all->end, last + 1)}
              : Span{first, last + 1};
  }
  return all.value_or(Span());
}

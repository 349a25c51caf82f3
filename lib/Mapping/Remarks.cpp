//===- Remarks.cpp - What was chosen for a region, and what not -----------===//

#include "aicc/Mapping/Remarks.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Support/DebugStringHelper.h"

using namespace mlir;
using namespace aicc;

static void addCost(remark::detail::InFlightRemark &told, CostAttr cost) {
  told << remark::metric("Cycles", cost.getCycles())
       << remark::metric("Picojoules", cost.getPicojoules());
}

void aicc::remarkChoice(RegionOp region, llvm::StringRef category) {
  auto options = remark::RemarkOpts::name("Mapping").category(category);
  auto placement = region->getAttrOfType<StringAttr>(placementAttrName);
  CostAttr cost = region.getCostAttr();
  if (!region.getMappingAttr() || !cost) {
    remark::failed(region.getLoc(), options) << remark::reason(
        "{0}", placement ? placement.getValue() : "not mapped");
    return;
  }
  {
    auto chosen = remark::passed(region.getLoc(), options);
    if (!chosen)
      return;
    chosen << remark::metric("Mapping", debugString(region.getMappingAttr()));
    if (StripesAttr stripes = region.getStripesAttr())
      chosen << remark::metric("Turns", stripes.numStripes())
             << remark::metric("Group", stripes.getGroup());
    if (placement)
      chosen << remark::metric("Placement", placement.str());
    addCost(chosen, cost);
  }
  auto others = region->getAttrOfType<ArrayAttr>(alternativesAttrName);
  for (Attribute entry : others ? others.getValue() : ArrayRef<Attribute>()) {
    auto other = dyn_cast<DictionaryAttr>(entry);
    auto otherCost = other ? other.getAs<CostAttr>("cost") : CostAttr();
    auto why = other ? other.getAs<StringAttr>("why") : StringAttr();
    if (!otherCost || !why)
      continue;
    auto missed = remark::missed(region.getLoc(), options);
    missed << remark::metric("Mapping", debugString(other.get("mapping")));
    addCost(missed, otherCost);
    missed << remark::reason("{0}", why.str());
  }
}

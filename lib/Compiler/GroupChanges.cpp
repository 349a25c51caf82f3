//===- GroupChanges.cpp - What the whole model changed, by group ----------===//

#include "lib/Compiler/GroupChanges.h"

#include "lib/Compiler/Manifest.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Support/DebugStringHelper.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace aicc;

std::vector<GroupChoice> aicc::choicesOf(ModuleOp module) {
  std::vector<GroupChoice> choices;
  module.walk([&](RegionOp region) {
    choices.push_back({region.getMappingAttr(), region.getStripesAttr(),
                       region.getCostAttr()});
  });
  return choices;
}

/// "the choice for latency alone, in 4 turns; a budget asks for another"
static std::string describe(const GroupChoice &plain, RegionOp region,
                            Objective asked, llvm::StringRef reason) {
  std::string why = "the choice for " + objectiveName(asked).str() + " alone";
  if (plain.stripes != region.getStripesAttr())
    why += plain.stripes
               ? ", in " + std::to_string(plain.stripes.numStripes()) + " turns"
               : ", not in turns";
  return why + "; " + reason.str();
}

static void addAlternative(RegionOp region, const GroupChoice &plain,
                           llvm::StringRef why) {
  Builder builder(region.getContext());
  SmallVector<Attribute> all;
  if (auto known = region->getAttrOfType<ArrayAttr>(alternativesAttrName))
    llvm::append_range(all, known);
  all.insert(all.begin(),
             builder.getDictionaryAttr(
                 {builder.getNamedAttr("cost", plain.cost),
                  builder.getNamedAttr("mapping", plain.mapping),
                  builder.getNamedAttr("why", builder.getStringAttr(why))}));
  region->setAttr(alternativesAttrName, builder.getArrayAttr(all));
}

static void tell(RegionOp region, const GroupChoice &plain,
                 llvm::StringRef why) {
  auto told = remark::analysis(
      region.getLoc(), remark::RemarkOpts::name("Budget").category("budgets"));
  if (!told)
    return;
  told << remark::metric("Mapping", debugString(region.getMappingAttr()))
       << remark::metric("Plain", debugString(plain.mapping))
       << remark::metric("PlainCycles", plain.cost.getCycles())
       << remark::metric("PlainPicojoules", plain.cost.getPicojoules())
       << remark::reason("{0}", why);
}

void aicc::noteChanges(ModuleOp module, llvm::ArrayRef<GroupChoice> plain,
                       Objective asked, llvm::StringRef reason) {
  const auto *next = plain.begin();
  module.walk([&](RegionOp region) {
    // Groups are formed before they are mapped: always the same ones.
    if (next == plain.end())
      return;
    const GroupChoice &was = *next++;
    bool isSame = was.mapping == region.getMappingAttr() &&
                  was.stripes == region.getStripesAttr();
    if (isSame || !was.mapping || !was.cost || !region.getMappingAttr())
      return;
    std::string why = describe(was, region, asked, reason);
    tell(region, was, why);
    addAlternative(region, was, why);
  });
}

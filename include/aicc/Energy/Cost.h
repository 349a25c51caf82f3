//===- Cost.h - What a mapping costs ----------------------------*- C++ -*-===//

#ifndef AICC_ENERGY_COST_H
#define AICC_ENERGY_COST_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace aicc {

/// What a CostItem counts.
enum class CountUnit : uint8_t { Operations, Bytes, Conversions, Nanoseconds };

/// "operations", "bytes", "conversions", "nanoseconds".
llvm::StringRef countUnitName(CountUnit unit);
std::optional<CountUnit> parseCountUnit(llvm::StringRef name);

/// One line of a cost: how often a component acts, and what an action takes.
struct CostItem {
  /// A key of the published count schema (docs/counts.md): "mac.i8",
  /// "scratchpad.read", "dram.write", "adc.convert", "leakage".
  std::string component;
  CountUnit unit = CountUnit::Operations;
  double count = 0;
  double pjEach = 0; ///< Of an operation, byte, conversion or nanosecond.

  double energyPj() const { return count * pjEach; }
};

/// Itemised cost of one run of a group. All counts are exact for the mapping.
struct Cost {
  double cycles = 0; ///< On the machine's clock, one worker, stalls included.
  /// Of these, what the arithmetic alone takes (no memory, no fill or drain).
  double computeCycles = 0;
  double macs = 0;
  llvm::SmallVector<CostItem, 12> items;

  double energyPj() const {
    double sum = 0;
    for (const CostItem &item : items)
      sum += item.energyPj();
    return sum;
  }
  /// Adds to the item of that name, or makes one; nothing of a count of 0.
  void add(llvm::StringRef component, CountUnit unit, double count,
           double pjEach) {
    if (count <= 0)
      return;
    for (CostItem &item : items)
      if (item.component == component) {
        item.count += count;
        return;
      }
    items.push_back({component.str(), unit, count, pjEach});
  }
  /// Null if nothing of that name acts.
  const CostItem *find(llvm::StringRef component) const {
    for (const CostItem &item : items)
      if (item.component == component)
        return &item;
    return nullptr;
  }
};

} // namespace aicc

#endif // AICC_ENERGY_COST_H

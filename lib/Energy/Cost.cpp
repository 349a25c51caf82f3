//===- Cost.cpp - What a mapping costs ------------------------------------===//

#include "aicc/Energy/Cost.h"

using namespace aicc;

llvm::StringRef aicc::countUnitName(CountUnit unit) {
  switch (unit) {
  case CountUnit::Operations:
    return "operations";
  case CountUnit::Bytes:
    return "bytes";
  case CountUnit::Conversions:
    return "conversions";
  case CountUnit::Nanoseconds:
    break;
  }
  return "nanoseconds";
}

std::optional<CountUnit> aicc::parseCountUnit(llvm::StringRef name) {
  for (CountUnit unit : {CountUnit::Operations, CountUnit::Bytes,
                         CountUnit::Conversions, CountUnit::Nanoseconds})
    if (countUnitName(unit) == name)
      return unit;
  return std::nullopt;
}

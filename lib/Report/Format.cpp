//===- Format.cpp - Numbers and names for people --------------------------===//

#include "Format.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace aicc;

template <typename... Args>
static std::string formatted(const char *form, Args... args) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(form, args...);
  return text;
}

static std::string threeDigits(double value) {
  double size = std::abs(value);
  return formatted(size < 9.995   ? "%.2f"
                   : size < 99.95 ? "%.1f"
                                  : "%.0f",
                   value);
}

static std::string scaled(double value, llvm::StringRef unit, double base,
                          llvm::ArrayRef<const char *> prefixes) {
  size_t step = 0;
  // 999.5 would print as "1000".
  while (std::abs(value) >= base * 0.9995 && step + 1 < prefixes.size()) {
    value /= base;
    ++step;
  }
  return threeDigits(value) + " " + prefixes[step] + unit.str();
}

std::string aicc::siQuantity(double value, llvm::StringRef unit) {
  if (value == 0)
    return ("0 " + unit).str();
  static const char *const prefixes[] = {"p", "n", "u", "m", "", "k",
                                         "M", "G", "T", "P", "E"};
  return scaled(value * 1e12, unit, 1000, prefixes);
}

std::string aicc::byteQuantity(double bytes) {
  static const char *const prefixes[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
  if (std::abs(bytes) < 1024)
    return formatted("%.0f B", bytes);
  return scaled(bytes, "B", 1024, prefixes);
}

std::string aicc::relativeChange(double before, double after) {
  if (before == after)
    return "=";
  if (before == 0)
    return "new";
  return formatted("%+.1f %%", 100 * (after - before) / before);
}

std::string aicc::percentage(double part, double whole) {
  return formatted("%.1f %%", whole == 0 ? 0 : 100 * part / whole);
}

std::string aicc::printableName(llvm::StringRef name) {
  std::string text;
  for (unsigned char c : name) {
    if (c >= 0x20 && c != 0x7f)
      text += char(c);
    else
      text += "\\x" + llvm::utohexstr(c, /*LowerCase=*/true, /*Width=*/2);
  }
  return text;
}

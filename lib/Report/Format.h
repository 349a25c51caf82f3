//===- Format.h - Numbers and names for people ------------------*- C++ -*-===//

#ifndef AICC_LIB_REPORT_FORMAT_H
#define AICC_LIB_REPORT_FORMAT_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace aicc {

/// Three digits and an SI prefix from pico to exa: "1.23 mJ", "12.3 us". The
/// micro sign is a u: terminals differ.
std::string siQuantity(double value, llvm::StringRef unit);
/// "1.23 MiB".
std::string byteQuantity(double bytes);
/// "+12.3 %", of `before`; "new" where that is 0.
std::string relativeChange(double before, double after);
/// "12.3 %".
std::string percentage(double part, double whole);
/// A name of a model on one line of a terminal: control characters escaped.
std::string printableName(llvm::StringRef name);

} // namespace aicc

#endif // AICC_LIB_REPORT_FORMAT_H

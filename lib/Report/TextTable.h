//===- TextTable.h - Columns on a terminal ----------------------*- C++ -*-===//

#ifndef AICC_LIB_REPORT_TEXTTABLE_H
#define AICC_LIB_REPORT_TEXTTABLE_H

#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace aicc {

/// Rows of cells; the first `leftColumns` are aligned left, the others right.
class TextTable {
public:
  explicit TextTable(size_t leftColumns) : leftColumns(leftColumns) {}

  void row(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }
  void print(llvm::raw_ostream &os) const;

private:
  size_t leftColumns;
  std::vector<std::vector<std::string>> rows;
};

} // namespace aicc

#endif // AICC_LIB_REPORT_TEXTTABLE_H

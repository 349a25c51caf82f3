//===- MachineNodes.h - Typed values of a machine file ----------*- C++ -*-===//

#ifndef LIB_ENERGY_MACHINENODES_H
#define LIB_ENERGY_MACHINENODES_H

#include "aicc/Energy/Machine.h"
#include "aicc/Energy/ProcessScaling.h"
#include "lib/Energy/YamlTree.h"

#include "llvm/ADT/SmallVector.h"

namespace aicc {

/// Reads typed values from the tree. Each error says where, what was expected
/// and what was found; reading goes on after it.
class NodeReader {
public:
  NodeReader(llvm::StringRef path, DiagnosticSink &sink)
      : path(path), sink(sink) {}

  bool hasFailed() const { return failed; }
  void error(unsigned line, unsigned column, const std::string &message) {
    failed = true;
    report(Severity::Error, line, column, message);
  }
  void error(const YamlNode &at, const std::string &message) {
    error(at.line, at.column, message);
  }
  void warn(const YamlNode &at, const std::string &message) {
    report(Severity::Warning, at.line, at.column, message);
  }

  bool expectMapping(const YamlNode &node, llvm::StringRef what);
  bool expectList(const YamlNode &node, llvm::StringRef what);
  /// Every key of `node` is one of `names`.
  void checkKeys(const YamlNode &node, llvm::ArrayRef<llvm::StringRef> names);
  /// The value of a key that must be there.
  const YamlNode *require(const YamlNode &node, llvm::StringRef key);

  void readText(const YamlNode &node, llvm::StringRef key, std::string &result);
  /// A name that may stand in keys of counts and in file names.
  void readName(const YamlNode &node, llvm::StringRef key, std::string &result);
  void readInteger(const YamlNode &node, llvm::StringRef key, int64_t least,
                   int64_t most, int64_t &result);
  /// As `readInteger`; does nothing where the key is not there.
  void readOptionalInteger(const YamlNode &node, llvm::StringRef key,
                           int64_t least, int64_t most, int64_t &result) {
    if (node.find(key))
      readInteger(node, key, least, most, result);
  }
  /// true or false; does nothing where the key is not there.
  void readFlag(const YamlNode &node, llvm::StringRef key, bool &result);
  /// A plain number of a closed range; does nothing where the key is not there.
  void readOptionalNumber(const YamlNode &node, llvm::StringRef key,
                          double least, double most,
                          std::optional<double> &result);
  /// The items of a list, each one of `names` and none twice, as positions in
  /// `names`; does nothing where the key is not there.
  void readChoices(const YamlNode &node, llvm::StringRef key,
                   llvm::ArrayRef<llvm::StringRef> names,
                   llvm::SmallVectorImpl<unsigned> &result);

  enum class Range { Positive, NotNegative };
  /// {value, source}
  void readSourced(const YamlNode &node, llvm::StringRef key, Range range,
                   SourcedValue &result);
  void readOptionalSourced(const YamlNode &node, llvm::StringRef key,
                           Range range, SourcedValue &result) {
    if (node.find(key))
      readSourced(node, key, range, result);
  }
  /// {value, source[, process_nm[, supply_v]]}, scaled to `machinePoint`.
  void readEnergy(const YamlNode &node, llvm::StringRef key,
                  SourcedValue &result);
  void readOptionalEnergy(const YamlNode &node, llvm::StringRef key,
                          SourcedValue &result) {
    if (node.find(key))
      readEnergy(node, key, result);
  }

  /// What energies are scaled to; none: they stay as they are.
  std::optional<OperatingPoint> machinePoint;

private:
  void report(Severity severity, unsigned line, unsigned column,
              const std::string &message);
  void readSourcedNode(const YamlNode &entry, llvm::StringRef key, Range range,
                       bool scalable, SourcedValue &result);

  llvm::StringRef path;
  DiagnosticSink &sink;
  bool failed = false;
  unsigned numReports = 0;
};

} // namespace aicc

#endif // LIB_ENERGY_MACHINENODES_H

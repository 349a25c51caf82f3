//===- MachineNodes.cpp - Typed values of a machine file ------------------===//

#include "lib/Energy/MachineNodes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace aicc;

/// Larger numbers are typing errors, and their products would overflow.
static constexpr double maxValue = 1e12;
/// A file with more errors is no machine file.
static constexpr unsigned maxReports = 100;
/// Supplies that some CMOS circuit runs at.
static constexpr double minSupplyV = 0.2, maxSupplyV = 3;

/// What stands at `node`, for "found ...".
static std::string describe(const YamlNode &node) {
  constexpr size_t maxShown = 40;
  switch (node.kind) {
  case YamlNode::Kind::Null:
    return "nothing";
  case YamlNode::Kind::Sequence:
    return "a list";
  case YamlNode::Kind::Mapping:
    return "keys with values";
  case YamlNode::Kind::Scalar:
    break;
  }
  if (node.scalar.empty())
    return "an empty text";
  llvm::StringRef text = node.scalar;
  if (text.size() <= maxShown)
    return ("'" + text + "'").str();
  return ("'" + text.take_front(maxShown) + "...'").str();
}

static std::string quoted(llvm::StringRef key) {
  return ("'" + key + "'").str();
}

/// Without trailing zeros: "0.2", "1e+12".
static std::string toText(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", number);
  return text;
}

static bool parseNumber(const YamlNode &node, double &result) {
  return node.kind == YamlNode::Kind::Scalar &&
         !llvm::StringRef(node.scalar).getAsDouble(result) &&
         std::isfinite(result);
}

void NodeReader::report(Severity severity, unsigned line, unsigned column,
                        const std::string &message) {
  if (++numReports > maxReports)
    return;
  Diagnostic d;
  d.severity = severity;
  d.code = ErrorCode::Parse;
  d.file =
      path.str() + ":" + std::to_string(line) + ":" + std::to_string(column);
  d.message = message;
  if (numReports == maxReports)
    d.notes.push_back("what else is wrong is not shown");
  sink.report(std::move(d));
}

bool NodeReader::expectMapping(const YamlNode &node, llvm::StringRef what) {
  if (node.kind == YamlNode::Kind::Mapping)
    return true;
  error(node,
        what.str() + ": expected keys with values, found " + describe(node));
  return false;
}

bool NodeReader::expectList(const YamlNode &node, llvm::StringRef what) {
  if (node.kind == YamlNode::Kind::Sequence && !node.items.empty())
    return true;
  error(node, what.str() + ": expected a list, found " +
                  (node.kind == YamlNode::Kind::Sequence ? "an empty one"
                                                         : describe(node)));
  return false;
}

void NodeReader::checkKeys(const YamlNode &node,
                           llvm::ArrayRef<llvm::StringRef> names) {
  for (const YamlNode &key : node.keys)
    if (!llvm::is_contained(names, key.scalar))
      error(key, "unknown key " + describe(key) +
                     "; known here: " + llvm::join(names, ", "));
}

const YamlNode *NodeReader::require(const YamlNode &node, llvm::StringRef key) {
  if (const YamlNode *value = node.find(key))
    return value;
  std::string found;
  for (const YamlNode &other : node.keys)
    found += (found.empty() ? "" : ", ") + describe(other);
  error(node, quoted(key) + " is missing; found " +
                  (found.empty() ? "no keys" : found));
  return nullptr;
}

void NodeReader::readText(const YamlNode &node, llvm::StringRef key,
                          std::string &result) {
  const YamlNode *value = require(node, key);
  if (!value)
    return;
  if (value->kind != YamlNode::Kind::Scalar ||
      llvm::StringRef(value->scalar).trim().empty())
    error(*value, quoted(key) + ": expected text, found " + describe(*value));
  else
    result = value->scalar;
}

void NodeReader::readName(const YamlNode &node, llvm::StringRef key,
                          std::string &result) {
  const YamlNode *value = require(node, key);
  if (!value)
    return;
  auto isNameChar = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  if (value->kind != YamlNode::Kind::Scalar || value->scalar.empty() ||
      !llvm::all_of(value->scalar, isNameChar))
    error(*value, quoted(key) +
                      ": expected a name of letters, digits and '_', found " +
                      describe(*value));
  else
    result = value->scalar;
}

void NodeReader::readInteger(const YamlNode &node, llvm::StringRef key,
                             int64_t least, int64_t most, int64_t &result) {
  const YamlNode *value = require(node, key);
  if (!value)
    return;
  int64_t number = 0;
  if (value->kind != YamlNode::Kind::Scalar ||
      llvm::StringRef(value->scalar).getAsInteger(10, number) ||
      number < least || number > most)
    error(*value, quoted(key) + ": expected an integer from " +
                      std::to_string(least) + " to " + std::to_string(most) +
                      ", found " + describe(*value));
  else
    result = number;
}

void NodeReader::readFlag(const YamlNode &node, llvm::StringRef key,
                          bool &result) {
  const YamlNode *value = node.find(key);
  if (!value)
    return;
  if (value->kind != YamlNode::Kind::Scalar ||
      (value->scalar != "true" && value->scalar != "false"))
    error(*value,
          quoted(key) + ": expected true or false, found " + describe(*value));
  else
    result = value->scalar == "true";
}

void NodeReader::readOptionalNumber(const YamlNode &node, llvm::StringRef key,
                                    double least, double most,
                                    std::optional<double> &result) {
  const YamlNode *value = node.find(key);
  if (!value)
    return;
  double number = 0;
  if (!parseNumber(*value, number) || number < least || number > most)
    error(*value, quoted(key) + ": expected a number from " + toText(least) +
                      " to " + toText(most) + ", found " + describe(*value));
  else
    result = number;
}

void NodeReader::readChoices(const YamlNode &node, llvm::StringRef key,
                             llvm::ArrayRef<llvm::StringRef> names,
                             llvm::SmallVectorImpl<unsigned> &result) {
  const YamlNode *list = node.find(key);
  if (!list || !expectList(*list, quoted(key)))
    return;
  for (const YamlNode &item : list->items) {
    auto *it = llvm::find(names, llvm::StringRef(item.scalar));
    unsigned position = it - names.begin();
    if (item.kind != YamlNode::Kind::Scalar || it == names.end())
      error(item, quoted(key) + ": expected " +
                      (names.empty() ? "nothing, as the machine has none"
                                     : llvm::join(names, ", ")) +
                      ", found " + describe(item));
    else if (llvm::is_contained(result, position))
      error(item, quoted(key) + ": " + describe(item) + " is given twice");
    else
      result.push_back(position);
  }
}

void NodeReader::readSourcedNode(const YamlNode &entry, llvm::StringRef key,
                                 Range range, bool scalable,
                                 SourcedValue &result) {
  if (entry.kind != YamlNode::Kind::Mapping) {
    error(entry, quoted(key) +
                     ": expected {value: NUMBER, source: \"...\"}, found " +
                     describe(entry) + "; no number without a source");
    return;
  }
  if (scalable)
    checkKeys(entry, {"value", "source", "process_nm", "supply_v"});
  else
    checkKeys(entry, {"value", "source"});
  readText(entry, "source", result.source);
  const YamlNode *value = require(entry, "value");
  double number = 0;
  if (!value)
    return;
  bool isPositive = range == Range::Positive;
  if (!parseNumber(*value, number) || number > maxValue || number < 0 ||
      (isPositive && number == 0))
    error(*value, quoted(key) + ": expected a number " +
                      (isPositive ? "above 0" : "of at least 0") +
                      " and at most " + toText(maxValue) + ", found " +
                      describe(*value));
  else
    result.value = number;
}

void NodeReader::readSourced(const YamlNode &node, llvm::StringRef key,
                             Range range, SourcedValue &result) {
  if (const YamlNode *entry = require(node, key))
    readSourcedNode(*entry, key, range, /*scalable=*/false, result);
}

void NodeReader::readEnergy(const YamlNode &node, llvm::StringRef key,
                            SourcedValue &result) {
  const YamlNode *entry = require(node, key);
  if (!entry)
    return;
  readSourcedNode(*entry, key, Range::NotNegative, /*scalable=*/true, result);
  readOptionalNumber(*entry, "process_nm", minProcessNm, maxProcessNm,
                     result.processNm);
  readOptionalNumber(*entry, "supply_v", minSupplyV, maxSupplyV,
                     result.supplyV);
  if (const YamlNode *supply = entry->find("supply_v");
      supply && !entry->find("process_nm"))
    error(*supply, "'supply_v': expected 'process_nm' beside it, found none");
  if (!result.processNm || !machinePoint)
    return;
  OperatingPoint from{*result.processNm, result.supplyV};
  double scaled = scaleEnergy(result.value, from, *machinePoint);
  if (scaled == result.value)
    return;
  result.unscaled = result.value;
  result.value = scaled;
}

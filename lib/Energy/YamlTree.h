//===- YamlTree.h - A small YAML document with positions --------*- C++ -*-===//

#ifndef LIB_ENERGY_YAMLTREE_H
#define LIB_ENERGY_YAMLTREE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <memory>
#include <string>
#include <vector>

namespace aicc {

/// A YAML node that remembers where it stands. Scalars are text: what they
/// mean depends on who asks.
struct YamlNode {
  enum class Kind { Null, Scalar, Sequence, Mapping };
  Kind kind = Kind::Null;
  unsigned line = 1;
  unsigned column = 1;
  std::string scalar;
  std::vector<YamlNode> keys;  ///< Of a mapping, one for each item.
  std::vector<YamlNode> items; ///< Of a sequence; the values of a mapping.

  /// The value of `key`, or null.
  const YamlNode *find(llvm::StringRef key) const;
};

/// Receives a position (1-based) and a message.
using YamlErrorFn = llvm::function_ref<void(unsigned line, unsigned column,
                                            const std::string &message)>;

/// Longer texts are refused.
inline constexpr size_t maxYamlBytes = 256 << 10;

/// The tree of one document. Null, after an error, if there is none to read.
/// What is YAML but not taken here is an error. Repeated keys, anchors and tags
/// are left out of the tree, so that the rest can be checked.
/// Refuses, before parsing, text that could nest deeply: YAML parsers recurse.
std::unique_ptr<YamlNode> parseYaml(llvm::StringRef text, YamlErrorFn error);

} // namespace aicc

#endif // LIB_ENERGY_YAMLTREE_H

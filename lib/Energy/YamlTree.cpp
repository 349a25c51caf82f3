//===- YamlTree.cpp - A small YAML document with positions ----------------===//

#include "lib/Energy/YamlTree.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

#include <algorithm>
#include <functional>
#include <iterator>

using namespace aicc;
namespace yaml = llvm::yaml;

/// A machine file has a few kilobytes, five levels and some hundred keys.
static constexpr size_t maxIndicators = 4096;
static constexpr unsigned maxDepth = 16;

const YamlNode *YamlNode::find(llvm::StringRef key) const {
  for (auto [name, value] : llvm::zip(keys, items))
    if (name.scalar == key)
      return &value;
  return nullptr;
}

/// Can `text[at]` begin a collection? Generous: a colon or bracket within a
/// string counts too.
static bool isIndicator(llvm::StringRef text, size_t at) {
  switch (text[at]) {
  case '[':
  case '{':
  case ':':
  case '?':
    return true;
  case '-':
    return at + 1 == text.size() || llvm::isSpace(text[at + 1]);
  default:
    return false;
  }
}

/// llvm::yaml recurses without a limit of its own. A collection inside another
/// one needs an indicator, so that their number bounds the depth.
static bool isHarmless(llvm::StringRef text, YamlErrorFn error) {
  if (text.size() > maxYamlBytes) {
    error(1, 1,
          "expected at most 256 KiB, found " + std::to_string(text.size()) +
              " bytes");
    return false;
  }
  size_t indicators = 0;
  unsigned line = 1, column = 1;
  for (size_t i = 0; i < text.size(); ++i, ++column) {
    unsigned char c = text[i];
    if (c == '\n') {
      ++line;
      column = 0;
    } else if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f) {
      error(line, column, "expected text, found a control character");
      return false;
    } else if (isIndicator(text, i) && ++indicators > maxIndicators) {
      error(line, column,
            "expected a machine, found more than " +
                std::to_string(maxIndicators) + " keys and list items");
      return false;
    }
  }
  const auto *bytes = reinterpret_cast<const llvm::UTF8 *>(text.begin());
  if (!llvm::isLegalUTF8String(
          &bytes, reinterpret_cast<const llvm::UTF8 *>(text.end()))) {
    error(1, 1, "expected text in UTF-8");
    return false;
  }
  return true;
}

namespace {
class TreeBuilder {
public:
  TreeBuilder(llvm::StringRef text, YamlErrorFn error);

  /// Fails where the parser has nothing more to give.
  bool build(yaml::Node *node, YamlNode &result, unsigned depth = 0);

private:
  bool buildMapping(yaml::MappingNode *mapping, YamlNode &result,
                    unsigned depth);
  void report(const YamlNode &at, const std::string &message) {
    error(at.line, at.column, message);
  }

  void setPosition(YamlNode &result, const char *where) const;

  llvm::StringRef text;
  YamlErrorFn error;
  std::vector<const char *> lineStarts;
};
} // namespace

TreeBuilder::TreeBuilder(llvm::StringRef text, YamlErrorFn error)
    : text(text), error(error), lineStarts({text.begin()}) {
  for (const char &c : text)
    if (c == '\n')
      lineStarts.push_back(&c + 1);
}

/// After a syntax error, nodes may have no position, or none in the text.
void TreeBuilder::setPosition(YamlNode &result, const char *where) const {
  std::less<const char *> isBefore;
  if (isBefore(where, text.begin()) || isBefore(text.end(), where))
    return;
  auto next = llvm::upper_bound(lineStarts, where, isBefore);
  result.line = unsigned(next - lineStarts.begin());
  result.column = unsigned(where - *std::prev(next)) + 1;
}

bool TreeBuilder::build(yaml::Node *node, YamlNode &result, unsigned depth) {
  if (!node) // The parser has reported it.
    return false;
  setPosition(result, node->getSourceRange().Start.getPointer());
  if (depth > maxDepth) {
    report(result, "expected at most " + std::to_string(maxDepth) +
                       " levels, found more");
    return false;
  }
  if (!node->getAnchor().empty() || !node->getRawTag().empty())
    report(result, "expected a plain value, found an anchor or a tag");
  if (auto *scalar = llvm::dyn_cast<yaml::ScalarNode>(node)) {
    llvm::SmallString<64> storage;
    result.kind = YamlNode::Kind::Scalar;
    result.scalar = scalar->getValue(storage).str();
    return true;
  }
  if (auto *block = llvm::dyn_cast<yaml::BlockScalarNode>(node)) {
    result.kind = YamlNode::Kind::Scalar;
    result.scalar = block->getValue().str();
    return true;
  }
  if (auto *mapping = llvm::dyn_cast<yaml::MappingNode>(node))
    return buildMapping(mapping, result, depth);
  if (auto *sequence = llvm::dyn_cast<yaml::SequenceNode>(node)) {
    result.kind = YamlNode::Kind::Sequence;
    for (yaml::Node &item : *sequence)
      if (!build(&item, result.items.emplace_back(), depth + 1))
        return false;
    return true;
  }
  if (auto *alias = llvm::dyn_cast<yaml::AliasNode>(node)) {
    // The node's own range is that of what follows it.
    setPosition(result, alias->getName().begin());
    report(result, "expected a plain value, found an alias");
    return false;
  }
  return true;
}

bool TreeBuilder::buildMapping(yaml::MappingNode *mapping, YamlNode &result,
                               unsigned depth) {
  result.kind = YamlNode::Kind::Mapping;
  for (yaml::KeyValueNode &entry : *mapping) {
    YamlNode key, value;
    if (!build(entry.getKey(), key, depth + 1) ||
        !build(entry.getValue(), value, depth + 1))
      return false;
    if (key.kind != YamlNode::Kind::Scalar) {
      report(key, "expected a name as key");
      continue;
    }
    if (result.find(key.scalar)) {
      report(key, "'" + key.scalar + "' is given twice");
      continue;
    }
    // An empty value has no position of its own.
    if (value.kind == YamlNode::Kind::Null) {
      value.line = key.line;
      value.column = key.column;
    }
    result.keys.push_back(std::move(key));
    result.items.push_back(std::move(value));
  }
  return true;
}

std::unique_ptr<YamlNode> aicc::parseYaml(llvm::StringRef text,
                                          YamlErrorFn error) {
  if (!isHarmless(text, error))
    return nullptr;
  bool isBroken = false;
  auto onSyntaxError = [&](const llvm::SMDiagnostic &diagnostic) {
    // The parser goes on after an error; the first is the one that helps.
    if (!isBroken)
      error(std::max(diagnostic.getLineNo(), 1), diagnostic.getColumnNo() + 1,
            diagnostic.getMessage().str());
    isBroken = true;
  };
  llvm::SourceMgr sources;
  sources.setDiagHandler(
      [](const llvm::SMDiagnostic &diagnostic, void *context) {
        (*static_cast<decltype(onSyntaxError) *>(context))(diagnostic);
      },
      &onSyntaxError);
  yaml::Stream stream(text, sources, /*ShowColors=*/false);
  yaml::document_iterator document = stream.begin();
  auto root = std::make_unique<YamlNode>();
  bool hasOwnError = false;
  auto onOwnError = [&](unsigned line, unsigned column,
                        const std::string &message) {
    hasOwnError = true;
    error(line, column, message);
  };
  TreeBuilder builder(text, onOwnError);
  bool built =
      document != stream.end() && builder.build(document->getRoot(), *root);
  if (built && !isBroken && !stream.failed() && ++document != stream.end()) {
    error(root->line, root->column, "expected one document, found several");
    return nullptr;
  }
  if (isBroken || stream.failed() || !built) {
    if (!isBroken && !hasOwnError)
      error(1, 1, "expected a YAML document");
    return nullptr;
  }
  return root;
}

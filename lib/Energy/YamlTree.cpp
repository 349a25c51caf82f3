//===- YamlTree.cpp - A small YAML document with positions ----------------===//

#include "lib/Energy/YamlTree.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

using namespace aicc;
namespace yaml = llvm::yaml;

/// A machine file has a few kilobytes and four levels.
static constexpr size_t maxBytes = 256 << 10;
static constexpr size_t maxFlowBrackets = 4096;
static constexpr size_t maxBlockIndicators = 64;

const YamlNode *YamlNode::find(llvm::StringRef key) const {
  for (auto [name, value] : llvm::zip(keys, items))
    if (name.scalar == key)
      return &value;
  return nullptr;
}

/// llvm::yaml recurses without a limit of its own. Bounds the depth before it
/// sees the text: flow collections by their brackets, block collections by the
/// indicators and the indentation in front of a line's content.
static bool isShallow(llvm::StringRef text, YamlErrorFn error) {
  if (text.size() > maxBytes) {
    error(1, 1, "the file has more than 256 KiB");
    return false;
  }
  size_t brackets = 0;
  unsigned line = 1;
  for (llvm::StringRef rest = text; !rest.empty(); ++line) {
    auto [content, next] = rest.split('\n');
    rest = next;
    size_t start = content.find_first_not_of(" \t-?:");
    size_t indicators = std::min(start, content.size());
    brackets += content.count('[') + content.count('{');
    if (indicators > maxBlockIndicators || brackets > maxFlowBrackets) {
      error(line, 1, "nested too deeply");
      return false;
    }
  }
  return true;
}

namespace {
/// Builds the tree; stops at the first error.
class TreeBuilder {
public:
  TreeBuilder(const llvm::SourceMgr &sources, YamlErrorFn error)
      : sources(sources), error(error) {}

  bool build(yaml::Node *node, YamlNode &result);

private:
  bool buildMapping(yaml::MappingNode *mapping, YamlNode &result);
  bool fail(const YamlNode &at, const std::string &message) {
    error(at.line, at.column, message);
    return false;
  }

  const llvm::SourceMgr &sources;
  YamlErrorFn error;
};
} // namespace

bool TreeBuilder::build(yaml::Node *node, YamlNode &result) {
  if (!node) // The parser has reported it.
    return false;
  std::tie(result.line, result.column) =
      sources.getLineAndColumn(node->getSourceRange().Start);
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
    return buildMapping(mapping, result);
  if (auto *sequence = llvm::dyn_cast<yaml::SequenceNode>(node)) {
    result.kind = YamlNode::Kind::Sequence;
    for (yaml::Node &item : *sequence)
      if (!build(&item, result.items.emplace_back()))
        return false;
    return true;
  }
  if (llvm::isa<yaml::NullNode>(node))
    return true;
  return fail(result, "aliases are not taken in machine files");
}

bool TreeBuilder::buildMapping(yaml::MappingNode *mapping, YamlNode &result) {
  result.kind = YamlNode::Kind::Mapping;
  for (yaml::KeyValueNode &entry : *mapping) {
    YamlNode key, value;
    if (!build(entry.getKey(), key))
      return false;
    if (key.kind != YamlNode::Kind::Scalar)
      return fail(key, "expected a name as key");
    if (result.find(key.scalar))
      return fail(key, "'" + key.scalar + "' is given twice");
    if (!build(entry.getValue(), value))
      return false;
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
  if (!isShallow(text, error))
    return nullptr;
  bool hasError = false;
  auto report = [&](unsigned line, unsigned column,
                    const std::string &message) {
    // The parser goes on after an error; the first is the one that helps.
    if (!hasError)
      error(line, column, message);
    hasError = true;
  };
  llvm::SourceMgr sources;
  auto onDiagnostic = [](const llvm::SMDiagnostic &diagnostic, void *context) {
    (*static_cast<decltype(report) *>(context))(
        std::max(diagnostic.getLineNo(), 1), diagnostic.getColumnNo() + 1,
        diagnostic.getMessage().str());
  };
  sources.setDiagHandler(onDiagnostic, &report);
  yaml::Stream stream(text, sources, /*ShowColors=*/false);
  yaml::document_iterator document = stream.begin();
  auto root = std::make_unique<YamlNode>();
  TreeBuilder builder(sources, report);
  bool built =
      document != stream.end() && builder.build(document->getRoot(), *root);
  if (!hasError && built && ++document != stream.end())
    report(root->line, root->column, "expected one document");
  if (!hasError && (stream.failed() || !built))
    report(1, 1, "not a YAML document");
  return hasError ? nullptr : std::move(root);
}

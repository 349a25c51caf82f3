//===- Einsum.cpp - Einsum ------------------------------------------------===//
//
// Operands are contracted one after the other; each step sums what neither a
// later operand nor the result mentions.
//
//===----------------------------------------------------------------------===//

#include "dialects/onnx/Lowering/NodeContext.h"

#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mlir;

namespace aicc::onnx {

namespace {

/// A value and the letter of each dimension; dimensions of an ellipsis have
/// letters below 'A', counted from the right.
struct Term {
  Value value;
  SmallVector<char> letters;
};

} // namespace

static constexpr char firstEllipsis = 1;

/// Reads one operand's subscripts; an ellipsis stands for what is left.
static LogicalResult readSubscripts(NodeContext &c, StringRef text,
                                    std::optional<int64_t> rank,
                                    int64_t ellipsisRank,
                                    SmallVector<char> &letters) {
  text = text.trim();
  size_t dots = text.find("...");
  int64_t named = 0;
  for (char letter : text)
    named += llvm::isAlpha(letter);
  int64_t hidden = rank ? *rank - named : ellipsisRank;
  if (dots == StringRef::npos)
    hidden = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == dots) {
      for (int64_t k = hidden; k-- > 0;)
        letters.push_back(char(firstEllipsis + k));
      i += 2;
    } else if (llvm::isAlpha(text[i])) {
      letters.push_back(text[i]);
    } else if (text[i] != ' ') {
      return c.unsupported("the equation has an unknown character");
    }
  }
  if (hidden < 0 || hidden > 32 || (rank && int64_t(letters.size()) != *rank))
    return c.unsupported("the equation does not fit the ranks");
  return success();
}

/// The letters of the result where the equation has no arrow: an ellipsis, then
/// the letters that occur once, in alphabetical order.
static SmallVector<char> implicitResult(ArrayRef<Term> terms,
                                        int64_t ellipsisRank) {
  SmallVector<char> result;
  for (int64_t k = ellipsisRank; k-- > 0;)
    result.push_back(char(firstEllipsis + k));
  for (int letter = 'A'; letter <= 'z'; ++letter) {
    unsigned count = 0;
    for (const Term &term : terms)
      count += llvm::count(term.letters, char(letter));
    if (count == 1)
      result.push_back(char(letter));
  }
  return result;
}

/// Sums x (times y) over the letters that are not in `kept`.
static Term contractTerms(NodeContext &c, const Term &x, const Term *y,
                          ArrayRef<char> kept,
                          const std::map<char, int64_t> &sizes) {
  SmallVector<char> order(kept);
  auto collect = [&](const Term &term) {
    for (char letter : term.letters)
      if (!llvm::is_contained(order, letter))
        order.push_back(letter);
  };
  collect(x);
  if (y)
    collect(*y);
  unsigned count = order.size();
  auto indexed = [&](const Term &term) {
    SmallVector<AffineExpr> exprs;
    for (auto [i, letter] : llvm::enumerate(term.letters))
      exprs.push_back(shapeOf(term.value)[i] == 1 && sizes.at(letter) != 1
                          ? c.cst(0)
                          : c.dim(llvm::find(order, letter) - order.begin()));
    return Indexed{term.value, c.map(count, exprs)};
  };
  Shape shape;
  for (char letter : kept)
    shape.push_back(sizes.at(letter));
  // Not getMajorSubMap, which has no map without results.
  AffineMap output =
      c.map(count, c.identity(count).getResults().take_front(kept.size()));
  Iterators iterators = loops(kept.size(), count - kept.size());
  Term result{{}, SmallVector<char>(kept)};
  if (y) {
    result.value =
        c.contract(indexed(x), indexed(*y), shape, output, iterators);
    return result;
  }
  Type element = elementOf(x.value), type = c.computeType(element);
  if (kept.size() == count) {
    result.value = c.gather(indexed(x), shape, element,
                            [](ScalarBuilder &, ValueRange v) { return v[0]; });
    return result;
  }
  Value sum = c.generic(indexed(x), c.filled(shape, type, 0.0), output,
                        iterators, [&](ScalarBuilder &s, ValueRange v) {
                          Value e = v[0];
                          if (isa<FloatType>(type))
                            e = s.cast(e, false, type, false);
                          return s.add(v[1], e);
                        });
  result.value = c.convert(sum, element);
  return result;
}

static LogicalResult lowerEinsum(EinsumOp op, NodeContext &c) {
  std::string text = op.getEquation().str();
  auto [left, right] = StringRef(text).split("->");
  bool hasArrow = StringRef(text).contains("->");
  SmallVector<StringRef> parts;
  left.split(parts, ',');
  if (parts.size() != op.getInputs().size())
    return c.unsupported("the equation does not fit the inputs");
  SmallVector<Term> terms;
  std::map<char, int64_t> sizes;
  int64_t ellipsisRank = 0;
  for (auto [part, input] : llvm::zip(parts, op.getInputs())) {
    Term term{c.get(input), {}};
    if (failed(readSubscripts(c, part, rankOf(term.value), 0, term.letters)))
      return failure();
    for (auto [i, letter] : llvm::enumerate(term.letters)) {
      int64_t size = shapeOf(term.value)[i];
      int64_t &known = sizes.try_emplace(letter, size).first->second;
      if (known != size && known != 1 && size != 1)
        return c.unsupported("the sizes of a subscript differ");
      known = std::max(known, size);
      if (letter < 'A')
        ellipsisRank =
            std::max<int64_t>(ellipsisRank, letter - firstEllipsis + 1);
    }
    terms.push_back(std::move(term));
  }
  SmallVector<char> result;
  if (!hasArrow)
    result = implicitResult(terms, ellipsisRank);
  else if (failed(readSubscripts(c, right, std::nullopt, ellipsisRank, result)))
    return failure();
  for (char letter : result)
    if (!sizes.count(letter) || llvm::count(result, letter) != 1)
      return c.unsupported("the equation's result has an unknown subscript");
  Term sum = terms.front();
  for (size_t i = 1; i < terms.size(); ++i) {
    // Kept: what the result or a later operand needs, in the result's order.
    SmallVector<char> kept;
    auto isMentioned = [&](char letter) {
      return llvm::is_contained(sum.letters, letter) ||
             llvm::is_contained(terms[i].letters, letter);
    };
    for (char letter : result)
      if (isMentioned(letter))
        kept.push_back(letter);
    for (size_t later = i + 1; later < terms.size(); ++later)
      for (char letter : terms[later].letters)
        if (isMentioned(letter) && !llvm::is_contained(kept, letter))
          kept.push_back(letter);
    sum = contractTerms(c, sum, &terms[i], kept, sizes);
  }
  if (terms.size() == 1)
    sum = contractTerms(c, sum, nullptr, result, sizes);
  c.set(op.getOutput(), sum.value);
  return success();
}

void populateEinsumLowering(LoweringTable &table) {
  table.add<EinsumOp>(lowerEinsum);
}

} // namespace aicc::onnx

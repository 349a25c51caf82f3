//===- DistinctCount.cpp - Distinct values of an index --------------------===//

#include "lib/Energy/DistinctCount.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/bit.h"

#include <cstdlib>
#include <numeric>

using namespace aicc;
using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::SmallVectorImpl;

namespace {

/// 0, step, ... (count - 1) step.
struct Progression {
  int64_t step = 1;
  int64_t count = 1;
  int64_t span() const { return step * (count - 1); }
};

/// A set of integers from 0 up.
class BitSet {
public:
  explicit BitSet(int64_t range) : words(range / 64 + 1, 0) {}
  void insertZero() { words[0] |= 1; }
  int64_t size() const {
    int64_t sum = 0;
    for (uint64_t word : words)
      sum += llvm::popcount(word);
    return sum;
  }
  /// Adds every value of `other` plus `offset`.
  void addShifted(const BitSet &other, int64_t offset);
  /// Adds every value plus each of `steps`.
  void spread(Progression steps);

private:
  SmallVector<uint64_t, 32> words;
};

} // namespace

void BitSet::addShifted(const BitSet &other, int64_t offset) {
  size_t whole = size_t(offset / 64);
  unsigned bits = unsigned(offset % 64);
  for (size_t i = words.size(); i-- > whole;) {
    uint64_t word = other.words[i - whole] << bits;
    if (bits && i > whole)
      word |= other.words[i - whole - 1] >> (64 - bits);
    words[i] |= word;
  }
}

void BitSet::spread(Progression steps) {
  // Doubling: a set that holds n shifts gives min(2 n, count) with one more.
  for (int64_t held = 1; held < steps.count;) {
    int64_t more = std::min(held, steps.count - held);
    BitSet copy = *this;
    addShifted(copy, more * steps.step);
    held += more;
  }
}

/// Distinct values of x + y. Equal values form chains (x + b, y - a); a chain
/// of n pairs has n - 1 links.
static int64_t distinctPairs(Progression x, Progression y) {
  int64_t gcd = std::gcd(x.step, y.step);
  int64_t a = x.step / gcd, b = y.step / gcd;
  return x.count * y.count -
         std::max<int64_t>(0, x.count - b) * std::max<int64_t>(0, y.count - a);
}

static int64_t gcdOfSteps(ArrayRef<Progression> terms) {
  int64_t gcd = 0;
  for (const Progression &term : terms)
    gcd = std::gcd(gcd, term.step);
  return gcd;
}

/// What `compute` answers to the question `key`, which a search asks again for
/// each tile of the dimensions that have no part in it. Remembered by thread.
static std::optional<int64_t>
remember(ArrayRef<int64_t> key,
         llvm::function_ref<std::optional<int64_t>()> compute) {
  constexpr unsigned mostRemembered = 1 << 14;
  thread_local llvm::StringMap<std::optional<int64_t>> known;
  llvm::StringRef bytes(reinterpret_cast<const char *>(key.data()),
                        key.size() * sizeof(int64_t));
  if (auto found = known.find(bytes); found != known.end())
    return found->second;
  if (known.size() >= mostRemembered)
    known.clear();
  return known[bytes] = compute();
}

/// More values than this are not enumerated (2 MiB of bits).
static constexpr int64_t mostValues = int64_t(1) << 24;

static std::optional<int64_t> enumerateSums(ArrayRef<Progression> terms) {
  int64_t gcd = gcdOfSteps(terms), range = 0;
  for (const Progression &term : terms)
    range += term.span() / gcd;
  if (range > mostValues)
    return std::nullopt;
  BitSet set(range);
  set.insertZero();
  for (const Progression &term : terms)
    set.spread({term.step / gcd, term.count});
  return set.size();
}

/// Distinct values of a sum of progressions, in ascending order of step.
static std::optional<int64_t> distinctOfSorted(ArrayRef<Progression> terms) {
  int64_t product = 1;
  while (!terms.empty()) {
    Progression block = terms.front();
    terms = terms.drop_front();
    // Terms that continue the progression without gaps.
    while (!terms.empty() && terms.front().step % block.step == 0 &&
           terms.front().step / block.step <= block.count) {
      block.count +=
          terms.front().step / block.step * (terms.front().count - 1);
      terms = terms.drop_front();
    }
    if (terms.empty() || block.span() < gcdOfSteps(terms)) {
      product *= block.count; // The rest never meets this block.
      continue;
    }
    if (terms.size() == 1)
      return product * distinctPairs(block, terms.front());
    SmallVector<Progression, 6> rest{block};
    rest.append(terms.begin(), terms.end());
    SmallVector<int64_t, 16> key;
    for (const Progression &term : rest)
      key.append({term.step, term.count});
    std::optional<int64_t> count =
        remember(key, [&] { return enumerateSums(rest); });
    if (!count)
      return std::nullopt;
    return product * *count;
  }
  return product;
}

/// The pattern of -x, from 0 up.
static Pattern reflected(const Pattern &pattern) {
  int64_t last = 0;
  auto lastOf = [](const Run &run) {
    return run.start + (run.count - 1) * run.stride + run.length - 1;
  };
  for (const Run &run : pattern.runs)
    last = std::max(last, lastOf(run));
  Pattern result = pattern;
  for (Run &run : result.runs)
    run.start = last - lastOf(run);
  return result;
}

/// Patterns of several runs: no closed form, all values one by one.
static std::optional<int64_t> enumerateSums(ArrayRef<PatternTerm> terms) {
  int64_t range = 0;
  for (const PatternTerm &term : terms) {
    int64_t last = 0;
    for (const Run &run : term.pattern->runs)
      last = std::max(last, run.start + (run.count - 1) * run.stride +
                                run.length - 1);
    range += std::abs(term.coefficient) * last;
  }
  if (range > mostValues)
    return std::nullopt;
  BitSet sums(range);
  sums.insertZero();
  for (const PatternTerm &term : terms) {
    int64_t step = std::abs(term.coefficient);
    Pattern pattern =
        term.coefficient < 0 ? reflected(*term.pattern) : *term.pattern;
    BitSet next(range);
    for (const Run &run : pattern.runs) {
      BitSet part = sums;
      part.spread({step, run.length});
      part.spread({step * run.stride, run.count});
      next.addShifted(part, step * run.start);
    }
    sums = next;
  }
  return sums.size();
}

/// Distinct values of a sum of progressions, in any order.
static std::optional<int64_t>
distinctOf(SmallVectorImpl<Progression> &progressions) {
  // Insertion: there are a handful at most.
  for (size_t i = 1; i < progressions.size(); ++i)
    for (size_t j = i; j > 0 && progressions[j].step < progressions[j - 1].step;
         --j)
      std::swap(progressions[j], progressions[j - 1]);
  return distinctOfSorted(progressions);
}

static SmallVector<int64_t, 32> keyOf(ArrayRef<PatternTerm> terms) {
  // Steps of progressions are positive: no list of them begins like this.
  SmallVector<int64_t, 32> key{-1};
  for (const PatternTerm &term : terms) {
    key.append({term.coefficient, int64_t(term.pattern->runs.size())});
    for (const Run &run : term.pattern->runs)
      key.append({run.start, run.count, run.stride, run.length});
  }
  return key;
}

std::optional<int64_t> aicc::distinctSums(ArrayRef<PatternTerm> terms) {
  SmallVector<Progression, 6> progressions;
  for (const PatternTerm &term : terms) {
    if (term.pattern->runs.size() != 1)
      return remember(keyOf(terms), [&] { return enumerateSums(terms); });
    const Run &run = term.pattern->runs.front();
    int64_t step = std::abs(term.coefficient);
    if (run.length > 1)
      progressions.push_back({step, run.length});
    if (run.count > 1)
      progressions.push_back({step * run.stride, run.count});
  }
  return distinctOf(progressions);
}

std::optional<int64_t> aicc::distinctSums(ArrayRef<IntervalTerm> terms) {
  SmallVector<Progression, 6> progressions;
  for (const IntervalTerm &term : terms)
    if (term.length > 1)
      progressions.push_back({std::abs(term.coefficient), term.length});
  return distinctOf(progressions);
}

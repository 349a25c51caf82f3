//===- VectorPair.cpp - Functions of two bytes ----------------------------===//
//
// Two operands of bytes have 65536 pairs of values. What a group's operations
// give for each is calculated when compiling, and compared with what the vector
// unit and the store unit give, by the arithmetic of the simulator. So it does
// not matter that a processor fuses a product and a sum
// (docs/design/0008-qnn.md) and the vector unit rounds twice: nearly always
// that changes no byte, and where it does, scales a few units in the last place
// away give the same bytes.
//
//===----------------------------------------------------------------------===//

#include "targets/systolic/Lowering/ScalarColumns.h"
#include "targets/systolic/Lowering/VectorGroup.h"
#include "targets/systolic/Simulator/Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <bit>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;

static constexpr size_t numBytes = 256;
using Bytes = std::array<uint8_t, numBytes>;
using Reals = std::array<float, numBytes>;

namespace {
/// A pair as the vector unit computes it.
struct Pair {
  VectorKind kind = VectorKind::Add;
  VectorInput inputs[2];
  Epilogue epilogue;
};

class PairMatcher {
public:
  PairMatcher(VectorGroup &group, std::string &why)
      : group(group), why(why),
        columns(group.model.region, numBytes * numBytes) {}

  bool run();

private:
  bool calculate();
  bool findTerms(Pair &pair);
  bool takeTerms(Pair &pair, const std::vector<float> &first,
                 const std::vector<float> &second);
  bool quantize(Pair &pair, bool isSigned) const;
  bool agrees(const Pair &pair) const;
  bool adjust(Pair &pair) const;
  bool adjustScales(Pair &pair) const;

  VectorGroup &group;
  std::string &why;
  ScalarColumns columns;
  /// What is rounded, by pair of bytes.
  math::RoundEvenOp rounding;
  const Column *rounded = nullptr;
  std::vector<uint8_t> wanted;
};
} // namespace

/// By pair: the first operand's byte is the outer one.
bool PairMatcher::calculate() {
  std::vector<int64_t> outer, inner;
  for (size_t i = 0; i < numBytes * numBytes; ++i) {
    outer.push_back(int8_t(uint8_t(i / numBytes)));
    inner.push_back(int8_t(uint8_t(i % numBytes)));
  }
  columns.setBytes(group.inputs[0].operand, std::move(outer));
  columns.setBytes(group.inputs[1].operand, std::move(inner));
  if (!columns.run(why))
    return false;
  RegionOp region = group.model.region;
  auto yield = cast<YieldOp>(region.getBody().front().getTerminator());
  for (int64_t value : columns.find(yield.getValues()[0])->integers)
    wanted.push_back(uint8_t(value));
  why = "this is no sum or product of two dequantised tensors, rounded once";
  unsigned count = 0;
  region.walk([&](math::RoundEvenOp op) {
    rounding = op;
    ++count;
  });
  if (count != 1)
    return false;
  rounded = columns.find(rounding.getOperand());
  return rounded && rounded->isReal;
}

static std::vector<float> realsOf(const Column &column) {
  if (column.isReal)
    return column.reals;
  return {column.integers.begin(), column.integers.end()};
}

/// `values` by the byte of one operand, if they do not depend on the other.
static std::optional<Reals> byOperand(const std::vector<float> &values,
                                      unsigned operand) {
  Reals result;
  for (size_t i = 0; i < numBytes; ++i)
    result[i] = values[operand == 0 ? i * numBytes : i];
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i] != result[operand == 0 ? i / numBytes : i % numBytes])
      return std::nullopt;
  return result;
}

static int32_t signedByte(size_t byte, bool isUnsigned) {
  return int8_t(uint8_t(byte ^ (isUnsigned ? 0x80 : 0)));
}

/// Finds the zero point and scale of which `values` are the products.
static bool fitLinear(const Reals &values, VectorInput &input) {
  for (bool isUnsigned : {false, true}) {
    const auto *zero = llvm::find(values, 0.0f);
    if (zero == values.end())
      return false;
    input.isUnsigned = isUnsigned;
    input.zero = signedByte(zero - values.begin(), isUnsigned);
    bool isFitting = true;
    for (size_t i = 0; i < numBytes; ++i)
      if (signedByte(i, isUnsigned) - input.zero == 1)
        input.scale = values[i];
      else if (signedByte(i, isUnsigned) - input.zero == -1)
        input.scale = -values[i];
    for (size_t i = 0; i < numBytes; ++i)
      isFitting &=
          float(signedByte(i, isUnsigned) - input.zero) * input.scale ==
          values[i];
    if (isFitting)
      return true;
  }
  return false;
}

/// One term of each operand.
bool PairMatcher::takeTerms(Pair &pair, const std::vector<float> &first,
                            const std::vector<float> &second) {
  for (unsigned operand : {0u, 1u}) {
    auto a = byOperand(first, operand), b = byOperand(second, 1 - operand);
    if (a && b)
      return fitLinear(*a, pair.inputs[operand]) &&
             fitLinear(*b, pair.inputs[1 - operand]);
  }
  return false;
}

/// The one value of a column.
static std::optional<float> singleValue(const Column *column) {
  if (!column || !column->isReal || !llvm::all_equal(column->reals))
    return std::nullopt;
  return column->reals.front();
}

bool PairMatcher::findTerms(Pair &pair) {
  Operation *op = columns.calculationOf(rounding.getOperand());
  auto reals = [&](Value value) -> std::vector<float> {
    const Column *column = columns.find(value);
    return column ? realsOf(*column) : std::vector<float>();
  };
  auto take = [&](Value first, Value second) {
    std::vector<float> a = reals(first), b = reals(second);
    return !a.empty() && !b.empty() && takeTerms(pair, a, b);
  };
  pair.kind = VectorKind::Add;
  pair.epilogue.scales = {1.0f};
  if (auto add = dyn_cast_or_null<arith::AddFOp>(op))
    return take(add.getLhs(), add.getRhs());
  if (auto fused = dyn_cast_or_null<math::FmaOp>(op)) {
    std::vector<float> a = reals(fused.getA()), b = reals(fused.getB());
    if (a.empty() || b.empty())
      return false;
    for (auto [product, factor] : llvm::zip(a, b))
      product *= factor;
    return takeTerms(pair, a, reals(fused.getC()));
  }
  // The products of two are scaled before they are rounded.
  pair.kind = VectorKind::Multiply;
  auto scaled = dyn_cast_or_null<arith::MulFOp>(op);
  if (!scaled)
    return false;
  for (unsigned i : {0u, 1u}) {
    auto scale = singleValue(columns.find(scaled->getOperand(i)));
    Operation *product = columns.calculationOf(scaled->getOperand(1 - i));
    if (isa_and_nonnull<arith::SIToFPOp>(product))
      product = columns.calculationOf(product->getOperand(0));
    if (!scale || !isa_and_nonnull<arith::MulIOp, arith::MulFOp>(product))
      continue;
    pair.epilogue.scales = {*scale};
    return take(product->getOperand(0), product->getOperand(1));
  }
  return take(scaled.getLhs(), scaled.getRhs());
}

/// The bounds and the zero point of the bytes, read as signed or not.
bool PairMatcher::quantize(Pair &pair, bool isSigned) const {
  auto read = [&](uint8_t byte) {
    return isSigned ? int32_t(int8_t(byte)) : int32_t(byte);
  };
  Epilogue &epilogue = pair.epilogue;
  epilogue.low = epilogue.high = read(wanted.front());
  for (uint8_t byte : wanted) {
    epilogue.low = std::min(epilogue.low, read(byte));
    epilogue.high = std::max(epilogue.high, read(byte));
  }
  epilogue.zero = 0;
  for (auto [byte, real] : llvm::zip(wanted, rounded->reals)) {
    if (read(byte) <= epilogue.low || read(byte) >= epilogue.high)
      continue;
    float zero = float(read(byte)) - std::nearbyint(real);
    if (!(std::abs(zero) <= float(std::numeric_limits<int16_t>::max())))
      return false;
    epilogue.zero = int32_t(zero);
    break;
  }
  return true;
}

/// Whether the vector unit gives the wanted byte for every pair.
bool PairMatcher::agrees(const Pair &pair) const {
  std::array<int32_t, numBytes> real[2];
  for (unsigned operand : {0u, 1u}) {
    const VectorInput &input = pair.inputs[operand];
    std::array<int8_t, numBytes> bytes;
    for (size_t i = 0; i < numBytes; ++i)
      bytes[i] = int8_t(signedByte(i, input.isUnsigned));
    bytesToReal(bytes.data(), input.zero, input.scale, real[operand].data(),
                numBytes);
  }
  std::array<int32_t, numBytes> words, scales;
  scales.fill(std::bit_cast<int32_t>(pair.epilogue.scales.front()));
  Quantization quantization;
  quantization.zero = float(pair.epilogue.zero);
  quantization.low = float(pair.epilogue.low);
  quantization.high = float(pair.epilogue.high);
  quantization.real = true;
  Bytes found;
  for (size_t i = 0; i < numBytes; ++i) {
    words.fill(real[0][i]);
    (pair.kind == VectorKind::Add ? addReal : multiplyReal)(
        real[1].data(), words.data(), numBytes);
    quantizeWords(words.data(), scales.data(), numBytes, quantization,
                  found.data());
    if (!std::equal(found.begin(), found.end(), &wanted[i * numBytes]))
      return false;
  }
  return true;
}

/// Tries the terms as they are. Sums may also be scaled as a whole, after they
/// are added, by one of the scales or by what leaves other digits.
bool PairMatcher::adjust(Pair &pair) const {
  if (adjustScales(pair))
    return true;
  if (pair.kind != VectorKind::Add)
    return false;
  for (float whole :
       {pair.inputs[0].scale, pair.inputs[1].scale, 3.0f, 5.0f, 7.0f}) {
    Pair scaled = pair;
    for (VectorInput &input : scaled.inputs)
      input.scale /= whole;
    scaled.epilogue.scales.front() *= whole;
    if (!adjustScales(scaled))
      continue;
    pair = scaled;
    return true;
  }
  return false;
}

/// Tries scales that are a few units in the last place away, the nearest first.
/// Leaves `pair` as it was if none agrees.
bool PairMatcher::adjustScales(Pair &pair) const {
  constexpr int32_t most = 8;
  const float given[] = {pair.inputs[0].scale, pair.inputs[1].scale};
  auto moved = [](float scale, int32_t steps) {
    return std::bit_cast<float>(std::bit_cast<uint32_t>(scale) +
                                uint32_t(steps));
  };
  for (int32_t distance = 0; distance <= 2 * most; ++distance)
    for (int32_t first = -most; first <= most; ++first)
      for (int32_t sign : {-1, 1}) {
        int32_t second = sign * (distance - std::abs(first));
        if (std::abs(first) > distance || std::abs(second) > most ||
            (second == 0 && sign > 0))
          continue;
        pair.inputs[0].scale = moved(given[0], first);
        pair.inputs[1].scale = moved(given[1], second);
        if (agrees(pair))
          return true;
      }
  for (unsigned operand : {0u, 1u})
    pair.inputs[operand].scale = given[operand];
  return false;
}

bool PairMatcher::run() {
  // Each operation has 65536 values.
  constexpr size_t mostOperations = 256;
  size_t count = 0;
  RegionOp(group.model.region).walk([&](Operation *) { ++count; });
  if (count > mostOperations) {
    why = "the group is longer than what is calculated for all pairs of bytes";
    return false;
  }
  Pair pair;
  if (!calculate() || !findTerms(pair))
    return false;
  for (bool isSigned : {true, false}) {
    if (!quantize(pair, isSigned))
      continue;
    Pair found = pair;
    if (!adjust(found))
      continue;
    group.kind = found.kind;
    group.epilogue = found.epilogue;
    for (auto [input, values] : llvm::zip(group.inputs, found.inputs)) {
      input.isUnsigned = values.isUnsigned;
      input.scale = values.scale;
      input.zero = values.zero;
    }
    return true;
  }
  why = "rounds some pairs of bytes otherwise";
  return false;
}

bool aicc::systolic::matchPair(VectorGroup &group, std::string &why) {
  return PairMatcher(group, why).run();
}

//===- ScalarColumns.cpp - Elementwise groups, calculated -----------------===//

#include "targets/systolic/Lowering/ScalarColumns.h"
#include "aicc/Graph/ConstantTensor.h"
#include "aicc/Mapping/RegionModel.h"
#include "targets/systolic/Lowering/Product.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;

static constexpr unsigned indexBits = 64;

/// Of integers that are calculated here; 0 for other types.
static unsigned bitsOf(Type type) {
  if (type.isIndex())
    return indexBits;
  auto integer = dyn_cast<IntegerType>(type);
  return integer && integer.getWidth() <= indexBits ? integer.getWidth() : 0;
}

static int64_t signExtended(uint64_t value, unsigned bits) {
  return bits == 0 ? 0 : llvm::SignExtend64(value, bits);
}

static uint64_t zeroExtended(int64_t value, unsigned bits) {
  return uint64_t(value) & llvm::maskTrailingOnes<uint64_t>(bits);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

void ScalarColumns::setBytes(unsigned operand, std::vector<int64_t> values) {
  Column column;
  column.bits = 8;
  column.integers = std::move(values);
  known[region.getBody().getArgument(operand)] = std::move(column);
}

/// The tensor whose element a scalar of a body is, else the scalar itself.
Value ScalarColumns::behind(Value value) const {
  auto argument = dyn_cast<BlockArgument>(value);
  auto op = argument ? dyn_cast_or_null<linalg::GenericOp>(
                           argument.getOwner()->getParentOp())
                     : nullptr;
  if (op && argument.getArgNumber() < unsigned(op.getNumDpsInputs()))
    value = op.getDpsInputs()[argument.getArgNumber()];
  return behindReshapes(value);
}

const Column *ScalarColumns::find(Value value) const {
  auto found = known.find(behind(value));
  return found == known.end() ? nullptr : &found->second;
}

Operation *ScalarColumns::calculationOf(Value value) const {
  while (true) {
    value = behind(value);
    auto producer = value.getDefiningOp<linalg::GenericOp>();
    if (!producer)
      return value.getDefiningOp();
    value = producer.getBody()->getTerminator()->getOperand(
        cast<OpResult>(value).getResultNumber());
  }
}

bool ScalarColumns::constant(TypedAttr value, Column &result) const {
  if (auto real = dyn_cast<FloatAttr>(value)) {
    if (!real.getType().isF32())
      return false;
    result.isReal = true;
    result.reals.assign(samples, real.getValue().convertToFloat());
    return true;
  }
  auto integer = dyn_cast<IntegerAttr>(value);
  result.bits = integer ? bitsOf(integer.getType()) : 0;
  if (result.bits == 0)
    return false;
  result.integers.assign(samples, integer.getValue().getSExtValue());
  return true;
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

bool ScalarColumns::calculateInteger(Operation *op, Column &result) {
  using Function = int64_t (*)(int64_t, int64_t, unsigned);
  auto wraps = [](auto function) { return Function(function); };
  Function function =
      llvm::TypeSwitch<Operation *, Function>(op)
          .Case([&](arith::AddIOp) {
            return wraps([](int64_t a, int64_t b, unsigned) {
              return int64_t(uint64_t(a) + uint64_t(b));
            });
          })
          .Case([&](arith::SubIOp) {
            return wraps([](int64_t a, int64_t b, unsigned) {
              return int64_t(uint64_t(a) - uint64_t(b));
            });
          })
          .Case([&](arith::MulIOp) {
            return wraps([](int64_t a, int64_t b, unsigned) {
              return int64_t(uint64_t(a) * uint64_t(b));
            });
          })
          .Case([&](arith::MaxSIOp) {
            return wraps(
                [](int64_t a, int64_t b, unsigned) { return std::max(a, b); });
          })
          .Case([&](arith::MinSIOp) {
            return wraps(
                [](int64_t a, int64_t b, unsigned) { return std::min(a, b); });
          })
          .Case([&](arith::MaxUIOp) {
            return wraps([](int64_t a, int64_t b, unsigned bits) {
              return zeroExtended(a, bits) > zeroExtended(b, bits) ? a : b;
            });
          })
          .Case([&](arith::MinUIOp) {
            return wraps([](int64_t a, int64_t b, unsigned bits) {
              return zeroExtended(a, bits) < zeroExtended(b, bits) ? a : b;
            });
          })
          .Default(Function(nullptr));
  const Column *a = function ? find(op->getOperand(0)) : nullptr;
  const Column *b = function ? find(op->getOperand(1)) : nullptr;
  if (!a || !b || a->isReal || b->isReal)
    return false;
  result.bits = a->bits;
  result.integers.resize(samples);
  for (size_t i = 0; i < samples; ++i)
    result.integers[i] = signExtended(
        uint64_t(function(a->integers[i], b->integers[i], a->bits)), a->bits);
  return true;
}

bool ScalarColumns::calculateReal(Operation *op, Column &result) {
  using Function = float (*)(float, float, float);
  auto of = [](auto function) { return Function(function); };
  Function function =
      llvm::TypeSwitch<Operation *, Function>(op)
          .Case([&](arith::AddFOp) {
            return of([](float a, float b, float) { return a + b; });
          })
          .Case([&](arith::SubFOp) {
            return of([](float a, float b, float) { return a - b; });
          })
          .Case([&](arith::MulFOp) {
            return of([](float a, float b, float) { return a * b; });
          })
          .Case([&](arith::DivFOp) {
            return of([](float a, float b, float) { return a / b; });
          })
          .Case([&](arith::MaxNumFOp) {
            return of([](float a, float b, float) { return std::fmax(a, b); });
          })
          .Case([&](arith::MinNumFOp) {
            return of([](float a, float b, float) { return std::fmin(a, b); });
          })
          .Case([&](math::FmaOp) {
            return of(
                [](float a, float b, float c) { return std::fma(a, b, c); });
          })
          .Case([&](math::RoundEvenOp) {
            return of([](float a, float, float) { return std::nearbyint(a); });
          })
          .Default(Function(nullptr));
  if (!function || !op->getResult(0).getType().isF32())
    return false;
  const Column *operands[3] = {};
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    operands[i] = find(operand);
    if (!operands[i] || !operands[i]->isReal)
      return false;
  }
  // Functions of fewer operands do not look at the others.
  for (const Column *&operand : operands)
    operand = operand ? operand : operands[0];
  result.isReal = true;
  result.reals.resize(samples);
  for (size_t i = 0; i < samples; ++i)
    result.reals[i] = function(operands[0]->reals[i], operands[1]->reals[i],
                               operands[2]->reals[i]);
  return true;
}

bool ScalarColumns::convert(Operation *op, Column &result) {
  if (!isa<arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp, arith::IndexCastOp,
           arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp, arith::FPToUIOp>(
          op))
    return false;
  const Column *from = find(op->getOperand(0));
  Type type = op->getResult(0).getType();
  result.isReal = type.isF32();
  result.bits = bitsOf(type);
  if (!from || (!result.isReal && result.bits == 0))
    return false;
  bool isUnsigned = isa<arith::ExtUIOp, arith::UIToFPOp, arith::FPToUIOp>(op);
  for (size_t i = 0; i < samples; ++i) {
    if (from->isReal) {
      // Past the range the result is undefined.
      double value = std::trunc(double(from->reals[i]));
      double low = isUnsigned ? 0 : -std::ldexp(1.0, int(result.bits) - 1);
      double end = std::ldexp(1.0, int(result.bits) - (isUnsigned ? 0 : 1));
      if (!(value >= low && value < end))
        return false;
      uint64_t bits = isUnsigned ? uint64_t(value) : uint64_t(int64_t(value));
      result.integers.push_back(signExtended(bits, result.bits));
      continue;
    }
    uint64_t value = isUnsigned ? zeroExtended(from->integers[i], from->bits)
                                : uint64_t(from->integers[i]);
    if (result.isReal)
      result.reals.push_back(isUnsigned ? float(value) : float(int64_t(value)));
    else
      result.integers.push_back(signExtended(value, result.bits));
  }
  return true;
}

bool ScalarColumns::compare(Operation *op, Column &result) {
  if (!isa<arith::CmpIOp, arith::CmpFOp>(op))
    return false;
  const Column *a = find(op->getOperand(0)), *b = find(op->getOperand(1));
  if (!a || !b || a->isReal != b->isReal)
    return false;
  result.bits = 1;
  for (size_t i = 0; i < samples; ++i) {
    bool holds =
        a->isReal
            ? arith::applyCmpPredicate(cast<arith::CmpFOp>(op).getPredicate(),
                                       APFloat(a->reals[i]),
                                       APFloat(b->reals[i]))
            : arith::applyCmpPredicate(
                  cast<arith::CmpIOp>(op).getPredicate(),
                  APInt(a->bits, zeroExtended(a->integers[i], a->bits)),
                  APInt(b->bits, zeroExtended(b->integers[i], b->bits)));
    result.integers.push_back(holds ? -1 : 0);
  }
  return true;
}

bool ScalarColumns::choose(Operation *op, Column &result) {
  if (!isa<arith::SelectOp>(op))
    return false;
  const Column *which = find(op->getOperand(0));
  const Column *a = find(op->getOperand(1)), *b = find(op->getOperand(2));
  if (!which || !a || !b || which->isReal || a->isReal != b->isReal)
    return false;
  result = *b;
  for (size_t i = 0; i < samples; ++i) {
    if (which->integers[i] == 0)
      continue;
    if (a->isReal)
      result.reals[i] = a->reals[i];
    else
      result.integers[i] = a->integers[i];
  }
  return true;
}

/// An element of a constant table.
bool ScalarColumns::lookUp(Operation *op, Column &result) {
  auto extract = dyn_cast<tensor::ExtractOp>(op);
  if (!extract || extract.getIndices().size() != 1)
    return false;
  Value tensor = extract.getTensor();
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    if (argument.getOwner() == &region.getBody().front())
      tensor = region.getIns()[argument.getArgNumber()];
  ElementsAttr elements;
  const Column *index = find(extract.getIndices().front());
  result.bits = bitsOf(extract.getType());
  if (!index || index->isReal || result.bits == 0 ||
      !matchPattern(tensor, m_Constant(&elements)))
    return false;
  std::optional<ConstantTensor> table = ConstantTensor::get(elements);
  if (!table || table->format().isFloat())
    return false;
  for (int64_t at : index->integers) {
    if (at < 0 || at >= table->numElements())
      return false;
    result.integers.push_back(
        signExtended(uint64_t(table->integer(at)), result.bits));
  }
  return true;
}

bool ScalarColumns::calculate(Operation *op, Column &result) {
  if (op->getNumResults() != 1)
    return false;
  TypedAttr value;
  if (matchPattern(op, m_Constant(&value)))
    return constant(value, result);
  return calculateInteger(op, result) || calculateReal(op, result) ||
         convert(op, result) || compare(op, result) || choose(op, result) ||
         lookUp(op, result);
}

void ScalarColumns::runGeneric(linalg::GenericOp op) {
  if (!isPointwise(op))
    return;
  for (Value input : op.getDpsInputs()) {
    Column splat;
    TypedAttr value = find(input) ? TypedAttr() : getSplat(input);
    if (value && constant(value, splat))
      known[behindReshapes(input)] = std::move(splat);
  }
  for (Operation &nested : op.getBody()->without_terminator()) {
    Column result;
    if (calculate(&nested, result))
      known[nested.getResult(0)] = std::move(result);
    else if (refused.empty())
      refused = nested.getName().getStringRef().str();
  }
  Operation *yield = op.getBody()->getTerminator();
  for (auto [result, value] : llvm::zip(op.getResults(), yield->getOperands()))
    if (const Column *column = find(value)) {
      Column copy = *column;
      known[result] = std::move(copy);
    }
}

bool ScalarColumns::run(std::string &why) {
  Block &body = region.getBody().front();
  for (auto op : body.getOps<linalg::GenericOp>())
    runGeneric(op);
  Value result = cast<YieldOp>(body.getTerminator()).getValues()[0];
  if (find(result))
    return true;
  why = "the values are not calculated when compiling";
  if (!refused.empty())
    why += " ('" + refused + "')";
  return false;
}

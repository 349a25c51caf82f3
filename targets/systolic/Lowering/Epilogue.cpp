//===- Epilogue.cpp - From sums to results --------------------------------===//
//
// Recognises the canonical form of requantisation (docs/design/0008-qnn.md) in
// the elementwise operations after a group's sums.
//
//===----------------------------------------------------------------------===//

#include "aicc/Graph/ConstantTensor.h"
#include "targets/systolic/Lowering/Product.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace aicc;
using namespace aicc::systolic;

namespace {
/// Walks from the result of a group back to its sums.
class EpilogueMatcher {
public:
  EpilogueMatcher(const RegionModel &model, std::optional<unsigned> colRootDim,
                  std::string &why)
      : model(model), colRootDim(colRootDim), why(why) {}

  std::optional<Epilogue> run();

private:
  /// What a scalar in the body of an operation stands for.
  Value resolve(Value value) const;
  bool isSum(Value value) const;
  std::optional<std::vector<double>> constantOf(Value value) const;
  std::optional<std::vector<double>> channelsOf(linalg::GenericOp op,
                                                OpOperand &operand) const;
  /// The other operand of a binary operation one of whose operands is constant.
  template <typename OpT>
  Value splitConstant(Value value, std::vector<double> &constant) const;
  bool matchClamp(Value &value, Epilogue &found) const;
  bool matchScaled(Value value, Epilogue &found) const;

  const RegionModel &model;
  std::optional<unsigned> colRootDim;
  std::string &why;
};
} // namespace

Value aicc::systolic::behindReshapes(Value tensor) {
  while (Operation *op = tensor.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      break;
    tensor = op->getOperand(0);
  }
  return tensor;
}

/// Through the inputs of elementwise operations to what computes them.
Value EpilogueMatcher::resolve(Value value) const {
  while (auto argument = dyn_cast<BlockArgument>(value)) {
    auto op = dyn_cast<linalg::GenericOp>(argument.getOwner()->getParentOp());
    if (!op || op == model.root ||
        argument.getArgNumber() >= unsigned(op.getNumDpsInputs()))
      return value;
    Value tensor = behindReshapes(op.getDpsInputs()[argument.getArgNumber()]);
    auto producer = tensor.getDefiningOp<linalg::GenericOp>();
    if (!producer || producer == model.root)
      return value;
    Operation *yield = producer.getBody()->getTerminator();
    value = yield->getOperand(cast<OpResult>(tensor).getResultNumber());
  }
  return value;
}

bool EpilogueMatcher::isSum(Value value) const {
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return false;
  auto op = dyn_cast<linalg::GenericOp>(argument.getOwner()->getParentOp());
  return op && op != model.root &&
         argument.getArgNumber() < unsigned(op.getNumDpsInputs()) &&
         behindReshapes(op.getDpsInputs()[argument.getArgNumber()]) ==
             model.root->getResult(0);
}

/// The elements of a constant operand, one for each column or one for all.
std::optional<std::vector<double>>
EpilogueMatcher::channelsOf(linalg::GenericOp op, OpOperand &operand) const {
  Attribute value;
  if (auto argument = dyn_cast<BlockArgument>(operand.get())) {
    RegionOp region = model.region;
    if (argument.getOwner() != &region.getBody().front() ||
        !matchPattern(region.getIns()[argument.getArgNumber()],
                      m_Constant(&value)))
      return std::nullopt;
    // Each element has to belong to one column of the array.
    for (const RegionAccess &access : model.accesses) {
      if (access.isStore || access.inReduction ||
          access.operand != argument.getArgNumber())
        continue;
      for (const LinearForm &form : access.index)
        for (auto [dim, coefficient] : llvm::enumerate(form.coeffs))
          if (coefficient != 0 &&
              (coefficient != 1 || dim != colRootDim.value_or(~0u)))
            return std::nullopt;
    }
  } else if (!matchPattern(operand.get(), m_Constant(&value))) {
    return std::nullopt;
  }
  auto elements = dyn_cast<ElementsAttr>(value);
  std::optional<ConstantTensor> tensor =
      elements ? ConstantTensor::get(elements) : std::nullopt;
  if (!tensor || tensor->numElements() == 0)
    return std::nullopt;
  std::vector<double> result;
  int64_t count = tensor->isSplat() ? 1 : tensor->numElements();
  for (int64_t i = 0; i < count; ++i)
    result.push_back(tensor->real(i));
  return result;
}

std::optional<std::vector<double>>
EpilogueMatcher::constantOf(Value value) const {
  Attribute scalar;
  if (matchPattern(value, m_Constant(&scalar))) {
    if (auto real = dyn_cast<FloatAttr>(scalar))
      return std::vector<double>{real.getValueAsDouble()};
    if (auto integer = dyn_cast<IntegerAttr>(scalar))
      return std::vector<double>{double(integer.getInt())};
    return std::nullopt;
  }
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument)
    return std::nullopt;
  auto op = dyn_cast<linalg::GenericOp>(argument.getOwner()->getParentOp());
  if (!op || argument.getArgNumber() >= unsigned(op.getNumDpsInputs()))
    return std::nullopt;
  OpOperand &operand = *op.getDpsInputOperand(argument.getArgNumber());
  if (TypedAttr splat = getSplat(operand.get())) {
    if (auto real = dyn_cast<FloatAttr>(splat))
      return std::vector<double>{real.getValueAsDouble()};
    if (auto integer = dyn_cast<IntegerAttr>(splat))
      return std::vector<double>{double(integer.getInt())};
    return std::nullopt;
  }
  return channelsOf(op, operand);
}

template <typename OpT>
Value EpilogueMatcher::splitConstant(Value value,
                                     std::vector<double> &constant) const {
  auto op = resolve(value).getDefiningOp<OpT>();
  if (!op)
    return {};
  for (unsigned i : {1u, 0u})
    if (auto found = constantOf(op->getOperand(i))) {
      constant = std::move(*found);
      return op->getOperand(1 - i);
    }
  return {};
}

static bool isScalar(const std::vector<double> &values) {
  return values.size() == 1 && values[0] == std::rint(values[0]) &&
         std::abs(values[0]) <= std::numeric_limits<int16_t>::max();
}

/// min(max(x, low), high), in either order; on integers or real numbers.
bool EpilogueMatcher::matchClamp(Value &value, Epilogue &found) const {
  bool hasLow = false, hasHigh = false;
  for (int step = 0; step < 2; ++step) {
    std::vector<double> bound;
    Value low = splitConstant<arith::MaximumFOp>(value, bound);
    if (!low)
      low = splitConstant<arith::MaxNumFOp>(value, bound);
    Value high = low ? Value() : splitConstant<arith::MinimumFOp>(value, bound);
    if (!low && !high)
      high = splitConstant<arith::MinNumFOp>(value, bound);
    if ((!low && !high) || !isScalar(bound))
      return false;
    (low ? hasLow : hasHigh) = true;
    (low ? found.low : found.high) = int32_t(bound[0]);
    value = low ? low : high;
  }
  return hasLow && hasHigh;
}

/// rint(float(sum + bias) * scale)
bool EpilogueMatcher::matchScaled(Value value, Epilogue &found) const {
  auto rounded = resolve(value).getDefiningOp<math::RoundEvenOp>();
  std::vector<double> scales, biases;
  Value real = rounded
                   ? splitConstant<arith::MulFOp>(rounded.getOperand(), scales)
                   : Value();
  auto converted =
      real ? resolve(real).getDefiningOp<arith::SIToFPOp>() : nullptr;
  if (!converted || !converted.getType().isF32())
    return false;
  Value sum = resolve(converted.getIn());
  if (Value before = splitConstant<arith::AddIOp>(sum, biases))
    sum = resolve(before);
  if (!isSum(sum))
    return false;
  found.scales.assign(scales.begin(), scales.end());
  for (double bias : biases)
    found.biases.push_back(int32_t(bias));
  return true;
}

std::optional<Epilogue> EpilogueMatcher::run() {
  Epilogue found;
  RegionOp region = model.region;
  Value tensor = behindReshapes(
      cast<YieldOp>(region.getBody().front().getTerminator()).getValues()[0]);
  if (tensor == model.root->getResult(0)) {
    found.isRaw = true;
    return found;
  }
  why = "what follows the sums is not a requantisation to bytes";
  auto last = tensor.getDefiningOp<linalg::GenericOp>();
  if (!last || last->getNumResults() != 1)
    return std::nullopt;
  Value value = resolve(last.getBody()->getTerminator()->getOperand(0));
  auto narrowed = value.getDefiningOp<arith::TruncIOp>();
  auto integer =
      narrowed ? resolve(narrowed.getIn()).getDefiningOp<arith::FPToSIOp>()
               : nullptr;
  if (!integer || !value.getType().isInteger(8))
    return std::nullopt;
  value = integer.getIn();
  if (!matchClamp(value, found))
    return std::nullopt;
  std::vector<double> zero;
  if (Value before = splitConstant<arith::AddFOp>(value, zero)) {
    if (!isScalar(zero))
      return std::nullopt;
    found.zero = int32_t(zero[0]);
    value = before;
  }
  if (!matchScaled(value, found))
    return std::nullopt;
  return found;
}

std::optional<Epilogue>
aicc::systolic::matchEpilogue(const RegionModel &model,
                              std::optional<unsigned> colRootDim,
                              std::string &why) {
  return EpilogueMatcher(model, colRootDim, why).run();
}

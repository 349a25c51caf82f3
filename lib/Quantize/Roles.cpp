//===- Roles.cpp - How operations take part in quantisation ---------------===//

#include "lib/Quantize/Roles.h"

#include "lib/Graph/ShapeInference.h"

#include "llvm/ADT/TypeSwitch.h"

#include <limits>

using namespace mlir;

namespace aicc::quantize {

using graph::isPresent;

static RankedTensorType staticFloat(Value value) {
  RankedTensorType type = graph::staticType(value);
  return type && isa<FloatType>(type.getElementType()) ? type
                                                       : RankedTensorType();
}

bool isQuantizable(Value value) {
  RankedTensorType type = staticFloat(value);
  return type && type.getElementType().isF32() && type.getNumElements() > 0;
}

/// The sum of n products of differences of bytes is at most n * 255 * 255,
/// which has to leave half of an int32 to the bias.
static constexpr int64_t maxTerms = (int64_t(1) << 30) / (255 * 127);
static constexpr int64_t maxTermsOfTwo =
    std::numeric_limits<int32_t>::max() / (255 * 255);

namespace {
/// A role with the indices of its operands.
struct Row {
  Role::Kind kind;
  llvm::SmallVector<unsigned, 2> data;
  const char *reason;
};
} // namespace

static Row stays(const char *reason) { return {Role::Kind::None, {}, reason}; }
static Row product(std::initializer_list<unsigned> data) {
  return {Role::Kind::Product, data, nullptr};
}
static Row compute(std::initializer_list<unsigned> data) {
  return {Role::Kind::Compute, data, nullptr};
}
static Row move(std::initializer_list<unsigned> data) {
  return {Role::Kind::Move, data, nullptr};
}

static constexpr const char *manyTerms =
    "its sums have too many products for int32";

static Row roleOfConv(onnx::ConvOp op) {
  auto weight = constantOf(op.getW());
  if (!weight)
    return stays("its weights are not constant");
  if (isPresent(op.getB()) && !constantOf(op.getB()))
    return stays("its bias is not constant");
  int64_t outputs = weight->shape().empty() ? 0 : weight->shape()[0];
  if (outputs == 0 || weight->numElements() / outputs > maxTerms)
    return stays(manyTerms);
  return product({0});
}

/// As far as there is an integer form of it (dialects/qnn).
static Row roleOfTransposed(onnx::ConvTransposeOp op) {
  auto weight = constantOf(op.getW());
  if (!weight)
    return stays("its weights are not constant");
  if (isPresent(op.getB()) && !constantOf(op.getB()))
    return stays("its bias is not constant");
  if (op.getGroup() != 1)
    return stays("it has groups, and their weights one scale");
  if (auto dilations = op.getDilations();
      dilations && !llvm::all_of(*dilations, [](int64_t d) { return d == 1; }))
    return stays("its kernel is dilated");
  int64_t outputs = weight->shape().size() < 2 ? 0 : weight->shape()[1];
  if (outputs == 0 || weight->numElements() / outputs > maxTerms)
    return stays(manyTerms);
  return product({0});
}

static Row roleOfGemm(onnx::GemmOp op) {
  auto weight = constantOf(op.getB());
  if (!weight || weight->shape().size() != 2)
    return stays("its weights are not constant");
  bool transposed = op.getTransB() != 0;
  int64_t outputs = weight->shape()[transposed ? 0 : 1];
  if (op.getAlpha().convertToFloat() != 1 || op.getBeta().convertToFloat() != 1)
    return stays("it scales (alpha, beta)");
  if (isPresent(op.getC())) {
    auto bias = constantOf(op.getC());
    if (!bias)
      return stays("its bias is not constant");
    bool perOutput = bias->numElements() == outputs &&
                     (bias->shape().empty() || bias->shape().back() == outputs);
    if (!perOutput && bias->numElements() != 1)
      return stays("its bias is not one number for each output");
  }
  if (outputs == 0 || weight->numElements() / outputs > maxTerms)
    return stays(manyTerms);
  return product({0});
}

static Row roleOfMatMul(onnx::MatMulOp op) {
  RankedTensorType a = staticFloat(op.getA());
  if (!a || a.getRank() == 0)
    return stays("the shape of an operand is not known");
  auto weight = constantOf(op.getB());
  if (a.getShape().back() > (weight ? maxTerms : maxTermsOfTwo))
    return stays(manyTerms);
  if (weight)
    return product({0});
  return product({0, 1});
}

static Row roleOfPad(onnx::PadOp op) {
  auto value = isPresent(op.getConstantValue())
                   ? constantOf(op.getConstantValue())
                   : std::nullopt;
  // Zero has a representation in every scale; other numbers may not.
  bool zero = !isPresent(op.getConstantValue()) || (value && value->isAll(0));
  if (op.getMode() == "constant" && !zero)
    return stays("it pads with a number other than zero");
  return move({0});
}

static Row roleOfConcat(Operation *op) {
  Row role{Role::Kind::Move, {}, nullptr};
  for (unsigned i = 0; i < op->getNumOperands(); ++i)
    role.data.push_back(i);
  return role;
}

static Row tableRow(Operation *op) {
  static constexpr const char *noForm = "there is no integer form of it";
  return llvm::TypeSwitch<Operation *, Row>(op)
      .Case([](onnx::ConvOp conv) { return roleOfConv(conv); })
      .Case([](onnx::ConvTransposeOp conv) { return roleOfTransposed(conv); })
      .Case([](onnx::GemmOp gemm) { return roleOfGemm(gemm); })
      .Case([](onnx::MatMulOp matmul) { return roleOfMatMul(matmul); })
      .Case<onnx::AddOp, onnx::MulOp>([](auto) { return compute({0, 1}); })
      .Case<onnx::AveragePoolOp, onnx::GlobalAveragePoolOp>(
          [](auto) { return compute({0}); })
      .Case<onnx::ReshapeOp, onnx::TransposeOp, onnx::SqueezeOp,
            onnx::UnsqueezeOp, onnx::FlattenOp, onnx::SliceOp, onnx::SplitOp,
            onnx::GatherOp, onnx::IdentityOp, onnx::ExpandOp, onnx::TileOp,
            onnx::DepthToSpaceOp, onnx::SpaceToDepthOp, onnx::GlobalMaxPoolOp>(
          [](auto) { return move({0}); })
      .Case([](onnx::MaxPoolOp pool) {
        return pool.getIndices().use_empty()
                   ? move({0})
                   : stays("its indices are used as well");
      })
      .Case([](onnx::ResizeOp resize) {
        return resize.getMode() == "nearest" ? move({0}) : stays(noForm);
      })
      .Case([](onnx::PadOp pad) { return roleOfPad(pad); })
      .Case([](onnx::ConcatOp concat) { return roleOfConcat(concat); })
      .Default([](Operation *) { return stays(noForm); });
}

/// The rules that all have in common.
static const char *whyNot(Operation *op, const Role &role) {
  auto isOther = [](Value value) {
    return !isa<NoneType>(value.getType()) && !isQuantizable(value);
  };
  bool variable = false;
  for (OpOperand *use : role.data) {
    if (isOther(use->get()))
      return "it is not of float32";
    // The model has the last word.
    if (use->get().getDefiningOp<onnx::DequantizeLinearOp>())
      return "the model has quantised it already";
    variable |= !constantOf(use->get());
  }
  for (Value result : op->getResults())
    if (!result.use_empty() && isOther(result))
      return "it is not of float32";
  return variable ? nullptr : "it is computed from constants alone";
}

Role roleOf(Operation *op, const PointwiseFunction *function) {
  bool floats =
      llvm::any_of(op->getResults(), [](Value v) { return staticFloat(v); });
  if (!floats ||
      isa<onnx::ConstantOp, onnx::QuantizeLinearOp, onnx::DequantizeLinearOp>(
          op))
    return {};
  Role role;
  if (function) {
    role.kind = Role::Kind::Compute;
    role.data = function->uses;
    role.inside = function->inside;
  } else {
    Row row = tableRow(op);
    role.kind = row.kind;
    role.reason = row.reason;
    for (unsigned index : row.data)
      role.data.push_back(&op->getOpOperand(index));
  }
  if (role.kind == Role::Kind::None)
    return role;
  if (const char *reason = whyNot(op, role)) {
    role.kind = Role::Kind::None;
    role.reason = reason;
  }
  return role;
}

std::optional<Layer> layerOf(Operation *op) {
  if (isa<onnx::ConvOp>(op))
    return Layer{1, 2, 0};
  if (isa<onnx::ConvTransposeOp>(op))
    return Layer{1, 2, 1};
  if (auto gemm = dyn_cast<onnx::GemmOp>(op))
    return Layer{1, 2, gemm.getTransB() != 0 ? 0 : 1};
  if (auto matmul = dyn_cast<onnx::MatMulOp>(op))
    if (auto weight = constantOf(matmul.getB())) {
      if (weight->shape().size() == 2)
        return Layer{1, std::nullopt, 1};
      return Layer{1, std::nullopt, std::nullopt};
    }
  return std::nullopt;
}

std::optional<Bounds> boundsOf(Operation *op) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (isa<onnx::ReluOp>(op))
    return Bounds{0, infinity};
  auto clip = dyn_cast<onnx::ClipOp>(op);
  if (!clip)
    return std::nullopt;
  Bounds bounds{-infinity, infinity};
  for (auto [value, bound] : {std::pair(clip.getMin(), &bounds.low),
                              std::pair(clip.getMax(), &bounds.high)}) {
    if (!isPresent(value))
      continue;
    auto tensor = constantOf(value);
    if (!tensor || tensor->numElements() != 1)
      return std::nullopt;
    *bound = tensor->real(0);
  }
  return bounds;
}

} // namespace aicc::quantize

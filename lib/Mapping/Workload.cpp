//===- Workload.cpp - From a group to its loop nest -----------------------===//

#include "aicc/Mapping/Workload.h"
#include "aicc/Memory/BufferPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace aicc;

/// Vector instructions that an operation takes. The approximations of
/// transcendental functions are polynomials and rational functions of about
/// this length (mlir/lib/Dialect/Math/Transforms/PolynomialApproximation.cpp).
static double instructionsOf(Operation *op) {
  if (isa<math::ExpOp, math::TanhOp, math::ErfOp, math::LogOp, math::SinOp,
          math::CosOp>(op))
    return 16;
  if (isa<math::PowFOp>(op))
    return 40;
  if (isa<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(op))
    return 8;
  if (op->hasTrait<OpTrait::ConstantLike>() ||
      op->hasTrait<OpTrait::IsTerminator>())
    return 0;
  return 1;
}

static double payloadInstructions(linalg::GenericOp op) {
  double sum = 0;
  for (Operation &nested : op.getRegion().front())
    sum += instructionsOf(&nested);
  return sum;
}

/// Multiply-accumulates are one instruction.
static double rootInstructions(linalg::GenericOp root) {
  double sum = payloadInstructions(root);
  for (Operation &nested : root.getRegion().front())
    if (isa<arith::MulFOp>(nested) && nested.hasOneUse() &&
        isa<arith::AddFOp, arith::SubFOp>(*nested.user_begin()))
      sum -= 1;
  return std::max(sum, 1.0);
}

static Workload::Operand toOperand(const RegionModel &model,
                                   const RegionAccess &access) {
  Workload::Operand operand;
  operand.bits = storedBytes(model.elementType(access.operand)) * 8;
  operand.inReduction = access.inReduction;
  bool isPacked =
      isa<PackAttr>(RegionOp(model.region).getLayoutsAttr()[access.operand]);
  operand.role = access.isStore ? OperandRole::Output
                 : isPacked     ? OperandRole::Weight
                                : OperandRole::Input;
  for (const LinearForm &form : access.index) {
    LinearForm overDims = model.overDims(form);
    SmallVector<Workload::Term, 2> terms;
    for (auto [dim, coefficient] : llvm::enumerate(overDims.coeffs))
      if (coefficient != 0)
        terms.push_back({unsigned(dim), coefficient});
    if (!terms.empty())
      operand.index.push_back(std::move(terms));
  }
  Attribute layout = RegionOp(model.region).getLayoutsAttr()[access.operand];
  if (auto strided = dyn_cast<LayoutAttr>(layout)) {
    LinearForm form = model.address(access, strided);
    operand.strides.assign(form.coeffs.begin(), form.coeffs.end());
    return operand;
  }
  operand.isPacked = true;
  for (const RegionModel::Dim &dim : model.dims) {
    bool used = llvm::any_of(access.index, [&](const LinearForm &form) {
      return form.coeffs[dim.original.back()] != 0;
    });
    operand.strides.push_back(used ? 1 : 0);
  }
  return operand;
}

Workload aicc::toWorkload(const RegionModel &model) {
  Workload workload;
  for (const RegionModel::Dim &dim : model.dims)
    workload.dims.push_back(
        {dim.size, dim.isReduction,
         dim.original.size() > 1 ? model.rootSizes[dim.original.back()] : 0});
  for (const RegionAccess &access : model.accesses)
    workload.operands.push_back(toOperand(model, access));
  workload.opsPerPoint = rootInstructions(model.root);
  RegionOp region = model.region;
  for (auto op : region.getBody().front().getOps<linalg::GenericOp>())
    if (op != model.root)
      workload.opsPerResult += payloadInstructions(op);
  workload.lanesMayReduce = model.lanesMayReduce();
  if (std::optional<ByteProduct> product = byteProductOf(model)) {
    workload.arithmetic = Arithmetic::I8;
    workload.isByteProduct = true;
    workload.leftIsSigned = product->isSigned;
  }
  return workload;
}

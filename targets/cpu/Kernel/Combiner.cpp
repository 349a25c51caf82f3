//===- Combiner.cpp - The operation of a reduction ------------------------===//

#include "targets/cpu/Kernel/Combiner.h"
#include "aicc/Mapping/RegionModel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace aicc::cpu;

static std::optional<vector::CombiningKind> kindOf(Operation *op) {
  using Kind = vector::CombiningKind;
  return llvm::TypeSwitch<Operation *, std::optional<Kind>>(op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return Kind::ADD; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return Kind::MUL; })
      .Case([](arith::MaximumFOp) { return Kind::MAXIMUMF; })
      .Case([](arith::MinimumFOp) { return Kind::MINIMUMF; })
      .Case([](arith::MaxNumFOp) { return Kind::MAXNUMF; })
      .Case([](arith::MinNumFOp) { return Kind::MINNUMF; })
      .Case([](arith::MaxSIOp) { return Kind::MAXSI; })
      .Case([](arith::MinSIOp) { return Kind::MINSI; })
      .Case([](arith::MaxUIOp) { return Kind::MAXUI; })
      .Case([](arith::MinUIOp) { return Kind::MINUI; })
      .Case([](arith::AndIOp) { return Kind::AND; })
      .Case([](arith::OrIOp) { return Kind::OR; })
      .Case([](arith::XOrIOp) { return Kind::XOR; })
      .Default([](Operation *) { return std::nullopt; });
}

std::optional<Combiner> aicc::cpu::combinerOf(linalg::GenericOp op) {
  Operation *last = aicc::findCombiner(op);
  auto kind = last ? kindOf(last) : std::nullopt;
  if (!kind)
    return std::nullopt;
  return Combiner{last, *kind};
}

Value Combiner::neutral(OpBuilder &builder, Location loc, Type type) const {
  using Kind = vector::CombiningKind;
  TypedAttr value;
  if (auto floatType = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = floatType.getFloatSemantics();
    APFloat number = APFloat::getZero(semantics);
    if (kind == Kind::MUL)
      number = APFloat::getOne(semantics);
    else if (kind == Kind::MAXIMUMF || kind == Kind::MAXNUMF)
      number = APFloat::getInf(semantics, /*Negative=*/true);
    else if (kind == Kind::MINIMUMF || kind == Kind::MINNUMF)
      number = APFloat::getInf(semantics);
    value = FloatAttr::get(type, number);
  } else {
    unsigned bits = type.getIntOrFloatBitWidth();
    APInt number = APInt::getZero(bits);
    if (kind == Kind::MUL)
      number = APInt(bits, 1);
    else if (kind == Kind::MAXSI)
      number = APInt::getSignedMinValue(bits);
    else if (kind == Kind::MINSI)
      number = APInt::getSignedMaxValue(bits);
    else if (kind == Kind::MINUI || kind == Kind::AND)
      number = APInt::getAllOnes(bits);
    value = IntegerAttr::get(type, number);
  }
  return arith::ConstantOp::create(builder, loc, value);
}

Value Combiner::combine(OpBuilder &builder, Location loc, Value a,
                        Value b) const {
  OperationState state(loc, op->getName());
  state.addOperands({a, b});
  state.addTypes(a.getType());
  return builder.create(state)->getResult(0);
}

Value Combiner::foldLanes(OpBuilder &builder, Location loc,
                          Value vector) const {
  return vector::ReductionOp::create(builder, loc, kind, vector,
                                     arith::FastMathFlags::reassoc);
}

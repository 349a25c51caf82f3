//===- Encoding.cpp - Operations and instructions -------------------------===//

#include "dialects/systolic/IR/Systolic.h"
#include "targets/systolic/Isa/Encoder.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace aicc::systolic;

static LocalAddress address(uint32_t bits) { return {bits}; }

//===----------------------------------------------------------------------===//
// From operations to instructions
//===----------------------------------------------------------------------===//

/// The instruction that `make` gives with an encoder, or what the encoder
/// refuses.
template <typename Function>
static FailureOr<Instruction> encodeWith(std::string &why, Function make) {
  Encoder encoder;
  Instruction instruction = make(encoder);
  why = encoder.error();
  if (!why.empty())
    return failure();
  return instruction;
}

/// The same with the tokens of `op`.
template <typename OpT, typename Function>
static FailureOr<Instruction> encodeWith(OpT op, std::string &why,
                                         Function make) {
  return encodeWith(why, [&](Encoder &encoder) {
    return encoder.withTokens(make(encoder), op.getWaits(), op.getSignals());
  });
}

FailureOr<Instruction> FenceOp::toInstruction(std::string &why) {
  return encodeWith(why, [](Encoder &make) { return make.fence(); });
}
FailureOr<Instruction> LoopOp::toInstruction(std::string &why) {
  return encodeWith(
      why, [&](Encoder &make) { return make.loop(getCount(), getLength()); });
}
FailureOr<Instruction> StepOp::toInstruction(std::string &why) {
  return encodeWith(why, [&](Encoder &make) {
    return make.step(getLevel(), getA(), getB());
  });
}

FailureOr<Instruction> LoadConfigOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.loadConfig(getChannel(), getSegment(), getStride0(),
                           getStride1(), getFill(), getFlip(), getWide());
  });
}
FailureOr<Instruction> LoadPlaceOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.loadPlace(getChannel(), getStride1(), getBlock());
  });
}
FailureOr<Instruction> LoadInOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.loadIn(getChannel(), getOffset(), address(getTo()), getRows0(),
                       getRows1(), getColumns());
  });
}
FailureOr<Instruction> LoadFillOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.loadFill(getChannel(), address(getTo()), getRows0(),
                         getRows1());
  });
}

FailureOr<Instruction> ExecuteConfigOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.executeConfig(getAStride0(), getAStride1(), getCStride1());
  });
}
FailureOr<Instruction> ExecuteWeightsOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.executeWeights(address(getFrom()), getK(), getN(),
                               getDiagonal());
  });
}
FailureOr<Instruction> ExecuteMultiplyOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.executeMultiply(address(getA()), address(getC()), getRows0(),
                                getRows1(), getK());
  });
}
FailureOr<Instruction> ExecuteOuterOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.executeOuter(address(getA()), address(getB()), getRows0(),
                             getRows1(), getClear());
  });
}
FailureOr<Instruction> ExecuteFlushOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.executeFlush(address(getC()), getM(), getN());
  });
}

FailureOr<Instruction> StoreConfigOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.storeConfig(getSegment(), getStride0(), getStride1());
  });
}
FailureOr<Instruction> StorePlaceOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.storePlace(getStride1(), getBlock(), getKeepStride1(),
                           getScaleBlock());
  });
}
FailureOr<Instruction> StoreQuantizeOp::toInstruction(std::string &why) {
  Encoder::Quantize fields = {
      address(getScales()), int64_t(getZero()), int64_t(getLow()),
      int64_t(getHigh()),   std::nullopt,       getIsReal(),
      getDivide(),          getRaw(),           getFlip()};
  if (std::optional<uint32_t> biases = getBiases())
    fields.biases = address(*biases);
  return encodeWith(*this, why,
                    [&](Encoder &make) { return make.storeQuantize(fields); });
}
FailureOr<Instruction> StoreOutOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.storeOut(getOffset(), address(getFrom()), getRows0(),
                         getRows1(), getColumns());
  });
}
FailureOr<Instruction> StoreKeepOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.storeKeep(address(getTo()), address(getFrom()), getRows0(),
                          getRows1(), getColumns());
  });
}

FailureOr<Instruction> VectorConfigOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.vectorConfig(getFromStride0(), getFromStride1(), getToStride0(),
                             getToStride1());
  });
}
FailureOr<Instruction> VectorParameterOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.vectorParameter(getScale().convertToFloat(), getZero());
  });
}
FailureOr<Instruction> VectorTableOp::toInstruction(std::string &why) {
  return encodeWith(*this, why, [&](Encoder &make) {
    return make.vectorTable(address(getFrom()));
  });
}

template <typename OpT>
static FailureOr<Instruction> rows(OpT op, Opcode opcode, std::string &why) {
  return encodeWith(op, why, [&](Encoder &make) {
    return make.vectorRows(opcode, address(op.getTo()), address(op.getFrom()),
                           op.getRows0(), op.getRows1());
  });
}
FailureOr<Instruction> VectorMapOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorMap, why);
}
FailureOr<Instruction> VectorMaximumOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorMaximum, why);
}
FailureOr<Instruction> VectorSumOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorSum, why);
}
FailureOr<Instruction> VectorRealOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorReal, why);
}
FailureOr<Instruction> VectorAddRealOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorAddReal, why);
}
FailureOr<Instruction> VectorMultiplyRealOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorMultiplyReal, why);
}
FailureOr<Instruction> VectorCopyOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorCopy, why);
}

//===----------------------------------------------------------------------===//
// From instructions to operations
//===----------------------------------------------------------------------===//

namespace {
/// Makes the operation of one instruction.
struct Decoder {
  OpBuilder &builder;
  Location loc;
  const Instruction &of;

  int64_t waits() const { return of.waits; }
  int64_t signals() const { return of.signals; }
  /// Fields as several instructions have them.
  int64_t channel() const { return of.a16 & 3; }
  int64_t outerOfLoad() const { return of.a16 >> 2; }
  int64_t low(uint32_t word) const { return word & 0xffff; }
  int64_t high(uint32_t word) const { return word >> 16; }
  bool bit(uint32_t word, unsigned number) const { return word >> number & 1; }

  template <typename OpT, typename... Args> void make(Args... args) {
    OpT::create(builder, loc, args..., waits(), signals());
  }
  template <typename OpT> void makeRows() {
    make<OpT>(of.a32, of.b32, of.b16, of.a16);
  }

  void dispatched();
  void load();
  void execute();
  void store();
  void quantize();
  void vector();
};
} // namespace

void Decoder::dispatched() {
  if (of.opcode == Opcode::Loop)
    LoopOp::create(builder, loc, int64_t(of.a32), int64_t(of.b16));
  else if (of.opcode == Opcode::Step)
    StepOp::create(builder, loc, int64_t(of.a16), int64_t(int32_t(of.a32)),
                   int64_t(int32_t(of.b32)));
  else if (of.opcode == Opcode::Fence)
    FenceOp::create(builder, loc);
}

void Decoder::load() {
  if (of.opcode == Opcode::LoadConfig)
    make<LoadConfigOp>(channel(), of.b16, int32_t(of.a32), int32_t(of.b32),
                       of.a16 >> 8, bit(of.a16, 2), bit(of.a16, 3));
  else if (of.opcode == Opcode::LoadPlace)
    make<LoadPlaceOp>(channel(), of.a32, of.b32);
  else if (of.opcode == Opcode::LoadIn)
    make<LoadInOp>(channel(), of.a32, of.b32, of.b16, outerOfLoad(), of.c16);
  else if (of.opcode == Opcode::LoadFill)
    make<LoadFillOp>(channel(), of.b32, of.b16, outerOfLoad());
}

void Decoder::execute() {
  if (of.opcode == Opcode::ExecuteConfig)
    make<ExecuteConfigOp>(low(of.a32), high(of.a32), of.b32);
  else if (of.opcode == Opcode::ExecuteWeights)
    make<ExecuteWeightsOp>(of.b32, of.b16, of.c16, bit(of.a16, 0));
  else if (of.opcode == Opcode::ExecuteMultiply)
    make<ExecuteMultiplyOp>(of.a32, of.b32, of.b16, of.a16, of.c16);
  else if (of.opcode == Opcode::ExecuteOuter)
    make<ExecuteOuterOp>(of.a32, of.b32, of.b16, of.a16, bit(of.c16, 0));
  else if (of.opcode == Opcode::ExecuteFlush)
    make<ExecuteFlushOp>(of.b32, of.b16, of.c16);
}

void Decoder::quantize() {
  IntegerAttr biases;
  if (bit(of.b32, 4))
    biases = builder.getI32IntegerAttr(
        int32_t(LocalAddress::make(Space::Accumulator, of.b32 >> 8).bits));
  make<StoreQuantizeOp>(of.a32, int16_t(of.a16), int16_t(of.b16),
                        int16_t(of.c16), biases, bit(of.b32, 0), bit(of.b32, 1),
                        bit(of.b32, 2), bit(of.b32, 3));
}

void Decoder::store() {
  if (of.opcode == Opcode::StoreConfig)
    make<StoreConfigOp>(of.b16, int32_t(of.a32), int32_t(of.b32));
  else if (of.opcode == Opcode::StorePlace)
    make<StorePlaceOp>(of.a32, of.b32, of.a16, of.b16);
  else if (of.opcode == Opcode::StoreQuantize)
    quantize();
  else if (of.opcode == Opcode::StoreOut)
    make<StoreOutOp>(of.a32, of.b32, of.b16, of.a16, of.c16);
  else if (of.opcode == Opcode::StoreKeep)
    make<StoreKeepOp>(of.a32, of.b32, of.b16, of.a16, of.c16);
}

void Decoder::vector() {
  switch (of.opcode) {
  case Opcode::VectorConfig:
    return make<VectorConfigOp>(low(of.a32), high(of.a32), low(of.b32),
                                high(of.b32));
  case Opcode::VectorParameter:
    return make<VectorParameterOp>(
        llvm::APFloat(llvm::APFloat::IEEEsingle(), llvm::APInt(32, of.a32)),
        int16_t(of.a16));
  case Opcode::VectorTable:
    return make<VectorTableOp>(of.b32);
  case Opcode::VectorMap:
    return makeRows<VectorMapOp>();
  case Opcode::VectorMaximum:
    return makeRows<VectorMaximumOp>();
  case Opcode::VectorSum:
    return makeRows<VectorSumOp>();
  case Opcode::VectorReal:
    return makeRows<VectorRealOp>();
  case Opcode::VectorAddReal:
    return makeRows<VectorAddRealOp>();
  case Opcode::VectorMultiplyReal:
    return makeRows<VectorMultiplyRealOp>();
  case Opcode::VectorCopy:
    return makeRows<VectorCopyOp>();
  default:
    return;
  }
}

void aicc::systolic::createInstructions(OpBuilder &builder, Location loc,
                                        ArrayRef<Instruction> instructions) {
  for (const Instruction &instruction : instructions) {
    Decoder decoder{builder, loc, instruction};
    std::optional<Queue> queue = queueOf(instruction.opcode);
    if (!queue)
      decoder.dispatched();
    else if (*queue == Queue::Load)
      decoder.load();
    else if (*queue == Queue::Execute)
      decoder.execute();
    else if (*queue == Queue::Store)
      decoder.store();
    else
      decoder.vector();
  }
}

//===- Encoding.cpp - From operations to instructions ---------------------===//

#include "dialects/systolic/IR/Systolic.h"

#include "llvm/ADT/bit.h"

#include <cstring>
#include <limits>

using namespace mlir;
using namespace aicc::systolic;

namespace {
/// Puts fields into their bits and remembers the first that does not fit.
class Fields {
public:
  Fields(Opcode opcode, std::string &why) : why(why) { result.opcode = opcode; }

  template <typename T>
  Fields &put(T Instruction::*field, llvm::StringRef name, int64_t value,
              unsigned shift, unsigned bits, int64_t least = 0) {
    int64_t most = (int64_t(1) << bits) - 1;
    if (value < least || value > most)
      return refuse(name, value, least, most);
    result.*field |= T(T(value) << shift);
    return *this;
  }
  /// A signed value of all bits of the field.
  template <typename T>
  Fields &putSigned(T Instruction::*field, llvm::StringRef name,
                    int64_t value) {
    constexpr int64_t half = int64_t(1) << (sizeof(T) * 8 - 1);
    if (value < -half || value >= half)
      return refuse(name, value, -half, half - 1);
    result.*field = T(value);
    return *this;
  }
  Fields &a16(llvm::StringRef name, int64_t value, int64_t least = 0) {
    return put(&Instruction::a16, name, value, 0, 16, least);
  }
  Fields &b16(llvm::StringRef name, int64_t value, int64_t least = 0) {
    return put(&Instruction::b16, name, value, 0, 16, least);
  }
  Fields &c16(llvm::StringRef name, int64_t value, int64_t least = 0) {
    return put(&Instruction::c16, name, value, 0, 16, least);
  }
  Fields &a32(llvm::StringRef name, int64_t value) {
    return put(&Instruction::a32, name, value, 0, 32);
  }
  Fields &b32(llvm::StringRef name, int64_t value) {
    return put(&Instruction::b32, name, value, 0, 32);
  }
  /// An address in one of the memories that bits of `spaces` allow.
  Fields &local(uint32_t Instruction::*field, llvm::StringRef name,
                int32_t address, unsigned spaces, bool mayAccumulate = false) {
    LocalAddress at{uint32_t(address)};
    if (!(spaces >> at.space() & 1) || (at.accumulates() && !mayAccumulate)) {
      if (why.empty())
        why = ("field '" + name + "' names a memory that it cannot").str();
      failed = true;
    }
    result.*field = at.bits;
    return *this;
  }
  Fields &tokens(int64_t waits, int64_t signals) {
    unsigned own = 1u << unsigned(*queueOf(result.opcode));
    constexpr int64_t most = (1 << numQueues) - 1;
    for (auto [name, mask] : {std::pair("waits", waits), {"signals", signals}})
      if (mask < 0 || mask > most || mask & own) {
        if (why.empty())
          why = std::string("field '") + name +
                "' expected other units, found mask " + std::to_string(mask);
        failed = true;
      }
    result.waits = uint8_t(waits);
    result.signals = uint8_t(signals);
    return *this;
  }
  FailureOr<Instruction> done() const {
    if (failed)
      return failure();
    return result;
  }

private:
  Fields &refuse(llvm::StringRef name, int64_t value, int64_t least,
                 int64_t most) {
    if (why.empty())
      why = ("field '" + name + "' expected " + llvm::Twine(least) + " to " +
             llvm::Twine(most) + ", found " + llvm::Twine(value))
                .str();
    failed = true;
    return *this;
  }

  Instruction result;
  std::string &why;
  bool failed = false;
};
} // namespace

static constexpr unsigned scratchpad = 1, weights = 2, accumulator = 4;
static constexpr unsigned channelBits = 2, outerBits = 14;

template <typename OpT>
static Fields start(OpT op, Opcode opcode, std::string &why) {
  why.clear();
  Fields fields(opcode, why);
  fields.tokens(op.getWaits(), op.getSignals());
  return fields;
}

/// Channel and outer count, as loads have them.
template <typename OpT>
static Fields startLoad(OpT op, Opcode opcode, std::string &why) {
  Fields fields = start(op, opcode, why);
  fields.put(&Instruction::a16, "channel", op.getChannel(), 0, channelBits);
  return fields;
}

//===----------------------------------------------------------------------===//
// Dispatcher, load
//===----------------------------------------------------------------------===//

FailureOr<Instruction> FenceOp::toInstruction(std::string &why) {
  return Instruction{Opcode::Fence};
}

FailureOr<Instruction> LoopOp::toInstruction(std::string &why) {
  why.clear();
  return Fields(Opcode::Loop, why)
      .a32("count", getCount())
      .b16("length", getLength())
      .done();
}

FailureOr<Instruction> StepOp::toInstruction(std::string &why) {
  why.clear();
  return Fields(Opcode::Step, why)
      .put(&Instruction::a16, "level", getLevel(), 0, 2)
      .putSigned(&Instruction::a32, "a", getA())
      .putSigned(&Instruction::b32, "b", getB())
      .done();
}

FailureOr<Instruction> LoadConfigOp::toInstruction(std::string &why) {
  return startLoad(*this, Opcode::LoadConfig, why)
      .put(&Instruction::a16, "flip", getFlip(), 2, 1)
      .put(&Instruction::a16, "wide", getWide(), 3, 1)
      .put(&Instruction::a16, "fill", getFill(), 8, 8)
      .b16("segment", getSegment())
      .putSigned(&Instruction::a32, "stride0", getStride0())
      .putSigned(&Instruction::b32, "stride1", getStride1())
      .done();
}

FailureOr<Instruction> LoadPlaceOp::toInstruction(std::string &why) {
  return startLoad(*this, Opcode::LoadPlace, why)
      .a32("stride1", getStride1())
      .b32("block", getBlock())
      .done();
}

FailureOr<Instruction> LoadInOp::toInstruction(std::string &why) {
  return startLoad(*this, Opcode::LoadIn, why)
      .put(&Instruction::a16, "rows1", getRows1(), channelBits, outerBits, 1)
      .a32("offset", getOffset())
      .local(&Instruction::b32, "to", getTo(),
             scratchpad | weights | accumulator)
      .b16("rows0", getRows0(), 1)
      .c16("columns", getColumns(), 1)
      .done();
}

FailureOr<Instruction> LoadFillOp::toInstruction(std::string &why) {
  return startLoad(*this, Opcode::LoadFill, why)
      .put(&Instruction::a16, "rows1", getRows1(), channelBits, outerBits, 1)
      .local(&Instruction::b32, "to", getTo(),
             scratchpad | weights | accumulator)
      .b16("rows0", getRows0(), 1)
      .done();
}

//===----------------------------------------------------------------------===//
// Execute
//===----------------------------------------------------------------------===//

FailureOr<Instruction> ExecuteConfigOp::toInstruction(std::string &why) {
  return start(*this, Opcode::ExecuteConfig, why)
      .put(&Instruction::a32, "aStride0", getAStride0(), 0, 16)
      .put(&Instruction::a32, "aStride1", getAStride1(), 16, 16)
      .b32("cStride1", getCStride1())
      .done();
}

FailureOr<Instruction> ExecuteWeightsOp::toInstruction(std::string &why) {
  return start(*this, Opcode::ExecuteWeights, why)
      .local(&Instruction::b32, "from", getFrom(), scratchpad | weights)
      .b16("k", getK(), 1)
      .c16("n", getN(), 1)
      .done();
}

FailureOr<Instruction> ExecuteMultiplyOp::toInstruction(std::string &why) {
  return start(*this, Opcode::ExecuteMultiply, why)
      .local(&Instruction::a32, "a", getA(), scratchpad)
      .local(&Instruction::b32, "c", getC(), accumulator, true)
      .a16("rows1", getRows1(), 1)
      .b16("rows0", getRows0(), 1)
      .c16("k", getK(), 1)
      .done();
}

FailureOr<Instruction> ExecuteOuterOp::toInstruction(std::string &why) {
  return start(*this, Opcode::ExecuteOuter, why)
      .local(&Instruction::a32, "a", getA(), scratchpad)
      .local(&Instruction::b32, "b", getB(), scratchpad | weights)
      .a16("rows1", getRows1(), 1)
      .b16("rows0", getRows0(), 1)
      .c16("clear", getClear())
      .done();
}

FailureOr<Instruction> ExecuteFlushOp::toInstruction(std::string &why) {
  return start(*this, Opcode::ExecuteFlush, why)
      .local(&Instruction::b32, "c", getC(), accumulator, true)
      .b16("m", getM(), 1)
      .c16("n", getN(), 1)
      .done();
}

//===----------------------------------------------------------------------===//
// Store
//===----------------------------------------------------------------------===//

FailureOr<Instruction> StoreConfigOp::toInstruction(std::string &why) {
  return start(*this, Opcode::StoreConfig, why)
      .b16("segment", getSegment())
      .putSigned(&Instruction::a32, "stride0", getStride0())
      .putSigned(&Instruction::b32, "stride1", getStride1())
      .done();
}

FailureOr<Instruction> StorePlaceOp::toInstruction(std::string &why) {
  return start(*this, Opcode::StorePlace, why)
      .a32("stride1", getStride1())
      .b32("block", getBlock())
      .a16("keep", getKeepStride1())
      .b16("scales", getScaleBlock())
      .done();
}

FailureOr<Instruction> StoreQuantizeOp::toInstruction(std::string &why) {
  Fields fields = start(*this, Opcode::StoreQuantize, why);
  fields.local(&Instruction::a32, "scales", getScales(), accumulator)
      .putSigned(&Instruction::a16, "zero", getZero())
      .putSigned(&Instruction::b16, "low", getLow())
      .putSigned(&Instruction::c16, "high", getHigh())
      .put(&Instruction::b32, "real", getIsReal(), 0, 1)
      .put(&Instruction::b32, "divide", getDivide(), 1, 1)
      .put(&Instruction::b32, "raw", getRaw(), 2, 1)
      .put(&Instruction::b32, "flip", getFlip(), 3, 1);
  if (std::optional<uint32_t> biases = getBiases())
    fields.put(&Instruction::b32, "bias", 1, 4, 1)
        .put(&Instruction::b32, "biases", LocalAddress{*biases}.row(), 8, 24);
  return fields.done();
}

FailureOr<Instruction> StoreOutOp::toInstruction(std::string &why) {
  return start(*this, Opcode::StoreOut, why)
      .a32("offset", getOffset())
      .local(&Instruction::b32, "from", getFrom(), scratchpad | accumulator)
      .a16("rows1", getRows1(), 1)
      .b16("rows0", getRows0(), 1)
      .c16("columns", getColumns(), 1)
      .done();
}

FailureOr<Instruction> StoreKeepOp::toInstruction(std::string &why) {
  return start(*this, Opcode::StoreKeep, why)
      .local(&Instruction::a32, "to", getTo(), scratchpad)
      .local(&Instruction::b32, "from", getFrom(), accumulator)
      .a16("rows1", getRows1(), 1)
      .b16("rows0", getRows0(), 1)
      .c16("columns", getColumns(), 1)
      .done();
}

//===----------------------------------------------------------------------===//
// Vector
//===----------------------------------------------------------------------===//

FailureOr<Instruction> VectorConfigOp::toInstruction(std::string &why) {
  return start(*this, Opcode::VectorConfig, why)
      .put(&Instruction::a32, "fromStride0", getFromStride0(), 0, 16)
      .put(&Instruction::a32, "fromStride1", getFromStride1(), 16, 16)
      .put(&Instruction::b32, "toStride0", getToStride0(), 0, 16)
      .put(&Instruction::b32, "toStride1", getToStride1(), 16, 16)
      .done();
}

FailureOr<Instruction> VectorParameterOp::toInstruction(std::string &why) {
  float scale = getScale().convertToFloat();
  return start(*this, Opcode::VectorParameter, why)
      .a32("scale", llvm::bit_cast<uint32_t>(scale))
      .putSigned(&Instruction::a16, "zero", getZero())
      .done();
}

FailureOr<Instruction> VectorTableOp::toInstruction(std::string &why) {
  return start(*this, Opcode::VectorTable, why)
      .local(&Instruction::b32, "from", getFrom(), scratchpad)
      .done();
}

template <typename OpT>
static FailureOr<Instruction> rows(OpT op, Opcode opcode, unsigned to,
                                   unsigned from, std::string &why) {
  return start(op, opcode, why)
      .local(&Instruction::a32, "to", op.getTo(), to)
      .local(&Instruction::b32, "from", op.getFrom(), from)
      .a16("rows1", op.getRows1(), 1)
      .b16("rows0", op.getRows0(), 1)
      .done();
}

FailureOr<Instruction> VectorMapOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorMap, scratchpad, scratchpad, why);
}
FailureOr<Instruction> VectorMaximumOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorMaximum, scratchpad, scratchpad, why);
}
FailureOr<Instruction> VectorSumOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorSum, accumulator, scratchpad, why);
}
FailureOr<Instruction> VectorRealOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorReal, accumulator, scratchpad, why);
}
FailureOr<Instruction> VectorAddRealOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorAddReal, accumulator, accumulator, why);
}
FailureOr<Instruction> VectorMultiplyRealOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorMultiplyReal, accumulator, accumulator, why);
}
FailureOr<Instruction> VectorCopyOp::toInstruction(std::string &why) {
  return rows(*this, Opcode::VectorCopy, scratchpad, scratchpad, why);
}

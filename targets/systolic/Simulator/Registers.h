//===- Registers.h - What configuration instructions set --------*- C++ -*-===//
//
// Both the execution and the timing of a program follow them.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_SYSTOLIC_SIMULATOR_REGISTERS_H
#define TARGETS_SYSTOLIC_SIMULATOR_REGISTERS_H

#include "targets/systolic/Isa/Isa.h"

#include <algorithm>

namespace aicc::systolic {

/// Rows base + i1 stride1 + i0 stride0 for i1 < count1, i0 < count0; of a local
/// memory, or bytes of a segment.
struct Walk {
  int64_t base = 0, stride0 = 0, stride1 = 0;
  uint64_t count0 = 0, count1 = 0;

  /// 65535 x 65535 at most.
  uint64_t rows() const { return count0 * count1; }
  int64_t at(uint64_t i1, uint64_t i0) const {
    return base + int64_t(i1) * stride1 + int64_t(i0) * stride0;
  }
  /// Smallest and largest; the counts must not be zero. Products of 16 and 32
  /// bits, two of them: nothing overflows.
  int64_t lowest() const {
    return base + std::min<int64_t>(0, int64_t(count1 - 1) * stride1) +
           std::min<int64_t>(0, int64_t(count0 - 1) * stride0);
  }
  int64_t highest() const {
    return base + std::max<int64_t>(0, int64_t(count1 - 1) * stride1) +
           std::max<int64_t>(0, int64_t(count0 - 1) * stride0);
  }
};

struct LoadChannel {
  uint32_t segment = 0;
  int32_t stride0 = 0, stride1 = 0;
  uint8_t fill = 0;
  bool flip = false, wide = false;
  uint32_t localStride1 = 0, blockStride = 0;

  unsigned elementBytes() const { return wide ? 4 : 1; }
};

struct LoadRegisters {
  std::array<LoadChannel, 4> channels;

  LoadChannel &channelOf(const Instruction &instruction) {
    return channels[instruction.a16 & 3];
  }
  /// load.config and load.place.
  void apply(const Instruction &instruction) {
    LoadChannel &channel = channelOf(instruction);
    if (instruction.opcode == Opcode::LoadPlace) {
      channel.localStride1 = instruction.a32;
      channel.blockStride = instruction.b32;
      return;
    }
    channel.segment = instruction.b16;
    channel.stride0 = int32_t(instruction.a32);
    channel.stride1 = int32_t(instruction.b32);
    channel.flip = instruction.a16 >> 2 & 1;
    channel.wide = instruction.a16 >> 3 & 1;
    channel.fill = uint8_t(instruction.a16 >> 8);
  }
};

struct StoreRegisters {
  uint32_t segment = 0;
  int32_t stride0 = 0, stride1 = 0;
  uint32_t localStride1 = 0, blockStride = 0, keepStride1 = 0;
  uint32_t scaleStride = 0; ///< Between blocks, of scales and of biases.
  LocalAddress scales;
  uint32_t biases = 0; ///< A row of the accumulator.
  int16_t zero = 0, low = 0, high = 0;
  bool real = false, divide = false, raw = false, flip = false, bias = false;

  /// Real words have no bias.
  bool addsBias() const { return bias && !real; }

  /// store.config, store.place and store.quantize.
  void apply(const Instruction &instruction) {
    switch (instruction.opcode) {
    case Opcode::StoreConfig:
      segment = instruction.b16;
      stride0 = int32_t(instruction.a32);
      stride1 = int32_t(instruction.b32);
      return;
    case Opcode::StorePlace:
      localStride1 = instruction.a32;
      blockStride = instruction.b32;
      keepStride1 = instruction.a16;
      scaleStride = instruction.b16;
      return;
    default:
      scales = LocalAddress{instruction.a32};
      zero = int16_t(instruction.a16);
      low = int16_t(instruction.b16);
      high = int16_t(instruction.c16);
      real = instruction.b32 & 1;
      divide = instruction.b32 >> 1 & 1;
      raw = instruction.b32 >> 2 & 1;
      flip = instruction.b32 >> 3 & 1;
      bias = instruction.b32 >> 4 & 1;
      biases = instruction.b32 >> 8;
      return;
    }
  }
  /// Bytes of an element of store.out in the segment.
  unsigned elementBytes(LocalAddress from) const {
    return raw && from.space() == unsigned(Space::Accumulator) ? 4 : 1;
  }
};

/// The bytes of the segment that load.in and store.out walk over; count1 is in
/// different places.
inline Walk loadedBytes(const LoadChannel &channel,
                        const Instruction &instruction) {
  return {instruction.a32, channel.stride0, channel.stride1, instruction.b16,
          uint64_t(instruction.a16 >> 2)};
}
inline Walk storedBytes(const StoreRegisters &registers,
                        const Instruction &instruction) {
  return {instruction.a32, registers.stride0, registers.stride1,
          instruction.b16, instruction.a16};
}

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_SIMULATOR_REGISTERS_H

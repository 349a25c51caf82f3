//===- Bytes.h - Numbers as bytes -------------------------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_ISA_BYTES_H
#define TARGETS_SYSTOLIC_ISA_BYTES_H

#include "targets/systolic/Isa/Isa.h"

#include <iterator>

namespace aicc::systolic {

inline void putLittleEndian(uint8_t *to, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i)
    to[i] = uint8_t(value >> (8 * i));
}

inline uint64_t getLittleEndian(const uint8_t *from, unsigned bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i)
    value |= uint64_t(from[i]) << (8 * i);
  return value;
}

/// A field of the machine: its name in the assembler, and where it is.
struct MachineField {
  std::string_view name;
  uint32_t MachineConfig::*member;
};

/// In the order of the file.
inline constexpr MachineField machineFields[] = {
    {"rows", &MachineConfig::rows},
    {"cols", &MachineConfig::cols},
    {"scratchpad_rows", &MachineConfig::scratchpadRows},
    {"weight_rows", &MachineConfig::weightRows},
    {"accumulator_rows", &MachineConfig::accumulatorRows},
    {"queue_depth", &MachineConfig::queueDepth},
    {"dram_bytes_per_256_cycles", &MachineConfig::dramBytesPer256Cycles},
    {"dram_access_bytes", &MachineConfig::dramAccessBytes},
    {"dram_is_shared", &MachineConfig::dramIsShared},
    {"dataflows", &MachineConfig::dataflows},
    {"clock_khz", &MachineConfig::clockKhz},
};
inline constexpr unsigned numMachineFields = std::size(machineFields);
inline constexpr unsigned machineBytes = 4 * numMachineFields;

inline std::array<uint8_t, machineBytes>
machineBytesOf(const MachineConfig &machine) {
  std::array<uint8_t, machineBytes> bytes;
  for (unsigned i = 0; i < numMachineFields; ++i)
    putLittleEndian(&bytes[4 * i], machine.*machineFields[i].member, 4);
  return bytes;
}

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_ISA_BYTES_H

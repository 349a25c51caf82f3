//===- MachineTexts.h - Small machine files for tests -----------*- C++ -*-===//

#ifndef TEST_UNIT_ENERGY_MACHINETEXTS_H
#define TEST_UNIT_ENERGY_MACHINETEXTS_H

#include "gtest/gtest.h"

#include <string>

namespace aicc {

/// A whole cpu machine; tests break one thing at a time.
inline constexpr char cpuText[] = R"(family: cpu
name: tiny
source: "a book"
cores: 2
required_feature: avx2
clock_mhz: {value: 3000, source: "a book"}
vector:
  bits: 256
  registers: 16
  fmas_per_cycle: {value: 2, source: "a book"}
  loads_per_cycle: {value: 2, source: "a book"}
  fma_latency_cycles: {value: 5, source: "a book"}
memories:
  - name: l1
    bytes: 32768
    ways: 8
    line_bytes: 64
    bytes_per_cycle: {value: 64, source: "a book"}
    read_pj_per_byte: {value: 2.5, source: "a book", process_nm: 45}
  - name: dram
    bytes: 0
    bytes_per_cycle: {value: 6, source: "a book"}
    read_pj_per_byte: {value: 250, source: "a book"}
energy:
  mac_f32_pj: {value: 4.6, source: "a book", process_nm: 45}
fork_join_cycles: {value: 8000, source: "a book"}
)";

/// An array with all that a memory can say.
inline constexpr char arrayText[] = R"(family: systolic
name: grid
source: "a book"
process_nm: 28
supply_v: 0.9
clock_mhz: {value: 700, source: "a book"}
array:
  axes:
    - {name: x, size: 8}
    - {name: y, size: 4, reduces: true, multicasts: false}
  dataflows: [output_stationary]
  macs_per_cycle: {value: 2, source: "a book"}
  macs_per_cycle_by_type:
    f32: {value: 0.5, source: "a book"}
  gates_zeros: [input]
memories:
  - name: spad
    bytes: 512
    holds: [weight]
    per: [x, y]
    double_buffered: true
    shared_port: true
    access_bytes: 2
    bytes_per_cycle: {value: 1, source: "a book"}
    read_pj_per_byte: {value: 0.5, source: "a book", process_nm: 28}
    write_pj_per_byte: {value: 0.6, source: "a book", process_nm: 28, supply_v: 0.9}
    multicast_pj_per_byte: {value: 0.1, source: "a book"}
    leakage_mw: {value: 3, source: "a book"}
  - name: dram
    bytes: 0
    bytes_per_cycle: {value: 8, source: "a book"}
    read_pj_per_byte: {value: 64, source: "a book"}
energy:
  mac_i8_pj: {value: 0.2, source: "a book", process_nm: 45, supply_v: 1.0}
  hop_pj_per_byte: {value: 0.3, source: "a book"}
  leakage_mw: {value: 10, source: "a book"}
)";

inline constexpr char crossbarText[] = R"(family: imc
name: macro
source: "a book"
clock_mhz: {value: 100, source: "a book"}
crossbar:
  rows: 256
  cols: 128
  instances: 4
  weight_bits: 8
  input_bits: 8
  cell_bits: 2
  cells_per_slice: 2
  input_bits_per_pass: 3
  phases: 2
  columns_per_adc: 8
  adc_bits: 8
  pass_cycles: {value: 5, source: "a book"}
memories:
  - name: cells
    bytes: 1
    holds: [weight]
    per: [instances, rows, cols]
    bytes_per_cycle: {value: 1, source: "a book"}
    read_pj_per_byte: {value: 0, source: "a book"}
  - name: sram
    bytes: 65536
    streams: true
    slides: true
    keeps_zeros: true
    bytes_per_cycle: {value: 32, source: "a book"}
    read_pj_per_byte: {value: 1, source: "a book"}
energy:
  adc_conversion_pj: {value: 1.6667, source: "a book"}
  cell_pj: {value: 0.001, source: "a book"}
)";

/// `text` with the first `from` replaced by `to`.
inline std::string replaced(std::string text, const std::string &from,
                            const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

} // namespace aicc

#endif // TEST_UNIT_ENERGY_MACHINETEXTS_H

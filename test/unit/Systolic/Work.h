//===- Work.h - Random products and convolutions as programs -----*- C++
//-*-===//
//
// Programs as a compiler would write them: tiles, several buffers, tokens, all
// four units at once; and what they must compute, from plain loops.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_UNIT_SYSTOLIC_WORK_H
#define TEST_UNIT_SYSTOLIC_WORK_H

#include "test/unit/Systolic/Testing.h"

namespace aicc::systolic::tests {

/// A machine of random sizes that has room for the work below.
MachineConfig randomMachine(std::mt19937_64 &random);

/// Puts instructions together; each function appends one and returns it, so
/// that tokens can be added.
class Builder {
public:
  Builder(const MachineConfig &machine, unsigned segments);
  Instruction &add(Opcode opcode);

  Instruction &loadConfig(unsigned channel, unsigned segment, int32_t stride0,
                          int32_t stride1 = 0, bool wide = false,
                          uint8_t fill = 0);
  Instruction &loadPlace(unsigned channel, uint32_t stride1, uint32_t block);
  Instruction &loadIn(unsigned channel, uint32_t offset, LocalAddress to,
                      unsigned count0, unsigned count1, unsigned columns);
  Instruction &loadFill(unsigned channel, LocalAddress to, unsigned count0,
                        unsigned count1);
  Instruction &executeConfig(unsigned aStride0, unsigned aStride1,
                             unsigned cStride1);
  Instruction &weights(LocalAddress from, unsigned k, unsigned n);
  Instruction &multiply(LocalAddress a, LocalAddress c, unsigned count0,
                        unsigned count1, unsigned k);
  Instruction &outer(LocalAddress a, LocalAddress b, unsigned rows, bool clear);
  Instruction &flush(LocalAddress c, unsigned m, unsigned n);
  Instruction &storeConfig(unsigned segment, int32_t stride0,
                           int32_t stride1 = 0);
  Instruction &quantize(LocalAddress scales, int zero, int low, int high);
  Instruction &storeOut(uint32_t offset, LocalAddress from, unsigned count0,
                        unsigned count1, unsigned columns);
  Instruction &storeKeep(LocalAddress to, LocalAddress from, unsigned count0,
                         unsigned count1, unsigned columns);
  Instruction &vector(Opcode opcode, LocalAddress to, LocalAddress from,
                      unsigned count0, unsigned count1);

  size_t size() const { return program.instructions.size(); }
  /// With halt.
  Program finish();

private:
  Program program;
};

inline uint8_t bitOf(Queue queue) { return uint8_t(1 << unsigned(queue)); }
/// `giver` gives a token that `taker` takes.
inline void token(Instruction &giver, Instruction &taker) {
  giver.signals |= bitOf(*queueOf(taker.opcode));
  taker.waits |= bitOf(*queueOf(giver.opcode));
}

struct Work {
  Program program;
  std::vector<std::vector<uint8_t>> segments;
  unsigned output = 0; ///< The segment that is written.
  std::vector<uint8_t> expected;
  uint64_t macs = 0;
};

/// M x K by K x N in tiles, weight or output stationary.
Work randomProduct(std::mt19937_64 &random);
/// Two convolutions and a table between them, all on the chip.
Work randomConvolution(std::mt19937_64 &random);

} // namespace aicc::systolic::tests

#endif // TEST_UNIT_SYSTOLIC_WORK_H

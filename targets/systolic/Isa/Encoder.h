//===- Encoder.h - Instructions from numbers --------------------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_ISA_ENCODER_H
#define TARGETS_SYSTOLIC_ISA_ENCODER_H

#include "targets/systolic/Isa/Isa.h"

namespace aicc::systolic {

/// Makes instructions from fields that may have any value, as the compiler has
/// them. Of the first field that does not fit its bits, `error` says which one,
/// what fits and what was found; an instruction with such a field is not to be
/// used. The fields are those of docs/targets/systolic-isa.md, in its order.
class Encoder {
public:
  /// Empty while everything fits.
  const std::string &error() const { return why; }

  Instruction fence();
  Instruction loop(int64_t count, int64_t length);
  Instruction step(int64_t level, int64_t a, int64_t b);

  Instruction loadConfig(int64_t channel, int64_t segment, int64_t stride0,
                         int64_t stride1, int64_t fill, bool flip, bool wide);
  Instruction loadPlace(int64_t channel, int64_t stride1, int64_t block);
  Instruction loadIn(int64_t channel, int64_t offset, LocalAddress to,
                     int64_t rows0, int64_t rows1, int64_t columns);
  Instruction loadFill(int64_t channel, LocalAddress to, int64_t rows0,
                       int64_t rows1);

  Instruction executeConfig(int64_t aStride0, int64_t aStride1,
                            int64_t cStride1);
  Instruction executeWeights(LocalAddress from, int64_t k, int64_t n,
                             bool diagonal = false);
  Instruction executeMultiply(LocalAddress a, LocalAddress c, int64_t rows0,
                              int64_t rows1, int64_t k);
  Instruction executeOuter(LocalAddress a, LocalAddress b, int64_t rows0,
                           int64_t rows1, bool clear);
  Instruction executeFlush(LocalAddress c, int64_t m, int64_t n);

  Instruction storeConfig(int64_t segment, int64_t stride0, int64_t stride1);
  Instruction storePlace(int64_t stride1, int64_t block, int64_t keepStride1,
                         int64_t scaleBlock);
  struct Quantize {
    LocalAddress scales;
    int64_t zero = 0, low = 0, high = 0;
    std::optional<LocalAddress> biases;
    bool isReal = false, divide = false, raw = false, flip = false;
  };
  Instruction storeQuantize(const Quantize &quantize);
  Instruction storeOut(int64_t offset, LocalAddress from, int64_t rows0,
                       int64_t rows1, int64_t columns);
  Instruction storeKeep(LocalAddress to, LocalAddress from, int64_t rows0,
                        int64_t rows1, int64_t columns);

  Instruction vectorConfig(int64_t fromStride0, int64_t fromStride1,
                           int64_t toStride0, int64_t toStride1);
  Instruction vectorParameter(float scale, int64_t zero);
  Instruction vectorTable(LocalAddress from);
  /// `opcode`: one of those from VectorMap on.
  Instruction vectorRows(Opcode opcode, LocalAddress to, LocalAddress from,
                         int64_t rows0, int64_t rows1);

  /// `instruction` with tokens, masks of units; not of its own.
  Instruction withTokens(Instruction instruction, int64_t waits,
                         int64_t signals);

private:
  std::string why;
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_ISA_ENCODER_H

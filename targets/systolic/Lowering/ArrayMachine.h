//===- ArrayMachine.h - A machine file as instructions see it ---*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_ARRAYMACHINE_H
#define TARGETS_SYSTOLIC_LOWERING_ARRAYMACHINE_H

#include "aicc/Energy/Machine.h"
#include "targets/systolic/Isa/Isa.h"

#include <optional>
#include <string>

namespace aicc::systolic {

/// The part that each memory of a machine file plays for the instruction set,
/// by its number in `MachineDesc::memories`; -1: there is none.
struct ArrayMachine {
  MachineConfig config;
  int weightRegisters = -1; ///< In the multipliers.
  int sumRegisters = -1;    ///< There, too.
  int accumulator = -1;
  int scratchpad = -1;
  int weightMemory = -1; ///< -1: weights are in the scratchpad, or streamed.
  /// Weights come from the DRAM straight to the array, through a FIFO of tiles.
  bool streamsWeights = false;
  int dram = -1;
  /// Rows of the scratchpad, from the first on, that tiles may lie in; all of
  /// them where nothing is kept between groups.
  int64_t tileRows = 0;
  /// Rows of the accumulator that hold scales and biases.
  int64_t parameterRows = 0;
  /// Of each column block: one of scales and one of biases.
  static constexpr int64_t parameterRowsOfBlock = 2;
  /// Column blocks whose parameters are there at a time, at most: in two slots.
  int64_t parameterBlocks() const {
    constexpr int64_t slots = 2;
    return parameterRows / (parameterRowsOfBlock * slots);
  }

  bool weightsInScratchpad() const {
    return weightMemory < 0 && !streamsWeights;
  }
  /// The memory whose tiles of weights are loaded.
  int weightHome() const {
    return streamsWeights          ? weightRegisters
           : weightsInScratchpad() ? scratchpad
                                   : weightMemory;
  }

  /// Nothing, and why the instruction set does not fit `machine`, for the user.
  static std::optional<ArrayMachine> get(const MachineDesc &machine,
                                         std::string &why);

  /// `machine` as far as programs use it: the mappings of this machine are
  /// those that can be lowered. Weights stay in the array while rows of inputs
  /// stream by; results leave the accumulator for DRAM; parameters have rows of
  /// the accumulator for themselves; and memories have the sizes of whole rows,
  /// of which `share` may be used, of the scratchpad of `tileRows`.
  /// A tile of weights has at most `weightRows` rows, which move into the array
  /// one a cycle.
  MachineDesc restrict(const MachineDesc &machine, double share,
                       int64_t weightRows) const;
};

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_ARRAYMACHINE_H

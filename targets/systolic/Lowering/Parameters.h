//===- Parameters.h - What programs move besides tiles ----------*- C++ -*-===//

#ifndef TARGETS_SYSTOLIC_LOWERING_PARAMETERS_H
#define TARGETS_SYSTOLIC_LOWERING_PARAMETERS_H

#include "targets/systolic/Lowering/TilePlan.h"

namespace aicc::systolic {

/// Bytes of scales and biases over one run of a program.
struct ParameterBytes {
  double fromDram = 0; ///< In whole accesses.
  double loaded = 0;   ///< Into the accumulator.
  double read = 0;     ///< By stores, once for each instruction.
};

/// They are loaded where the columns that are stored are not those of the store
/// before. Nothing where sums get nothing on their way out.
ParameterBytes parameterBytes(const Product &product,
                              const ArrayMachine &machine,
                              const Mapping &mapping, const TilePlan &plan);

/// Bytes of weights that enter the array again over one run: each pass brings
/// its own, and in the mapping they stay while only rows change. Of a diagonal
/// product without the zeros.
double repeatedWeightBytes(const Product &product, const ArrayMachine &machine,
                           const Mapping &mapping, const TilePlan &plan);

} // namespace aicc::systolic

#endif // TARGETS_SYSTOLIC_LOWERING_PARAMETERS_H

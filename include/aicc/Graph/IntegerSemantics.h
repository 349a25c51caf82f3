//===- IntegerSemantics.h - What ONNX leaves undefined ----------*- C++ -*-===//
//
// ONNX says nothing about integer division by zero, INT_MIN / -1, shifts by
// the width or more, and floats that do not fit an integer type. Here they are
// defined, without traps, once for constant folding; the lowering generates
// the same.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_GRAPH_INTEGERSEMANTICS_H
#define AICC_GRAPH_INTEGERSEMANTICS_H

#include "aicc/Graph/ConstantTensor.h"

namespace aicc {

/// Truncating division; a / 0 = 0, INT_MIN / -1 = INT_MIN (it wraps).
int64_t divInteger(int64_t a, int64_t b, const ElementFormat &format);

/// Remainder with the sign of `a` (C's %); a % 0 = 0, INT_MIN % -1 = 0.
int64_t remInteger(int64_t a, int64_t b, const ElementFormat &format);

/// Remainder with the sign of `b` (Python's %); a % 0 = 0.
int64_t modInteger(int64_t a, int64_t b, const ElementFormat &format);

/// a to the power of b, wrapping. For negative b: 1 / a^-b truncated (0 unless
/// a is 1 or -1; 0 for a = 0).
int64_t powInteger(int64_t a, int64_t b, const ElementFormat &exponent);

/// Shifts by the width or more, or by a negative amount: all bits are shifted
/// out, so 0, or -1 for a negative signed number to the right.
int64_t shiftLeft(int64_t a, int64_t b, const ElementFormat &format);
int64_t shiftRight(int64_t a, int64_t b, const ElementFormat &format);

/// Towards zero; saturates; NaN gives 0. Booleans: value != 0.
int64_t realToInteger(double value, const ElementFormat &format);

} // namespace aicc

#endif // AICC_GRAPH_INTEGERSEMANTICS_H

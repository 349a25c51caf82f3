//===- Workload.h - A loop nest to be costed --------------------*- C++ -*-===//

#ifndef AICC_ENERGY_WORKLOAD_H
#define AICC_ENERGY_WORKLOAD_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace aicc {

/// What an operand is to a machine whose memories hold only some of them.
enum class OperandRole : uint8_t { Input, Weight, Output };

/// What one multiply-accumulate (or operation) of a workload computes with.
enum class Arithmetic : uint8_t { I4, I8, I16, I32, F8, F16, BF16, F32, F64 };

/// "i8": as in the keys of machine files (`mac_i8_pj`) and of counts.
llvm::StringRef stringify(Arithmetic arithmetic);

/// A projected loop nest: what runs, over which operands. Plain data.
///
/// Each operand dimension is indexed by a sum of loop dimensions with
/// coefficients, e.g. the rows of a convolution's input by 2 p + r (stride 2).
struct Workload {
  struct Dim {
    int64_t size = 1;
    bool isReduction = false;
    /// Of dimensions of the model that are walked as one, the size of the
    /// innermost; 0: it is one of its own.
    int64_t innermost = 0;
    bool operator==(const Dim &) const = default;
  };
  /// coefficient * (loop dimension `dim`)
  struct Term {
    unsigned dim = 0;
    int64_t coefficient = 1;
    bool operator==(const Term &) const = default;
  };
  /// A tile in the outermost memory, as what transfers it sees it: a request
  /// for each row of neighbouring bytes. Each is rounded out to `access_bytes`
  /// at both ends, and takes whole cycles.
  struct TileRows {
    /// `stride` bytes times the sum of coefficient x loop dimension.
    struct Axis {
      int64_t stride = 0;
      llvm::SmallVector<Term, 2> terms;
      bool operator==(const Axis &) const = default;
    };
    /// What lies side by side, all but the lanes; innermost last.
    llvm::SmallVector<Axis, 6> axes;
    int lane = -1; ///< The dimension of the elements of a row; -1: of size 1.
    int64_t start = 0; ///< Byte offset of the first element.
    /// Lanes of a row on the chip. Rows that fill one (or several, if
    /// `joinsSeveral`) and follow each other in memory are one request.
    int64_t rowLanes = 1;
    bool joinsSeveral = false;
    int64_t mostLanes = 0;  ///< Of a row in one request; 0: any number.
    int64_t mostJoined = 0; ///< Lanes of rows that are one request together.
    /// Each tile lies by itself, without gaps, at the start of an access; the
    /// strides of `axes` are not read.
    bool isPacked = false;
    bool operator==(const TileRows &) const = default;
  };
  struct Operand {
    OperandRole role = OperandRole::Input;
    /// For each dimension of the tensor, the terms of its index; a dimension
    /// that no loop moves has none.
    llvm::SmallVector<llvm::SmallVector<Term, 2>, 4> index;
    int64_t bits = 32; ///< Of an element, as stored.
    /// Of an element of an output whose reduction is not complete; 0: `bits`.
    int64_t partialBits = 0;
    /// Share of the elements that are stored and moved, in (0, 1].
    double density = 1;

    /// What code for a processor sees besides: elements that one step of each
    /// loop dimension moves through the buffer. A packed constant has 0 or 1
    /// only: its order is free.
    llvm::SmallVector<int64_t, 8> strides;
    bool isPacked = false;
    bool inReduction = false; ///< Read for each reduction step.
    /// How its tiles move between the outermost memory and the chip, where a
    /// family says so; nothing: a tile is one request.
    std::optional<TileRows> rows;
    /// The memory that has all of it before and after the workload runs, as
    /// counted in MachineDesc::memories; -1: the outermost. An inner one keeps
    /// it from one workload to the next: no memory outside of it sees the
    /// operand, and what it takes is no part of the capacity that the machine
    /// states.
    int home = -1;

    bool isOutput() const { return role == OperandRole::Output; }
    int64_t bitsOfPartial() const { return partialBits ? partialBits : bits; }
    bool operator==(const Operand &) const = default;
  };

  llvm::SmallVector<Dim, 8> dims;
  llvm::SmallVector<Operand, 6> operands;
  Arithmetic arithmetic = Arithmetic::F32;
  /// Arithmetic operations at each point of the iteration space (a
  /// multiply-accumulate counts once), and at each point of the results.
  double opsPerPoint = 1;
  double opsPerResult = 0;
  /// The reduction may be split over the lanes of a vector.
  bool lanesMayReduce = false;
  /// Its points are products of bytes that are added to 32-bit sums, the right
  /// factors packed constants with a sign; whether the left ones have one.
  bool isByteProduct = false, leftIsSigned = false;

  bool operator==(const Workload &) const = default;

  /// Points of the iteration space.
  double points() const {
    double product = 1;
    for (const Dim &dim : dims)
      product *= double(dim.size);
    return product;
  }
};

} // namespace aicc

#endif // AICC_ENERGY_WORKLOAD_H

//===- Stripes.h - A region cut along its outermost rows --------*- C++ -*-===//
//
// Stripes of consecutive regions run in turns (`#aicc.stripes`). A stripe is
// the kernel of its region over fewer rows, on windows of the buffers that
// start further on.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_CPU_STRIPES_H
#define TARGETS_CPU_STRIPES_H

#include "aicc/Mapping/RegionModel.h"
#include "aicc/Memory/BufferPlan.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace aicc::cpu {

/// A region with layouts that may run stripe by stripe.
class StripedRegion {
public:
  /// Cuts along dimension `dim` of the root; without it, along the dimension
  /// in which the result's rows lie furthest apart. Fails, with the reason, for
  /// a region whose stripes are not such kernels.
  static mlir::FailureOr<StripedRegion> build(RegionOp region,
                                              const BufferPlan &plan,
                                              std::optional<unsigned> dim,
                                              std::string &why);

  RegionOp op() const { return model.region; }
  unsigned dim() const { return cut; }
  int64_t rows() const { return model.rootSizes[cut]; }
  unsigned numOperands() const { return steps.size(); }
  /// The number of the result, which is the last operand.
  unsigned result() const { return steps.size() - 1; }
  mlir::Value operand(unsigned number) const;
  const BufferRef &ref(unsigned number) const {
    return plan->lookup(operand(number));
  }

  /// The loop nest of a stripe of `rows` rows.
  RegionModel stripe(int64_t rows) const;

  /// Elements of the buffer of operand `number` that rows [begin, end) touch:
  /// the first, and one past the last, from the start of its window.
  struct Span {
    int64_t begin = 0, end = 0;
  };
  Span span(unsigned number, int64_t begin, int64_t end) const;
  /// Elements from row to row of operand `number`; 0 if it has none.
  int64_t step(unsigned number) const { return steps[number]; }

  /// Stripe s is rows [bounds[s], bounds[s + 1]).
  llvm::ArrayRef<int64_t> bounds() const { return cuts; }
  void cutAt(llvm::ArrayRef<int64_t> bounds) {
    cuts.assign(bounds.begin(), bounds.end());
  }
  int64_t rowsOf(size_t stripe) const {
    return cuts[stripe + 1] - cuts[stripe];
  }

private:
  mlir::LogicalResult choose(std::optional<unsigned> dim, std::string &why);
  mlir::LogicalResult computeSteps(std::string &why);

  RegionModel model;
  const BufferPlan *plan = nullptr;
  unsigned cut = 0;
  /// Elements from row to row, by operand.
  llvm::SmallVector<int64_t, 6> steps;
  llvm::SmallVector<int64_t, 8> cuts;
};

/// A buffer of which only the rows are kept that stripes still want. Row r of
/// the whole buffer lies at row r - first[s] while the stripes s run; before
/// them, what is wanted again moves to the start.
struct RollingBuffer {
  unsigned root = 0;
  int64_t rowElements = 0;             ///< From row to row.
  int64_t rows = 0;                    ///< That are kept.
  llvm::SmallVector<int64_t, 8> first; ///< By stripe.
  llvm::SmallVector<int64_t, 8> end;   ///< Past the last row, by stripe.
  /// The padding in it, if any, and the dimension of its rows.
  mlir::tensor::PadOp pad;
  unsigned padDim = 0;
};

/// Regions that run in turns.
class StripeGroup {
public:
  /// Takes regions with bounds. Fails, with the reason, if a stripe would read
  /// what is written after it, or write what is read after it.
  static mlir::FailureOr<StripeGroup> build(std::vector<StripedRegion> regions,
                                            const BufferPlan &plan,
                                            std::string &why);

  size_t numStripes() const { return regions.front().bounds().size() - 1; }
  llvm::ArrayRef<StripedRegion> members() const { return regions; }
  llvm::ArrayRef<RollingBuffer> rolling() const { return buffers; }
  /// Null if the buffer does not roll.
  const RollingBuffer *rollingOf(unsigned root) const;
  /// Elements of the buffer of region k's result that are kept; 0: all.
  int64_t kept(size_t k) const;

  /// Where the window of operand `number` of region k starts in its buffer
  /// while stripe s runs, in elements.
  int64_t windowStart(size_t k, unsigned number, size_t s) const;

  /// Rows of a rolling buffer that move before stripe s runs, in elements.
  struct Move {
    unsigned root = 0;
    int64_t from = 0, elements = 0; ///< To the start.
  };
  llvm::SmallVector<Move> movesBefore(size_t s) const;

private:
  bool mayRun(std::string &why) const;
  void roll(size_t k, const BufferPlan &plan);
  bool isOfGroupOnly(mlir::Value value, unsigned root, const BufferPlan &plan,
                     RollingBuffer &buffer) const;

  std::vector<StripedRegion> regions;
  llvm::SmallVector<RollingBuffer> buffers;
};

} // namespace aicc::cpu

#endif // TARGETS_CPU_STRIPES_H

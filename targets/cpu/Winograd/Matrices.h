//===- Matrices.h - Minimal filtering of three taps -------------*- C++ -*-===//
//
// F(m, 3): m neighbouring results of a filter of three taps by m + 2 products
// instead of 3 m. Winograd, "Arithmetic Complexity of Computations", SIAM 1980;
// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR
// 2016, equations 1 and 8:
//
//   y = A^T [(G g) * (B^T d)]
//
// with the products element by element. In two dimensions each matrix is
// applied to the rows and to the columns.
//
//===----------------------------------------------------------------------===//

#ifndef TARGETS_CPU_WINOGRAD_MATRICES_H
#define TARGETS_CPU_WINOGRAD_MATRICES_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallVector.h"

namespace aicc::cpu {

/// F(m, 3) for an even m, by interpolation at 0, +-1, +-2, +-1/2 ... and
/// infinity.
class MinimalFilter {
public:
  static constexpr int64_t taps = 3;

  explicit MinimalFilter(int64_t results);

  /// m
  int64_t results() const { return m; }
  /// m + 2: of the tile that it reads, and products.
  int64_t size() const { return n; }

  /// G g: `n` numbers from three.
  llvm::SmallVector<double> filter(llvm::ArrayRef<double> g) const;

  /// B^T d: writes the arithmetic that makes `n` values of `n`.
  llvm::SmallVector<mlir::Value> input(mlir::OpBuilder &b, mlir::Location loc,
                                       mlir::ValueRange d) const;
  /// A^T p: `m` values of `n`.
  llvm::SmallVector<mlir::Value> output(mlir::OpBuilder &b, mlir::Location loc,
                                        mlir::ValueRange p) const;

  /// How much larger a rounding error can become in two dimensions, relative
  /// to norms of data and filter: (|A|_F |B|_F |G|_F)^2 (Barabasz, Anderson,
  /// Soodhalter, Gregg, "Error Analysis and Improving the Accuracy of Winograd
  /// Convolution for Deep Neural Networks", ACM TOMS 2020, section 4). It is a
  /// bound; typical errors are hundreds of times smaller.
  double amplification() const;

private:
  /// Coefficients of the product of (x - a) over all finite points but
  /// `without`, lowest first.
  llvm::SmallVector<double> polynomial(int without) const;

  int64_t m, n;
  llvm::SmallVector<double> points; ///< Finite: 0, a, -a, b, -b ...
};

} // namespace aicc::cpu

#endif // TARGETS_CPU_WINOGRAD_MATRICES_H

//===- StructuredBuilder.h - Building the structured stage ------*- C++ -*-===//
//
// Makes the operations of the structured stage from values and shapes: it
// knows linalg and tensor, and nothing of ONNX. Everything is static, element
// types are signless, and only the operations that the stage allows are made.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_ONNX_LOWERING_STRUCTUREDBUILDER_H
#define DIALECTS_ONNX_LOWERING_STRUCTUREDBUILDER_H

#include "dialects/onnx/Lowering/ScalarBuilder.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"

#include <optional>

namespace aicc::onnx {

using Shape = llvm::SmallVector<int64_t>;
using Iterators = llvm::SmallVector<mlir::utils::IteratorType>;

inline mlir::RankedTensorType tensorType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return tensorType(value).getShape();
}
inline int64_t rankOf(mlir::Value value) { return tensorType(value).getRank(); }
inline mlir::Type elementOf(mlir::Value value) {
  return tensorType(value).getElementType();
}

/// How a product of narrow integers reads a factor: widened to i32, less its
/// zero point.
struct Reading {
  bool isUnsigned = false;
  int64_t zeroPoint = 0;
};

/// Those of a left and a right factor; none unless both are narrow integers.
struct Readings {
  std::optional<Reading> x = std::nullopt, w = std::nullopt;
};

/// An input of a generic operation and how the loops index it.
struct Indexed {
  mlir::Value value;
  mlir::AffineMap map;
  std::optional<Reading> reading = std::nullopt; ///< Of integer products.
};

class StructuredBuilder {
public:
  using Body =
      llvm::function_ref<mlir::Value(ScalarBuilder &, mlir::ValueRange)>;
  using BodyN = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      ScalarBuilder &, mlir::ValueRange)>;

  explicit StructuredBuilder(mlir::OpBuilder &b)
      : b(b), loc(b.getUnknownLoc()) {}

  mlir::OpBuilder &b;
  mlir::Location loc; ///< Of everything that is made.

  // Constants. They go to the head of the function.
  mlir::Value constant(mlir::ElementsAttr attr);
  mlir::Value constantNumbers(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                              llvm::ArrayRef<double> values);
  mlir::Value constantIntegers(llvm::ArrayRef<int64_t> shape,
                               mlir::Type element,
                               llvm::ArrayRef<int64_t> values);
  mlir::Value splat(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                    double value);
  /// Where the next constant goes; constants are made in order.
  void setConstantBlock(mlir::Block *block) {
    constantBlock = block;
    lastConstant = nullptr;
  }

  mlir::Value empty(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  mlir::Value filled(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                     mlir::TypedAttr value);
  mlir::Value filled(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                     double value);

  // Views and data movement. Those of constants are constants: weights reach
  // the later stages as one operand that can be packed.
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> perm);
  mlir::Value pad(mlir::Value value, llvm::ArrayRef<int64_t> low,
                  llvm::ArrayRef<int64_t> high, mlir::TypedAttr with);
  mlir::Value slice(mlir::Value value, llvm::ArrayRef<int64_t> offsets,
                    llvm::ArrayRef<int64_t> sizes,
                    llvm::ArrayRef<int64_t> strides = {});
  /// The slice [offset, offset + size) of one axis.
  mlir::Value sliceAxis(mlir::Value value, int64_t axis, int64_t offset,
                        int64_t size);
  mlir::Value insertSlice(mlir::Value value, mlir::Value into,
                          llvm::ArrayRef<int64_t> offsets,
                          llvm::ArrayRef<int64_t> strides = {});
  mlir::Value concat(int64_t axis, mlir::ValueRange values);

  // Computation.

  /// One value an element of `shape`; inputs broadcast as NumPy does. Floats
  /// narrower than 32 bits are computed in f32.
  mlir::Value elementwise(mlir::ValueRange inputs,
                          llvm::ArrayRef<int64_t> shape, mlir::Type element,
                          Body body);
  /// The same with an explicit map for each input.
  mlir::Value elementwise(llvm::ArrayRef<Indexed> inputs,
                          llvm::ArrayRef<int64_t> shape, mlir::Type element,
                          Body body);
  /// x + bias, where the vector `bias` runs along dimension `axis` of x.
  mlir::Value addAlong(mlir::Value x, mlir::Value bias, int64_t axis);
  /// Inputs are copied by their maps: pure data movement.
  mlir::Value gather(llvm::ArrayRef<Indexed> inputs,
                     llvm::ArrayRef<int64_t> shape, mlir::Type element,
                     Body body);
  mlir::Value broadcast(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// Numeric conversion of signless values.
  mlir::Value convert(mlir::Value value, mlir::Type element,
                      bool fromUnsigned = false, bool toUnsigned = false);

  /// Combines `body(element, accumulator)` over `axes`, which disappear.
  mlir::Value reduce(mlir::Value input, llvm::ArrayRef<int64_t> axes,
                     mlir::TypedAttr init, Body body);
  /// Sum over `axes`; narrow floats accumulate in f32, which is returned.
  mlir::Value sum(mlir::Value input, llvm::ArrayRef<int64_t> axes);
  /// A generic with one output that starts as `init`. The body gets the inputs
  /// and then the output's element.
  mlir::Value generic(llvm::ArrayRef<Indexed> inputs, mlir::Value init,
                      mlir::AffineMap outputMap,
                      llvm::ArrayRef<mlir::utils::IteratorType> iterators,
                      Body body);
  /// With several outputs.
  llvm::SmallVector<mlir::Value>
  genericN(llvm::ArrayRef<Indexed> inputs, mlir::ValueRange inits,
           llvm::ArrayRef<mlir::AffineMap> outputMaps,
           llvm::ArrayRef<mlir::utils::IteratorType> iterators, BodyN body);
  /// sum of x * y into a zeroed tensor; narrow floats accumulate in f32 and
  /// are rounded once at the end. With readings the sums are i32.
  mlir::Value contract(Indexed x, Indexed y, llvm::ArrayRef<int64_t> shape,
                       mlir::AffineMap outputMap,
                       llvm::ArrayRef<mlir::utils::IteratorType> iterators);

  // Maps.
  mlir::AffineExpr dim(unsigned i) { return b.getAffineDimExpr(i); }
  mlir::AffineExpr cst(int64_t v) { return b.getAffineConstantExpr(v); }
  mlir::AffineMap map(unsigned loops, llvm::ArrayRef<mlir::AffineExpr> exprs) {
    return mlir::AffineMap::get(loops, 0, exprs, b.getContext());
  }
  mlir::AffineMap identity(unsigned loops) {
    return b.getMultiDimIdentityMap(loops);
  }
  /// How loops over `shape` index a value that broadcasts to it.
  mlir::AffineMap broadcastMap(llvm::ArrayRef<int64_t> from,
                               llvm::ArrayRef<int64_t> shape);

  /// f32 for narrower floats, otherwise the type itself.
  mlir::Type computeType(mlir::Type element);

private:
  /// The constant that is a strided part of constant `value`; null if `value`
  /// is none.
  mlir::Value constantPart(mlir::Value value, llvm::ArrayRef<int64_t> shape,
                           int64_t offset, llvm::ArrayRef<int64_t> strides);

  mlir::Block *constantBlock = nullptr;
  mlir::Operation *lastConstant = nullptr;
};

/// NumPy's broadcast of two shapes; none if they do not go together.
std::optional<Shape> broadcastShapes(llvm::ArrayRef<int64_t> x,
                                     llvm::ArrayRef<int64_t> y);

inline Iterators parallelLoops(unsigned count) {
  return Iterators(count, mlir::utils::IteratorType::parallel);
}
/// `parallel` parallel loops, then `reduction` reduction loops.
Iterators loops(unsigned parallel, unsigned reduction);

int64_t product(llvm::ArrayRef<int64_t> values);

/// The scalar that all elements of a constant share; null if there is none.
mlir::TypedAttr splatOf(mlir::Value value);

} // namespace aicc::onnx

#endif // DIALECTS_ONNX_LOWERING_STRUCTUREDBUILDER_H

//===- ConstantTensor.h - The elements of constants -------------*- C++ -*-===//
//
// Reads and makes the elements of constant tensors. A constant may be a dense
// attribute or a resource that points into a mapped model file: unaligned, and
// not to be copied because it may be most of the model. Every access goes
// through memcpy and every size is checked when the tensor is opened.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_GRAPH_CONSTANTTENSOR_H
#define AICC_GRAPH_CONSTANTTENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace aicc {

/// How an element type is stored and calculated with.
struct ElementFormat {
  enum class Class { Float, Signed, Unsigned, Bool };

  Class kind;
  unsigned bits;  ///< 1 for bool, 4 for int4 and so on.
  unsigned bytes; ///< Of storage; sub-byte integers take a byte each.
  /// Set for floats.
  const llvm::fltSemantics *semantics = nullptr;

  bool isFloat() const { return kind == Class::Float; }
  bool isBool() const { return kind == Class::Bool; }

  /// Nothing for strings, complex numbers and what is no tensor element.
  static std::optional<ElementFormat> get(mlir::Type elementType);
};

/// The product of `shape`, or nothing if it is not static, has a negative
/// dimension, or does not fit into 63 bits.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// A constant of static shape. Cheap to copy: the elements are shared. A splat
/// stores one element, whatever its shape.
class ConstantTensor {
public:
  /// Opens `attr` without copying it (bit-packed booleans and packed int4 are
  /// unpacked). Nothing if the element type has no format, or if a resource
  /// does not hold as many bytes as the type says.
  static std::optional<ConstantTensor> get(mlir::ElementsAttr attr);

  /// Zeros to be filled in by `set*`; a splat if `splat`. `type` must have a
  /// format and a number of elements that fits into memory: callers check it
  /// against their budget first.
  static ConstantTensor make(mlir::RankedTensorType type, bool splat = false);

  /// A 1-D int64 tensor.
  static ConstantTensor makeInts(mlir::MLIRContext *context,
                                 llvm::ArrayRef<int64_t> values);

  mlir::RankedTensorType type() const { return tensorType; }
  llvm::ArrayRef<int64_t> shape() const { return tensorType.getShape(); }
  const ElementFormat &format() const { return elementFormat; }
  int64_t numElements() const { return count; }
  bool isSplat() const { return splat; }

  /// The same elements under another shape of as many elements.
  ConstantTensor withShape(llvm::ArrayRef<int64_t> shape) const;
  /// A splat of another shape. Only for splats.
  ConstantTensor withSplatShape(llvm::ArrayRef<int64_t> shape) const;

  /// Element `i` in row-major order. `real` reads any class (64-bit integers
  /// are rounded to nearest), `integer` reads all but floats; uint64 values
  /// keep their bits.
  double real(int64_t i) const;
  int64_t integer(int64_t i) const;
  /// The bits of storage, for moves.
  uint64_t raw(int64_t i) const;

  /// Stores with rounding to nearest even (floats) or wrapping (integers).
  /// Only on tensors that `make` gave, before they are shared.
  void setReal(int64_t i, double value);
  void setInteger(int64_t i, int64_t value);
  void setRaw(int64_t i, uint64_t bits);

  /// All elements as integers; nothing for floats or more than `limit`.
  std::optional<llvm::SmallVector<int64_t>>
  integers(int64_t limit = 4096) const;

  /// True if every element equals `value` (as a real number).
  bool isAll(double value) const;

  /// As an attribute: dense up to 1 KiB and for splats, else a resource that
  /// holds a copy of the elements. An unchanged `get` gives back its attribute,
  /// a reshaped one shares its resource.
  mlir::ElementsAttr attr(llvm::StringRef resourceName) const;

private:
  ConstantTensor(mlir::RankedTensorType type, ElementFormat format,
                 int64_t count, bool splat)
      : tensorType(type), elementFormat(format), count(count), splat(splat) {}

  int64_t storedElements() const { return splat ? (count ? 1 : 0) : count; }
  void own(std::vector<uint8_t> bytes);

  mlir::RankedTensorType tensorType;
  ElementFormat elementFormat;
  int64_t count;
  bool splat;
  const uint8_t *data = nullptr;
  std::shared_ptr<std::vector<uint8_t>> owned; ///< Null: a view.
  mlir::ElementsAttr origin;                   ///< What `get` opened.
};

/// Rounds `value` to the type of `format`, which is a float.
double roundToFormat(double value, const ElementFormat &format);

/// Wraps `value` to the width of `format`, which is no float. Booleans become
/// 0 or 1.
int64_t wrapToFormat(int64_t value, const ElementFormat &format);

} // namespace aicc

#endif // AICC_GRAPH_CONSTANTTENSOR_H

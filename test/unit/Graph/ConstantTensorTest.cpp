//===- ConstantTensorTest.cpp ---------------------------------------------===//

#include "aicc/Graph/ConstantTensor.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace aicc;
using namespace mlir;

namespace {

class ConstantTensorTest : public testing::Test {
protected:
  RankedTensorType tensor(ArrayRef<int64_t> shape, Type element) {
    return RankedTensorType::get(shape, element);
  }

  /// A resource over `bytes`, which the test keeps alive.
  DenseResourceElementsAttr resource(RankedTensorType type,
                                     ArrayRef<char> bytes) {
    return DenseResourceElementsAttr::get(type, "w",
                                          AsmResourceBlob(
                                              bytes, 1,
                                              [](void *, size_t, size_t) {},
                                              /*dataIsMutable=*/false));
  }

  MLIRContext context;
  Builder b{&context};
};

TEST_F(ConstantTensorTest, ReadsDenseAndSplat) {
  auto type = tensor({2, 2}, b.getF32Type());
  auto dense = DenseElementsAttr::get(type, ArrayRef<float>{1, 2, 3, 4});
  auto opened = ConstantTensor::get(dense);
  ASSERT_TRUE(opened);
  EXPECT_FALSE(opened->isSplat());
  EXPECT_EQ(opened->real(3), 4);
  // An unchanged constant gives back its attribute.
  EXPECT_EQ(opened->attr("x"), dense);

  auto splat = ConstantTensor::get(DenseElementsAttr::get(type, 7.0f));
  ASSERT_TRUE(splat);
  EXPECT_TRUE(splat->isSplat());
  EXPECT_EQ(splat->real(3), 7);
  EXPECT_TRUE(splat->isAll(7));
}

TEST_F(ConstantTensorTest, ReadsUnalignedResourceWithoutCopy) {
  float values[] = {1.5f, -2.5f};
  char storage[9] = {};
  std::memcpy(storage + 1, values, sizeof(values));
  auto attr = resource(tensor({2}, b.getF32Type()),
                       ArrayRef<char>(storage + 1, sizeof(values)));
  auto opened = ConstantTensor::get(attr);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->real(1), -2.5);
  // Another shape shares the resource.
  auto reshaped =
      dyn_cast<DenseResourceElementsAttr>(opened->withShape({1, 2}).attr("x"));
  ASSERT_TRUE(reshaped);
  EXPECT_TRUE(reshaped.getRawHandle() == attr.getRawHandle());
}

TEST_F(ConstantTensorTest, RefusesResourcesOfAnotherSize) {
  char storage[7] = {};
  EXPECT_FALSE(
      ConstantTensor::get(resource(tensor({2}, b.getF32Type()), storage)));
  EXPECT_FALSE(ConstantTensor::get(resource(
      tensor({int64_t(1) << 40, int64_t(1) << 40}, b.getI8Type()), storage)));
}

TEST_F(ConstantTensorTest, Booleans) {
  auto type = tensor({9}, b.getI1Type());
  bool values[] = {true, false, true, false, false, false, false, false, true};
  auto opened =
      ConstantTensor::get(DenseElementsAttr::get(type, ArrayRef<bool>(values)));
  ASSERT_TRUE(opened);
  for (int64_t i = 0; i < 9; ++i)
    EXPECT_EQ(opened->integer(i), values[i]) << i;
  // Any byte but 0 is true in a resource.
  char bytes[9] = {2, 0, 1, 0, 0, 0, 0, 0, -1};
  auto fromBytes = ConstantTensor::get(resource(type, bytes));
  ASSERT_TRUE(fromBytes);
  for (int64_t i = 0; i < 9; ++i)
    EXPECT_EQ(fromBytes->raw(i), values[i] ? 1u : 0u) << i;
  // And back, packed or as a splat.
  ConstantTensor made = ConstantTensor::make(type);
  for (int64_t i = 0; i < 9; ++i)
    made.setInteger(i, values[i]);
  EXPECT_EQ(made.attr("x"),
            DenseElementsAttr::get(type, ArrayRef<bool>(values)));
  ConstantTensor ones = ConstantTensor::make(type, /*splat=*/true);
  ones.setInteger(0, 1);
  EXPECT_EQ(ones.attr("x"), DenseElementsAttr::get(type, true));
}

TEST_F(ConstantTensorTest, PackedInt4) {
  // Low half first, as ONNX packs them.
  char bytes[2] = {char(0xF1), char(0x07)};
  auto opened =
      ConstantTensor::get(resource(tensor({3}, b.getIntegerType(4)), bytes));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->integer(0), 1);
  EXPECT_EQ(opened->integer(1), -1);
  EXPECT_EQ(opened->integer(2), 7);
}

TEST_F(ConstantTensorTest, UnsignedKeepsItsBits) {
  auto type = tensor({2}, b.getIntegerType(64, /*isSigned=*/false));
  ConstantTensor made = ConstantTensor::make(type);
  made.setInteger(0, -1);
  EXPECT_EQ(made.integer(0), -1);
  EXPECT_EQ(made.real(0), std::ldexp(1.0, 64));
}

TEST_F(ConstantTensorTest, RoundsToNarrowFloats) {
  ConstantTensor half = ConstantTensor::make(tensor({3}, b.getF16Type()));
  half.setReal(0, 2049); // Halfway: to even.
  half.setReal(1, 1e9);
  half.setReal(2, std::nan(""));
  EXPECT_EQ(half.real(0), 2048);
  EXPECT_TRUE(std::isinf(half.real(1)));
  EXPECT_TRUE(std::isnan(half.real(2)));
  ConstantTensor bfloat = ConstantTensor::make(tensor({1}, b.getBF16Type()));
  bfloat.setReal(0, 1.00390625);
  EXPECT_EQ(bfloat.real(0), 1);
}

TEST_F(ConstantTensorTest, LargeResultsBecomeResources) {
  ConstantTensor large = ConstantTensor::make(tensor({512}, b.getF32Type()));
  large.setReal(511, 3);
  ElementsAttr attr = large.attr("big");
  ASSERT_TRUE(isa<DenseResourceElementsAttr>(attr));
  auto opened = ConstantTensor::get(attr);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->real(511), 3);
  ConstantTensor small = ConstantTensor::make(tensor({256}, b.getF32Type()));
  EXPECT_TRUE(isa<DenseElementsAttr>(small.attr("small")));
}

TEST_F(ConstantTensorTest, EmptyTensors) {
  auto type = tensor({0, 4}, b.getF32Type());
  ConstantTensor made = ConstantTensor::make(type);
  EXPECT_EQ(made.numElements(), 0);
  auto attr = made.attr("x");
  ASSERT_TRUE(attr);
  auto opened = ConstantTensor::get(attr);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->numElements(), 0);
  EXPECT_FALSE(opened->isAll(0));
}

TEST_F(ConstantTensorTest, CountsWithoutOverflow) {
  EXPECT_EQ(countElements({}), 1);
  EXPECT_EQ(countElements({2, 3}), 6);
  EXPECT_EQ(countElements({int64_t(1) << 40, 0}), 0);
  EXPECT_EQ(countElements({int64_t(1) << 40, int64_t(1) << 40}), std::nullopt);
  EXPECT_EQ(countElements({ShapedType::kDynamic}), std::nullopt);
}

} // namespace

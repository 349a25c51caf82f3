//===- IntegerSemanticsTest.cpp -------------------------------------------===//

#include "aicc/Graph/IntegerSemantics.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace aicc;

namespace {

constexpr int64_t min64 = std::numeric_limits<int64_t>::min();
constexpr int64_t max64 = std::numeric_limits<int64_t>::max();

class IntegerSemanticsTest : public testing::Test {
protected:
  ElementFormat format(unsigned bits, bool isSigned) {
    mlir::Builder b(&context);
    return *ElementFormat::get(isSigned ? b.getIntegerType(bits)
                                        : b.getIntegerType(bits, false));
  }

  mlir::MLIRContext context;
};

TEST_F(IntegerSemanticsTest, DivisionNeverTraps) {
  ElementFormat i64 = format(64, true), i8 = format(8, true),
                u64 = format(64, false);
  EXPECT_EQ(divInteger(-7, 2, i64), -3);
  EXPECT_EQ(divInteger(7, 0, i64), 0);
  EXPECT_EQ(divInteger(min64, -1, i64), min64);
  EXPECT_EQ(wrapToFormat(divInteger(-128, -1, i8), i8), -128);
  // As unsigned, -1 is the largest number.
  EXPECT_EQ(divInteger(-1, 2, u64), max64);
  EXPECT_EQ(divInteger(5, 0, u64), 0);
}

TEST_F(IntegerSemanticsTest, Remainders) {
  ElementFormat i64 = format(64, true), u64 = format(64, false);
  EXPECT_EQ(remInteger(-7, 2, i64), -1);
  EXPECT_EQ(modInteger(-7, 2, i64), 1);
  EXPECT_EQ(modInteger(7, -2, i64), -1);
  EXPECT_EQ(modInteger(-6, 2, i64), 0);
  EXPECT_EQ(remInteger(min64, -1, i64), 0);
  EXPECT_EQ(modInteger(min64, -1, i64), 0);
  EXPECT_EQ(modInteger(3, 0, i64), 0);
  EXPECT_EQ(modInteger(-1, 10, u64), 5); // 2^64 - 1 = ...615.
}

TEST_F(IntegerSemanticsTest, Powers) {
  ElementFormat i64 = format(64, true);
  EXPECT_EQ(powInteger(3, 4, i64), 81);
  EXPECT_EQ(powInteger(-2, 63, i64), min64);
  EXPECT_EQ(powInteger(2, 64, i64), 0);
  EXPECT_EQ(powInteger(0, 0, i64), 1);
  EXPECT_EQ(powInteger(-1, -3, i64), -1);
  EXPECT_EQ(powInteger(5, -1, i64), 0);
  EXPECT_EQ(powInteger(7, max64, i64), powInteger(7, max64 % (1LL << 62), i64));
}

TEST_F(IntegerSemanticsTest, Shifts) {
  ElementFormat u8 = format(8, false), i64 = format(64, true);
  EXPECT_EQ(shiftLeft(1, 7, u8), 128);
  EXPECT_EQ(shiftLeft(1, 8, u8), 0);
  EXPECT_EQ(shiftRight(255, 8, u8), 0);
  EXPECT_EQ(shiftLeft(1, -1, i64), 0);
  EXPECT_EQ(shiftRight(-8, 1, i64), -4);
  EXPECT_EQ(shiftRight(-8, 64, i64), -1);
  EXPECT_EQ(shiftRight(8, -1, i64), 0);
}

TEST_F(IntegerSemanticsTest, FloatsSaturate) {
  double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(realToInteger(1e30, format(64, true)), max64);
  EXPECT_EQ(realToInteger(-infinity, format(64, true)), min64);
  EXPECT_EQ(realToInteger(infinity, format(64, false)), -1);
  EXPECT_EQ(realToInteger(1e19, format(64, false)),
            static_cast<int64_t>(10000000000000000000ULL));
  EXPECT_EQ(realToInteger(-1.5, format(8, false)), 0);
  EXPECT_EQ(realToInteger(300, format(8, false)), 255);
  EXPECT_EQ(realToInteger(127.9, format(8, true)), 127);
  EXPECT_EQ(realToInteger(-128.5, format(8, true)), -128);
  EXPECT_EQ(realToInteger(std::nan(""), format(32, true)), 0);
  EXPECT_EQ(realToInteger(std::nan(""), format(1, true)), 1);
  EXPECT_EQ(realToInteger(0.25, format(1, true)), 1);
}

} // namespace

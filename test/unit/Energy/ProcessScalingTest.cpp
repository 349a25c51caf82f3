//===- ProcessScalingTest.cpp ---------------------------------------------===//

#include "aicc/Energy/ProcessScaling.h"

#include "gtest/gtest.h"

using namespace aicc;

namespace {

TEST(ProcessScaling, PublishedFactors) {
  EXPECT_DOUBLE_EQ(relativeEnergy({65}), 1);
  EXPECT_DOUBLE_EQ(relativeEnergy({130}), 2.52);
  EXPECT_DOUBLE_EQ(relativeEnergy({7}), 0.11);
  EXPECT_DOUBLE_EQ(nominalSupplyV(45), 1.0);
  EXPECT_DOUBLE_EQ(nominalSupplyV(7), 0.7);
  // 7 nm to 28 nm, as the tool's authors give it.
  EXPECT_NEAR(scaleEnergy(1, {7}, {28}), 3.36, 0.005);
  // 5 nm takes 30 % less than 7 nm.
  EXPECT_NEAR(scaleEnergy(1, {7}, {5}), 0.7, 1e-12);
}

TEST(ProcessScaling, NothingMovesOnOnePoint) {
  for (double nm : {5.0, 6.5, 12.0, 16.0, 28.0, 55.0, 130.0}) {
    EXPECT_DOUBLE_EQ(scaleEnergy(3, {nm}, {nm}), 3) << nm;
    EXPECT_DOUBLE_EQ(scaleEnergy(3, {nm, 0.6}, {nm, 0.6}), 3) << nm;
    EXPECT_DOUBLE_EQ(scaleEnergy(3, {nm, nominalSupplyV(nm)}, {nm}), 3) << nm;
  }
}

TEST(ProcessScaling, SmallerProcessesTakeLess) {
  for (double nm = minProcessNm; nm + 0.25 <= maxProcessNm; nm += 0.25) {
    EXPECT_LT(relativeEnergy({nm}), relativeEnergy({nm + 0.25})) << nm;
    EXPECT_LE(nominalSupplyV(nm), nominalSupplyV(nm + 0.25)) << nm;
  }
}

TEST(ProcessScaling, ThereAndBack) {
  for (double from : {5.0, 16.0, 45.0, 130.0})
    for (double to : {7.0, 12.0, 28.0, 90.0}) {
      double there = scaleEnergy(2.5, {from, 0.8}, {to});
      EXPECT_NEAR(scaleEnergy(there, {to}, {from, 0.8}), 2.5, 1e-12);
    }
}

TEST(ProcessScaling, EnergyGrowsWithTheSquareOfTheSupply) {
  EXPECT_NEAR(scaleEnergy(1, {16, 0.4}, {16, 0.8}), 4, 1e-12);
}

} // namespace

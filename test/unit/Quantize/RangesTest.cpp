//===- RangesTest.cpp - Ranges of what a model computes -------------------===//

#include "aicc/Quantize/Ranges.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <vector>

using namespace aicc::quantize;

TEST(Ranges, ExtremesOverSamples) {
  Extremes extremes;
  extremes.add({2.0f, 3.0f});
  extremes.add({});
  extremes.add({2.5f, -1.0f});
  EXPECT_EQ(extremes.low, -1.0f);
  EXPECT_EQ(extremes.high, 3.0f);
  EXPECT_EQ(extremes.elements, 4);
  EXPECT_EQ(extremes.notFinite, 0);
}

TEST(Ranges, WhatIsNotFiniteIsCountedApart) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  Extremes extremes;
  extremes.add({NAN, infinity});
  EXPECT_EQ(extremes.elements, 0);
  extremes.add({5.0f, -infinity});
  EXPECT_EQ(extremes.notFinite, 3);
  EXPECT_EQ(extremes.low, 5.0f);
  EXPECT_EQ(extremes.high, 5.0f);
}

TEST(Ranges, PercentileCutsBothEnds) {
  Extremes extremes;
  std::vector<float> values;
  for (int i = 0; i <= 1000; ++i)
    values.push_back(static_cast<float>(i) / 1000);
  values.push_back(100);
  extremes.add(values);
  Histogram histogram(extremes);
  histogram.add(values);
  double bin = 100.0 / Histogram::numBins;
  auto [low, high] = histogram.percentile(98);
  EXPECT_NEAR(low, 0.01, bin);
  EXPECT_NEAR(high, 0.99, bin);
  auto [least, most] = histogram.percentile(100);
  EXPECT_EQ(least, 0);
  EXPECT_NEAR(most, 100, 1e-9);
}

TEST(Ranges, OneValueIsARange) {
  Extremes extremes;
  std::vector<float> values(10, 7.0f);
  extremes.add(values);
  Histogram histogram(extremes);
  histogram.add(values);
  auto [low, high] = histogram.percentile(99.99);
  EXPECT_EQ(low, 7);
  EXPECT_EQ(high, 7);
}

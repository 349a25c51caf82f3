//===- StridesTest.cpp - Storage orders and reshapes of strided windows ---===//

#include "lib/Memory/CopyRegion.h"

#include "gtest/gtest.h"

using namespace aicc;
using Strides = llvm::SmallVector<int64_t>;

TEST(Strides, DenseInAnOrder) {
  EXPECT_EQ(denseStrides({1, 8, 4, 5}, {0, 1, 2, 3}), (Strides{160, 20, 5, 1}));
  EXPECT_EQ(denseStrides({1, 8, 4, 5}, {0, 2, 3, 1}), (Strides{160, 1, 40, 8}));
}

TEST(Strides, OrderOfStrides) {
  StorageOrder channelsLast = {0, 2, 3, 1};
  EXPECT_EQ(orderOf({1, 8, 4, 5}, {160, 1, 40, 8}), channelsLast);
}

TEST(Strides, ReshapeOfDense) {
  EXPECT_EQ(*reshapeStrides({2, 12}, {12, 1}, {2, 3, 4}), (Strides{12, 4, 1}));
  EXPECT_EQ(*reshapeStrides({2, 3, 4}, {12, 4, 1}, {24}), (Strides{1}));
}

TEST(Strides, ReshapeKeepsGapsBetweenRows) {
  // Rows of 12 inside rows of 20.
  EXPECT_EQ(*reshapeStrides({2, 12}, {20, 1}, {2, 3, 4}), (Strides{20, 4, 1}));
  EXPECT_FALSE(reshapeStrides({2, 12}, {20, 1}, {24}));
  EXPECT_FALSE(reshapeStrides({2, 12}, {20, 1}, {3, 8}));
}

TEST(Strides, ChannelsLastIsNoPlainReshape) {
  // 1x8x4x5 with the channels innermost: spatial dimensions merge, channels
  // do not join them.
  EXPECT_EQ((*reshapeStrides({1, 8, 4, 5}, {160, 1, 40, 8}, {8, 20}))[1], 8);
  EXPECT_FALSE(reshapeStrides({1, 8, 4, 5}, {160, 1, 40, 8}, {160}));
}

//===- PackTest.cpp - Constants in the order they are stored --------------===//

#include "aicc/Codegen/Pack.h"

#include "gtest/gtest.h"

#include <cstring>
#include <random>
#include <vector>

using namespace aicc;

namespace {

struct Case {
  std::vector<int64_t> shape, dims, sizes, steps;
};

/// The definition in AICC_PackAttr, element by element.
template <typename T>
std::vector<T> reference(const Case &c, const std::vector<T> &source) {
  std::vector<T> result;
  int64_t total = 1;
  for (int64_t size : c.sizes)
    total *= size;
  for (int64_t n = 0; n < total; ++n) {
    std::vector<int64_t> position(c.shape.size(), 0);
    int64_t rest = n;
    for (size_t j = c.sizes.size(); j-- > 0; rest /= c.sizes[j])
      position[c.dims[j]] += rest % c.sizes[j] * c.steps[j];
    int64_t from = 0;
    bool inside = true;
    for (size_t d = 0; d < c.shape.size(); ++d) {
      from = from * c.shape[d] + position[d];
      inside = inside && position[d] < c.shape[d];
    }
    result.push_back(inside ? source[from] : T(0));
  }
  return result;
}

template <typename T> void check(const Case &c) {
  int64_t elements = 1;
  for (int64_t extent : c.shape)
    elements *= extent;
  std::vector<T> source(elements);
  for (int64_t i = 0; i < elements; ++i)
    source[i] = static_cast<T>(i * 7 + 1);
  PackLayout layout{c.shape, c.dims, c.sizes, c.steps, sizeof(T)};
  std::vector<char> packed;
  bool good = packStream(
      layout,
      {reinterpret_cast<const char *>(source.data()), elements * sizeof(T)},
      false, [&](llvm::ArrayRef<char> bytes) {
        packed.insert(packed.end(), bytes.begin(), bytes.end());
        return true;
      });
  ASSERT_TRUE(good);
  std::vector<T> expected = reference(c, source);
  ASSERT_EQ(packed.size(), expected.size() * sizeof(T));
  EXPECT_EQ(0, std::memcmp(packed.data(), expected.data(), packed.size()));
}

TEST(PackTest, Layouts) {
  const Case cases[] = {
      {{}, {}, {}, {}},                                   // scalar
      {{5}, {0}, {5}, {1}},                               // identity
      {{4, 6}, {0, 1}, {4, 6}, {1, 1}},                   // identity
      {{4, 6}, {1, 0}, {6, 4}, {1, 1}},                   // transposed
      {{5, 7}, {0, 1, 0}, {3, 7, 2}, {2, 1, 1}},          // blocked, padded
      {{5, 7}, {1, 0, 1}, {2, 5, 4}, {4, 1, 1}},          // blocked, padded
      {{5, 7}, {0, 1, 1, 0}, {2, 2, 4, 4}, {4, 4, 1, 1}}, // both
      {{6, 4, 3, 3}, {0, 2, 3, 1, 0}, {2, 3, 3, 4, 4}, {4, 1, 1, 1, 1}},
      {{9}, {0}, {4}, {3}},             // strided, past the end
      {{0, 4}, {0, 1}, {2, 4}, {1, 1}}, // no elements
  };
  for (const Case &c : cases) {
    check<uint8_t>(c);
    check<uint16_t>(c);
    check<uint32_t>(c);
    check<uint64_t>(c);
  }
}

TEST(PackTest, RandomLayouts) {
  std::mt19937 random(1);
  auto pick = [&](int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random() % (most - least + 1));
  };
  for (int n = 0; n < 300; ++n) {
    Case c;
    for (int64_t rank = pick(1, 4), d = 0; d < rank; ++d)
      c.shape.push_back(pick(1, 9));
    for (int64_t stored = pick(1, 5), j = 0; j < stored; ++j) {
      c.dims.push_back(pick(0, c.shape.size() - 1));
      c.sizes.push_back(pick(1, 6));
      c.steps.push_back(pick(1, 4));
    }
    check<uint32_t>(c);
  }
}

TEST(PackTest, LargerThanAPiece) {
  check<uint32_t>({{3000, 1000}, {1, 0}, {1000, 3000}, {1, 1}});
}

TEST(PackTest, Splat) {
  int64_t shape[] = {3}, dims[] = {0}, sizes[] = {5}, steps[] = {1};
  uint16_t value = 0x1234;
  std::vector<char> packed;
  ASSERT_TRUE(packStream(
      {shape, dims, sizes, steps, 2}, {reinterpret_cast<char *>(&value), 2},
      true, [&](llvm::ArrayRef<char> bytes) {
        packed.insert(packed.end(), bytes.begin(), bytes.end());
        return true;
      }));
  uint16_t expected[] = {value, value, value, 0, 0};
  ASSERT_EQ(packed.size(), sizeof(expected));
  EXPECT_EQ(0, std::memcmp(packed.data(), expected, sizeof(expected)));
}

TEST(PackTest, WrongSizeAndStop) {
  int64_t shape[] = {3}, dims[] = {0}, sizes[] = {3}, steps[] = {1};
  char bytes[12] = {};
  PackLayout layout{shape, dims, sizes, steps, 4};
  auto accept = [](llvm::ArrayRef<char>) { return true; };
  auto refuse = [](llvm::ArrayRef<char>) { return false; };
  EXPECT_TRUE(packStream(layout, bytes, false, accept));
  EXPECT_FALSE(packStream(layout, {bytes, 11}, false, accept));
  EXPECT_FALSE(packStream(layout, bytes, false, refuse));
}

} // namespace

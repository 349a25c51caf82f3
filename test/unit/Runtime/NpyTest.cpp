//===- NpyTest.cpp - numpy's files ----------------------------------------===//

#include "aicc/Runtime/Npy.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <unistd.h>

using namespace aicc;

namespace {

/// A version 1.0 file with this header and these element bytes.
std::string npy(const std::string &header, const std::string &elements,
                char major = 1) {
  std::string text = "\x93NUMPY";
  text += major;
  text += '\0';
  text += static_cast<char>(header.size() & 255);
  text += static_cast<char>(header.size() >> 8);
  if (major > 1)
    text += std::string(2, '\0');
  return text + header + elements;
}

bool parse(const std::string &text, HostTensor &tensor, std::string &error) {
  return parseNpy(text.data(), text.size(), tensor, error);
}

std::string errorOf(const std::string &text) {
  HostTensor tensor;
  std::string error;
  return parse(text, tensor, error) ? "" : error;
}

const std::string good =
    "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }   \n";
const std::string six("\1\0\2\0\3\0\4\0\5\0\6\0", 12);

TEST(NpyTest, Reads) {
  for (char major : {1, 2, 3}) {
    HostTensor tensor;
    std::string error;
    ASSERT_TRUE(parse(npy(good, six, major), tensor, error)) << error;
    EXPECT_EQ(tensor.dtype, AICC_INT16);
    EXPECT_EQ(tensor.shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(tensor.at(4), 5);
  }
}

TEST(NpyTest, ReadsFortranOrder) {
  HostTensor tensor;
  std::string error;
  ASSERT_TRUE(parse(npy("{'shape': (2, 3), 'fortran_order': True, "
                        "\"descr\": '<i2'}\n",
                        six),
                    tensor, error))
      << error;
  // numpy: arange(1, 7).reshape(3, 2).T
  const double expected[] = {1, 3, 5, 2, 4, 6};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(tensor.at(i), expected[i]);
}

TEST(NpyTest, ReadsScalarsAndEmptyArrays) {
  HostTensor tensor;
  std::string error;
  ASSERT_TRUE(
      parse(npy("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", "\7"),
            tensor, error));
  EXPECT_EQ(tensor.elements(), 1);
  EXPECT_EQ(tensor.at(0), 7);
  ASSERT_TRUE(parse(
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3)}", ""),
      tensor, error));
  EXPECT_EQ(tensor.elements(), 0);
}

TEST(NpyTest, RefusesWhatIsNotWhole) {
  EXPECT_EQ(errorOf(""), "not an .npy file");
  EXPECT_EQ(errorOf("\x93NUMPX\1\1\1\1"), "not an .npy file");
  EXPECT_NE(errorOf(npy(good, six + "x")), std::string());
  EXPECT_NE(errorOf(npy(good, six.substr(1))), std::string());
  std::string whole = npy(good, six);
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(errorOf(whole.substr(0, size)), "") << size;
  for (const char *header :
       {"", "{", "{}", "{'descr': '<i2'}",
        "{'descr': '>i2', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2, 3)}",
        "{'descr': '<i2', 'fortran_order': Maybe, 'shape': (2, 3)}",
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2, -3)}",
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2 3)}",
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), 'x': 1}"})
    EXPECT_NE(errorOf(npy(header, six)), "") << header;
  const std::string before =
      "{'descr': '<i2', 'fortran_order': False, 'shape': ";
  for (const char *shape :
       {"(9223372036854775807, 9223372036854775807)", "(99999999999999999999)"})
    EXPECT_NE(errorOf(npy(before + shape + "}", six)), "") << shape;
}

class NpyFileTest : public ::testing::Test {
protected:
  NpyFileTest() {
    char name[] = "/tmp/aicc-npy-XXXXXX";
    close(mkstemp(name));
    path = name;
  }
  ~NpyFileTest() override { std::remove(path.c_str()); }
  std::string path, error;
};

TEST_F(NpyFileTest, WritesWhatItReads) {
  for (aicc_dtype dtype :
       {AICC_BOOL, AICC_INT8, AICC_UINT8, AICC_INT16, AICC_UINT16, AICC_INT32,
        AICC_UINT32, AICC_INT64, AICC_UINT64, AICC_FLOAT16, AICC_BFLOAT16,
        AICC_FLOAT32, AICC_FLOAT64})
    for (const std::vector<int64_t> &shape :
         {std::vector<int64_t>{}, {5}, {2, 3, 4}, {0}}) {
      HostTensor tensor, read;
      ASSERT_TRUE(tensor.allocate(dtype, shape));
      for (size_t i = 0; i < tensor.bytes(); ++i)
        tensor.data()[i] = static_cast<char>(dtype == AICC_BOOL ? i & 1 : i);
      ASSERT_TRUE(writeNpy(path, tensor, error)) << error;
      ASSERT_TRUE(readNpy(path, read, error)) << error;
      EXPECT_EQ(read.dtype, dtype);
      EXPECT_EQ(read.shape, shape);
      EXPECT_TRUE(std::equal(tensor.data(), tensor.data() + tensor.bytes(),
                             read.data()));
    }
}

TEST_F(NpyFileTest, SaysWhyNot) {
  HostTensor tensor;
  EXPECT_FALSE(readNpy("/nowhere/x.npy", tensor, error));
  EXPECT_NE(error.find("No such file"), std::string::npos);
  EXPECT_FALSE(readNpy("/tmp", tensor, error));
  EXPECT_FALSE(writeNpy("/nowhere/x.npy", tensor, error));
  ASSERT_TRUE(tensor.allocate(AICC_FLOAT32, {100000}));
  EXPECT_FALSE(writeNpy("/dev/full", tensor, error));
  EXPECT_NE(error.find("No space"), std::string::npos);
}

/// An archive as numpy.savez writes it.
class NpzTest : public NpyFileTest {
protected:
  /// A zip of one stored entry, in the form numpy writes.
  static std::string archive(const std::string &name, const std::string &data) {
    auto word = [](uint64_t value, int bytes) {
      std::string text;
      for (int i = 0; i < bytes; ++i)
        text += static_cast<char>(value >> (8 * i));
      return text;
    };
    std::string common = word(20, 2) + word(0, 2) + word(0, 2) + word(0, 4) +
                         word(0, 4) + word(data.size(), 4) +
                         word(data.size(), 4) + word(name.size(), 2);
    std::string local = word(0x04034b50, 4) + common + word(0, 2) + name + data;
    std::string central = word(0x02014b50, 4) + word(20, 2) + common +
                          word(0, 2) + word(0, 2) + word(0, 2) + word(0, 2) +
                          word(0, 4) + word(0, 4) + name;
    std::string end = word(0x06054b50, 4) + word(0, 4) + word(1, 2) +
                      word(1, 2) + word(central.size(), 4) +
                      word(local.size(), 4) + word(0, 2);
    return local + central + end;
  }
  void write(const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  std::vector<std::pair<std::string, HostTensor>> tensors;
};

TEST_F(NpzTest, ReadsStored) {
  write(archive("a.npy", npy(good, six)));
  ASSERT_TRUE(readNpz(path, tensors, error)) << error;
  ASSERT_EQ(tensors.size(), 1u);
  EXPECT_EQ(tensors[0].first, "a");
  EXPECT_EQ(tensors[0].second.at(5), 6);
}

TEST_F(NpzTest, SurvivesDamage) {
  std::string whole = archive("a.npy", npy(good, six));
  for (size_t size = 0; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    tensors.clear();
    EXPECT_FALSE(readNpz(path, tensors, error)) << size;
  }
  for (size_t at = 0; at < whole.size(); ++at)
    for (unsigned char flip : {0xff}) {
      std::string damaged = whole;
      damaged[at] ^= flip;
      write(damaged);
      tensors.clear();
      readNpz(path, tensors, error); // Any answer, but no crash.
    }
}

TEST(CompareTest, CountsMismatches) {
  HostTensor actual, expected;
  actual.allocate(AICC_FLOAT32, {6});
  expected.allocate(AICC_FLOAT32, {6});
  const float a[] = {1, 2, NAN, INFINITY, 5, NAN};
  const float e[] = {1, 2.001f, NAN, INFINITY, 6, 1};
  std::memcpy(actual.data(), a, sizeof(a));
  std::memcpy(expected.data(), e, sizeof(e));
  Comparison c = compareTensors(actual, expected, 1e-3, 0);
  EXPECT_EQ(c.elements, 6);
  EXPECT_EQ(c.mismatches, 2);
  EXPECT_EQ(c.worst, 5);
  EXPECT_TRUE(std::isinf(c.maxAbs));
}

TEST(HostTensorTest, HalfPrecision) {
  HostTensor tensor;
  tensor.allocate(AICC_FLOAT16, {6});
  const uint16_t bits[] = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e00, 0x8000};
  std::memcpy(tensor.data(), bits, sizeof(bits));
  EXPECT_EQ(tensor.at(0), 1);
  EXPECT_EQ(tensor.at(1), -2);
  EXPECT_EQ(tensor.at(2), 0x1p-24);
  EXPECT_TRUE(std::isinf(tensor.at(3)));
  EXPECT_TRUE(std::isnan(tensor.at(4)));
  EXPECT_TRUE(std::signbit(tensor.at(5)));
}

} // namespace

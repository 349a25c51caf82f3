//===- WireScannerTest.cpp - The scan before protobuf ---------------------===//

#include "lib/Import/WireScanner.h"

#include "gtest/gtest.h"

using namespace aicc;
using namespace aicc::import;

namespace {

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}

std::string number(unsigned field, uint64_t value) {
  return varint(field << 3) + varint(value);
}

std::string bytes(unsigned field, const std::string &value) {
  return varint((field << 3) | 2) + varint(value.size()) + value;
}

/// A model whose graph has one initialiser with these fields.
std::string modelWithTensor(const std::string &tensor) {
  return number(1, 8) + bytes(7, bytes(5, tensor));
}

class WireScannerTest : public testing::Test {
protected:
  std::optional<ScanResult> scan(const std::string &text) {
    return scanModel(
        llvm::ArrayRef(reinterpret_cast<const uint8_t *>(text.data()),
                       text.size()),
        limits, error);
  }

  Limits limits;
  ScanError error{ErrorCode::Internal, ""};
};

TEST_F(WireScannerTest, KeepsWhatItKnows) {
  auto result = scan(number(1, 8) + bytes(2, "producer"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->proto, number(1, 8) + bytes(2, "producer"));
  EXPECT_TRUE(result->cuts.empty());
}

TEST_F(WireScannerTest, DropsDocumentationAndUnknownFields) {
  auto result = scan(number(1, 8) + bytes(6, "doc") + bytes(99, "new"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->proto, number(1, 8));
}

TEST_F(WireScannerTest, SmallTensorsStayInTheMessage) {
  std::string data(kInlineTensorBytes, 'x');
  auto result = scan(modelWithTensor(bytes(9, data)));
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->cuts.empty());
}

TEST_F(WireScannerTest, LargeTensorsStayInTheFile) {
  std::string text = modelWithTensor(
      number(2, 1) + bytes(9, std::string(kInlineTensorBytes + 1, 'x')));
  auto result = scan(text);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->cuts.size(), 1u);
  EXPECT_EQ(result->cuts[0].field, 9);
  EXPECT_EQ(result->cuts[0].data.size(), kInlineTensorBytes + 1);
  // Points into the input, not into a copy.
  EXPECT_GE(reinterpret_cast<const char *>(result->cuts[0].data.data()),
            text.data());
  EXPECT_LT(result->proto.size(), 64u);
  EXPECT_NE(result->proto.find("aicc.cut:0"), std::string::npos);
}

TEST_F(WireScannerTest, AModelCannotForgeACut) {
  auto result = scan(modelWithTensor(bytes(12, "aicc.cut:0")));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->proto.find("aicc.cut"), std::string::npos);
}

TEST_F(WireScannerTest, TwoDataFieldsAreNotCut) {
  std::string data(kInlineTensorBytes + 1, 'x');
  auto result = scan(modelWithTensor(bytes(9, data) + bytes(9, data)));
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->cuts.empty());
}

TEST_F(WireScannerTest, RefusesWhatIsNotProtobuf) {
  for (const std::string &text :
       {std::string(), std::string("\x08"), std::string("\x08\xff"),
        number(0, 1), varint((7 << 3) | 2) + varint(100) + "short",
        varint((7 << 3) | 3), std::string(11, '\xff')}) {
    EXPECT_FALSE(scan(text));
    EXPECT_EQ(error.code, ErrorCode::Parse);
    EXPECT_FALSE(error.message.empty());
  }
}

TEST_F(WireScannerTest, RefusesWrongWireTypes) {
  EXPECT_FALSE(scan(bytes(1, "ir version as bytes")));
  EXPECT_EQ(error.code, ErrorCode::Parse);
}

TEST_F(WireScannerTest, RefusesNamesThatAreNotUtf8) {
  EXPECT_FALSE(scan(bytes(2, "\xc3\x28")));
  EXPECT_EQ(error.code, ErrorCode::Parse);
}

TEST_F(WireScannerTest, RefusesDeepNesting) {
  std::string graph;
  for (int i = 0; i < 60; ++i) // graph <- attribute <- node, again and again
    graph = bytes(1, bytes(5, bytes(6, graph)));
  EXPECT_FALSE(scan(bytes(7, graph)));
  EXPECT_EQ(error.code, ErrorCode::Parse);
}

TEST_F(WireScannerTest, LimitsWhatIsKept) {
  limits.maxProtoBytes = 100;
  EXPECT_FALSE(scan(bytes(2, std::string(200, 'p'))));
  EXPECT_EQ(error.code, ErrorCode::Limit);
  // What is dropped does not count.
  EXPECT_TRUE(scan(number(1, 8) + bytes(6, std::string(200, 'd'))));
}

TEST(ReadVarintTest, EndsWhereItShould) {
  const uint8_t bytes[] = {0xac, 0x02, 0x01};
  const uint8_t *p = bytes;
  uint64_t value = 0;
  EXPECT_TRUE(readVarint(p, bytes + 3, value));
  EXPECT_EQ(value, 300u);
  EXPECT_EQ(p, bytes + 2);
  p = bytes;
  EXPECT_FALSE(readVarint(p, bytes + 1, value));
}

} // namespace

//===- SemanticsTest.cpp - Each instruction beside plain loops ------------===//

#include "targets/systolic/Simulator/Kernels.h"
#include "test/unit/Systolic/Testing.h"

#include <bit>
#include <cmath>

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

std::vector<uint8_t> randomBytes(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t &byte : bytes)
    byte = uint8_t(random());
  return bytes;
}

/// Puts the first `rows` rows of 6 bytes of segment 0 in the scratchpad, and
/// the first rows of 6 words of segment 1 in the accumulator.
std::string prologue(unsigned rows) {
  std::string count = std::to_string(rows) + "x1";
  return "load.config channel=0 segment=0 stride0=6\n"
         "load.config channel=1 segment=1 stride0=24 wide=1\n"
         "load.in channel=0 to=sp[0] rows=" +
         count +
         " columns=6\n"
         "load.in channel=1 to=acc[0] rows=" +
         count +
         " columns=6\n"
         "fence\n";
}

/// Writes `rows` rows from the scratchpad to segment 2 as they are.
std::string bytesOut(unsigned from, unsigned rows) {
  return "fence\nstore.config segment=2 stride0=6\n"
         "store.out from=sp[" +
         std::to_string(from) + "] rows=" + std::to_string(rows) +
         "x1 columns=6\n";
}
std::string wordsOut(unsigned from, unsigned rows) {
  return "fence\nstore.config segment=2 stride0=24\nstore.quantize raw=1\n"
         "store.out from=acc[" +
         std::to_string(from) + "] rows=" + std::to_string(rows) +
         "x1 columns=6\n";
}

/// After the prologue of `rows` rows of random numbers.
struct Tried {
  explicit Tried(const std::string &lines, unsigned rows = 40,
                 uint64_t seed = 1) {
    run.segment(randomBytes(6 * rows, seed))
        .segment(randomBytes(24 * rows, seed + 1))
        .segment(std::vector<uint8_t>(4096, 0xee));
    EXPECT_TRUE(run.text(prologue(rows) + lines)) << run.error;
  }
  int8_t byte(unsigned row, unsigned lane) const {
    return int8_t(run.segments[0][6 * row + lane]);
  }
  int32_t word(unsigned row, unsigned lane) const {
    return int32_t(wordAt(run.segments[1], 6 * row + lane));
  }
  int8_t byteOut(unsigned row, unsigned lane) const {
    return int8_t(run.segments[2][6 * row + lane]);
  }
  int32_t wordOut(unsigned row, unsigned lane) const {
    return int32_t(wordAt(run.segments[2], 6 * row + lane));
  }
  const Counts &counts() const { return run.result.counts; }
  Launch run;
};

TEST(SystolicSemantics, LoadAndStoreInBlocks) {
  // 2 x 3 rows of 8 columns: blocks of 6 and of 2. Offsets run backwards in i1.
  Launch run;
  run.segment(randomBytes(400, 3)).segment(std::vector<uint8_t>(400, 0xee));
  ASSERT_TRUE(run.text("load.config segment=0 stride0=11 stride1=-50 flip=1\n"
                       "load.place stride1=4 block=20\n"
                       "load.in offset=60 to=sp[1] rows=3x2 columns=8\n"
                       "fence\n"
                       "store.config segment=1 stride0=6\n"
                       "store.out offset=100 from=sp[21] rows=3x1 columns=6\n"
                       "store.config segment=1 stride0=8\n"
                       "store.place block=20 stride1=4\n"
                       "store.config segment=1 stride0=8 stride1=24\n"
                       "store.out offset=200 from=sp[1] rows=3x2 columns=8\n"
                       "store.quantize flip=1\n"
                       "store.out offset=300 from=sp[5] rows=3x1 columns=8"))
      << run.error;
  const std::vector<uint8_t> &from = run.segments[0], &to = run.segments[1];
  for (unsigned i1 = 0; i1 < 2; ++i1)
    for (unsigned i0 = 0; i0 < 3; ++i0)
      for (unsigned j = 0; j < 8; ++j) {
        uint8_t byte = from[60 + 11 * i0 - 50 * i1 + j];
        EXPECT_EQ(to[200 + 24 * i1 + 8 * i0 + j], byte ^ 0x80);
        if (i1 == 1)
          EXPECT_EQ(to[300 + 8 * i0 + j], byte);
        if (i1 == 0 && j >= 6)
          EXPECT_EQ(to[100 + 6 * i0 + j - 6], byte ^ 0x80);
        if (j >= 2 && j < 6) // Behind the last column of the second block.
          EXPECT_EQ(to[100 + 6 * i0 + j], 0);
      }
  EXPECT_EQ(to[324], 0xee);
  const Counts &counts = run.result.counts;
  EXPECT_EQ(counts.loadedBytes, 48u);
  EXPECT_EQ(counts.storedBytes, 18u + 48 + 24);
  EXPECT_EQ(counts.scratchpadWriteBytes, 48u);
  EXPECT_EQ(counts.scratchpadReadBytes, 90u);
  EXPECT_EQ(counts.instructions[unsigned(Opcode::StoreOut)], 3u);
}

TEST(SystolicSemantics, WideLoadsAdd) {
  Tried tried("load.in channel=1 to=acc[3]+ rows=2x1 columns=4\n" +
              wordsOut(3, 2));
  for (unsigned i = 0; i < 2; ++i)
    for (unsigned j = 0; j < 6; ++j) {
      uint32_t added = j < 4 ? uint32_t(tried.word(i, j)) : 0;
      EXPECT_EQ(uint32_t(tried.wordOut(i, j)),
                uint32_t(tried.word(3 + i, j)) + added);
    }
}

/// Words that stay words, with a bias for each column of two blocks.
TEST(SystolicSemantics, RawWithBias) {
  Tried tried("fence\nstore.config segment=2 stride0=40\n"
              "store.place block=5 scale_block=2\n"
              "store.quantize raw=1 bias=1 biases=20\n"
              "store.out from=acc[0] rows=3x1 columns=10");
  for (unsigned row = 0; row < 3; ++row)
    for (unsigned j = 0; j < 10; ++j) {
      unsigned block = j / 6, lane = j % 6;
      uint32_t expected = uint32_t(tried.word(row + 5 * block, lane)) +
                          uint32_t(tried.word(20 + 2 * block, lane));
      EXPECT_EQ(uint32_t(wordAt(tried.run.segments[2], 10 * row + j)),
                expected);
    }
  EXPECT_EQ(tried.counts().quantizedElements, 0u);
}

TEST(SystolicSemantics, Fill) {
  Tried tried(
      "load.config channel=2 fill=0xab\nload.place channel=2 stride1=5\n"
      "load.fill channel=2 to=sp[2] rows=2x2\n"
      "load.fill channel=2 to=acc[1] rows=1x1\n" +
      bytesOut(0, 10) +
      "store.config segment=2 stride0=24\nstore.quantize raw=1\n"
      "store.out offset=240 from=acc[0] rows=2x1 columns=6");
  for (unsigned row = 0; row < 10; ++row) {
    bool filled = row == 2 || row == 3 || row == 7 || row == 8;
    for (unsigned j = 0; j < 6; ++j)
      EXPECT_EQ(tried.byteOut(row, j),
                filled ? int8_t(0xab) : tried.byte(row, j));
  }
  for (unsigned j = 0; j < 6; ++j) {
    EXPECT_EQ(tried.wordOut(10, j), tried.word(0, j));
    EXPECT_EQ(tried.wordOut(11, j), 0);
  }
  EXPECT_EQ(tried.counts().filledRows, 5u);
}

/// All k, n, with and without adding, over a pattern of 2 x 3 rows.
TEST(SystolicSemantics, Multiply) {
  for (unsigned k = 1; k <= 4; ++k)
    for (unsigned n = 1; n <= 6; ++n)
      for (bool adds : {false, true}) {
        Tried tried("execute.config a_stride0=2 a_stride1=5 c_stride1=4\n"
                    "execute.weights from=sp[30] k=4 n=" +
                        std::to_string(n) +
                        "\nexecute.multiply a=sp[1] c=acc[2]" +
                        (adds ? "+" : "") + " rows=3x2 k=" + std::to_string(k) +
                        "\n" + wordsOut(0, 12),
                    40, k + 10 * n);
        for (unsigned row = 0; row < 12; ++row) {
          int i1 = (int(row) - 2) / 4, i0 = (int(row) - 2) % 4;
          bool written = row >= 2 && i1 < 2 && i0 < 3;
          for (unsigned j = 0; j < 6; ++j) {
            int32_t expected = written && !adds ? 0 : tried.word(row, j);
            for (unsigned l = 0; written && j < n && l < k; ++l)
              expected = int32_t(uint32_t(expected) +
                                 tried.byte(1 + 5 * i1 + 2 * i0, l) *
                                     tried.byte(30 + l, j));
            ASSERT_EQ(tried.wordOut(row, j), expected)
                << k << " " << n << " " << adds << " " << row << " " << j;
          }
        }
        const Counts &counts = tried.counts();
        EXPECT_EQ(counts.macs, 6u * k * n);
        EXPECT_EQ(counts.arrayCycles, 6u);
        EXPECT_EQ(counts.weightRegisterReadBytes, 6u * k * n);
        EXPECT_EQ(counts.weightRegisterWriteBytes, 4u * n);
        EXPECT_EQ(counts.scratchpadReadBytes, 4u * n + 6 * k);
        EXPECT_EQ(counts.accumulatorReadBytes,
                  4u * 6 * 12 + (adds ? 4u * 6 * n : 0));
        EXPECT_EQ(counts.accumulatorWriteBytes, 24u * 40 + 4u * 6 * n);
      }
}

/// One row of weights for each channel's own product.
TEST(SystolicSemantics, DiagonalWeights) {
  // 2 rows of 4 channels, then their 3 weights.
  Launch run;
  run.segment({1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30})
      .segment(std::vector<uint8_t>(2 * 4 * 4));
  ASSERT_TRUE(
      run.text("load.config channel=0 segment=0 stride0=4\n"
               "load.in channel=0 to=sp[0] rows=2x1 columns=4\n"
               "load.in channel=0 offset=8 to=sp[8] rows=1x1 columns=3 "
               "signal=execute\n"
               "execute.config a_stride0=1\n"
               "execute.weights from=sp[8] k=4 n=3 diagonal=1 wait=load\n"
               "execute.multiply a=sp[0] c=acc[0] rows=2x1 k=4 "
               "signal=store\n"
               "store.config segment=1 stride0=16\n"
               "store.quantize raw=1\n"
               "store.out from=acc[0] rows=2x1 columns=4 wait=execute\n"))
      << run.error;
  const uint32_t expected[] = {10, 40, 90, 0, 50, 120, 210, 0};
  for (size_t i = 0; i < std::size(expected); ++i)
    EXPECT_EQ(wordAt(run.segments[1], i), expected[i]) << i;
  // Two rows of four lanes, and one row of three weights.
  EXPECT_EQ(run.result.counts.scratchpadReadBytes, 2u * 4 + 3);
  EXPECT_EQ(run.result.counts.weightRegisterWriteBytes, 4u * 3);
}

TEST(SystolicSemantics, OuterProducts) {
  for (unsigned m = 1; m <= 4; ++m)
    for (unsigned n = 1; n <= 6; ++n)
      for (bool adds : {false, true}) {
        Tried tried("execute.config a_stride0=1 a_stride1=7\n"
                    "execute.outer a=sp[2] b=sp[20] rows=3x2 clear=1\n"
                    "execute.outer a=sp[1] b=sp[30] rows=2x1\n"
                    "execute.flush c=acc[4]" +
                        std::string(adds ? "+" : "") +
                        " m=" + std::to_string(m) + " n=" + std::to_string(n) +
                        "\n" + wordsOut(0, 9),
                    40, m + 10 * n);
        for (unsigned row = 0; row < 9; ++row)
          for (unsigned j = 0; j < 6; ++j) {
            unsigned i = row - 4;
            bool written = row >= 4 && i < m;
            int32_t expected = written && !adds ? 0 : tried.word(row, j);
            auto add = [&](unsigned a, unsigned b) {
              if (written && j < n)
                expected = int32_t(uint32_t(expected) +
                                   tried.byte(a, i) * tried.byte(b, j));
            };
            for (unsigned r = 0; r < 6; ++r)
              add(2 + r / 3 * 7 + r % 3, 20 + r);
            for (unsigned r = 0; r < 2; ++r)
              add(1 + r, 30 + r);
            ASSERT_EQ(tried.wordOut(row, j), expected);
          }
        EXPECT_EQ(tried.counts().macs, 8u * m * n);
        EXPECT_EQ(tried.counts().sumRegisterReadBytes, 4u * 9 * m * n);
        EXPECT_EQ(tried.counts().sumRegisterWriteBytes, 4u * 8 * m * n);
      }
}

TEST(SystolicSemantics, Quantize) {
  // Scales that matter, and words at the ties.
  std::vector<uint32_t> scales = {
      0x3f000000, 0x3c23d70a, 0xbf800000, 0x7f800000, 0x7fc00000, 0x00000001,
      0x3dcccccd, 0x40490fdb, 0x00000000, 0x80000000, 0x33800000, 0x4f000000};
  std::vector<uint32_t> words = {
      0,          1,          2,          3,          5,          0xffffffff,
      0xfffffffd, 0x7fffffff, 0x80000000, 0x01000001, 0x00800001, 255,
      0x3f000000, 0x3fc00000, 0x7f800000, 0xff800000, 0x7fc00000, 0x80000000,
      0xbf000000, 0xc0200000, 0x4b800001, 0x00000001, 0x437f8000, 0xc3008000};
  std::vector<uint8_t> wordBytes;
  for (uint32_t word : scales)
    appendWord(wordBytes, word);
  // Every word below every scale: 12 rows of two blocks.
  for (unsigned shift = 0; shift < 12; ++shift)
    for (unsigned j = 0; j < 12; ++j)
      appendWord(wordBytes, words[(j + shift) % 12]);
  for (unsigned shift = 0; shift < 12; ++shift)
    for (unsigned j = 0; j < 12; ++j)
      appendWord(wordBytes, words[12 + (j + shift) % 12]);
  for (unsigned options = 0; options < 16; ++options) {
    bool real = options & 1, divide = options & 2, flip = options & 4,
         bias = options & 8;
    int zero = options * 17 - 60, low = -128 + int(options), high = 120;
    if (flip)
      low = -20, high = 235;
    Launch run;
    run.segment(wordBytes).segment(std::vector<uint8_t>(12 * 24 + 12 * 5));
    ASSERT_TRUE(
        run.text("load.config wide=1 stride0=48\nload.place block=30\n"
                 "load.in to=acc[0] rows=25x1 columns=12\nfence\n"
                 // The bits of the scales serve as biases too.
                 "load.in offset=24 to=acc[60] rows=1x1 columns=6\n"
                 "load.in offset=0 to=acc[58] rows=1x1 columns=6\n"
                 "load.in offset=24 to=acc[59] rows=1x1 columns=6\n"
                 "load.in offset=0 to=acc[57] rows=1x1 columns=6\nfence\n"
                 "store.config segment=1 stride0=12\n"
                 "store.place block=30 scale_block=2\n"
                 "store.quantize scales=acc[58] biases=57 zero=" +
                 std::to_string(zero) + " low=" + std::to_string(low) +
                 " high=" + std::to_string(high) + (real ? " real=1" : "") +
                 (divide ? " divide=1" : "") + (flip ? " flip=1" : "") +
                 (bias ? " bias=1" : "") +
                 "\nstore.out from=acc[1] rows=24x1 columns=12\n"
                 "store.keep to=sp[3] from=acc[1] rows=12x1 columns=5\nfence\n"
                 "store.config segment=1 stride0=5\nstore.quantize\n"
                 "store.out offset=288 from=sp[3] rows=12x1 columns=5"))
        << run.error;
    for (unsigned row = 0; row < 24; ++row)
      for (unsigned j = 0; j < 12; ++j) {
        uint32_t sum = wordAt(wordBytes, 12 * (row + 1) + j);
        if (bias && !real)
          sum += scales[j];
        int32_t word = int32_t(sum);
        uint8_t expected =
            quantizedByte(word, scales[j], real, divide, zero, low, high, flip);
        ASSERT_EQ(run.segments[1][12 * row + j], expected)
            << std::hex << word << " " << scales[j] << " " << options;
        if (row < 12 && j < 5)
          ASSERT_EQ(run.segments[1][288 + 5 * row + j], expected);
      }
    EXPECT_EQ(run.result.counts.quantizedElements, 24u * 12 + 12 * 5);
  }
}

TEST(SystolicSemantics, VectorBytes) {
  std::string config = "vector.config from_stride0=1 from_stride1=3 "
                       "to_stride0=2 to_stride1=1\n";
  for (unsigned kind = 0; kind < 3; ++kind) {
    const char *names[] = {"map", "max", "copy"};
    // A table of 43 rows behind the operands.
    Tried tried("vector.table from=sp[20]\n" + config + "vector." +
                    names[kind] + " to=sp[10] from=sp[1] rows=2x2\n" +
                    bytesOut(0, 20),
                64, kind);
    // In order: rows 10, 12, 11, 13.
    std::vector<std::pair<unsigned, unsigned>> moves = {
        {10, 1}, {12, 2}, {11, 4}, {13, 5}};
    for (auto [to, from] : moves)
      for (unsigned j = 0; j < 6; ++j) {
        int8_t source = tried.byte(from, j), old = tried.byte(to, j);
        unsigned at = uint8_t(source);
        int8_t expected[] = {tried.byte(20 + at / 6, at % 6),
                             std::max(source, old), source};
        EXPECT_EQ(tried.byteOut(to, j), expected[kind]);
      }
    EXPECT_EQ(tried.byteOut(9, 0), tried.byte(9, 0));
    EXPECT_EQ(tried.byteOut(14, 0), tried.byte(14, 0));
    EXPECT_EQ(tried.counts().vectorLaneOps, 24u);
  }
}

TEST(SystolicSemantics, VectorWords) {
  std::string config = "vector.config from_stride0=1 to_stride0=1\n"
                       "vector.parameter scale=0.1 zero=-7\n";
  for (unsigned kind = 0; kind < 4; ++kind) {
    const char *names[] = {"sum", "real", "addf", "mulf"};
    Tried tried(config + "vector." + names[kind] +
                    " to=acc[10] from=" + (kind < 2 ? "sp" : "acc") +
                    "[1] rows=3x1\n" + wordsOut(9, 5),
                40, 5 + kind);
    for (unsigned i = 0; i < 5; ++i)
      for (unsigned j = 0; j < 6; ++j) {
        int32_t old = tried.word(9 + i, j), other = tried.word(i, j);
        int8_t byte = tried.byte(i, j);
        float a = std::bit_cast<float>(old), b = std::bit_cast<float>(other);
        volatile float real = float(byte + 7) * 0.1f, sum = a + b,
                       product = a * b;
        int32_t expected[] = {int32_t(uint32_t(old) + byte),
                              std::bit_cast<int32_t>(float(real)),
                              std::bit_cast<int32_t>(float(sum)),
                              std::bit_cast<int32_t>(float(product))};
        bool written = i >= 1 && i < 4;
        // Which NaN comes out is not specified.
        float found = std::bit_cast<float>(tried.wordOut(i, j));
        if (written && kind >= 2 && std::isnan(kind == 2 ? sum : product))
          EXPECT_TRUE(std::isnan(found));
        else
          EXPECT_EQ(tried.wordOut(i, j), written ? expected[kind] : old);
      }
  }
}

/// What an entry left in the scratchpad is there for the next ones; all else is
/// gone, and with `forget` that, too.
TEST(SystolicSemantics, TheScratchpadStaysBetweenEntries) {
  Launch run;
  std::string error;
  std::optional<Program> program =
      assemble(machineText(run.machine) +
                   ".entry \"a\" segments=0\nload.fill to=sp[0] rows=1x1\n"
                   "load.fill to=acc[0] rows=1x1\nhalt\n"
                   ".entry \"b\" segments=0\nvector.copy to=sp[1] from=sp[0] "
                   "rows=1x1\nhalt\n"
                   ".entry \"c\" segments=0\nvector.sum to=acc[0] from=sp[1] "
                   "rows=1x1\nhalt\n",
               error);
  ASSERT_TRUE(program) << error;
  std::unique_ptr<Simulator> simulator = Simulator::create(run.machine, error);
  ASSERT_TRUE(simulator && simulator->load(*program, error)) << error;
  auto runs = [&](unsigned entry) {
    return simulator->run(entry, nullptr, 0, run.result, error);
  };
  EXPECT_FALSE(runs(1));
  EXPECT_TRUE(runs(0)) << error;
  EXPECT_TRUE(runs(1)) << error;
  EXPECT_FALSE(runs(2));
  EXPECT_EQ(error, "instruction 5 (vector.sum): reads accumulator row 0, which "
                   "nothing wrote");
  simulator->forget();
  EXPECT_FALSE(runs(1));
  EXPECT_EQ(error, "instruction 3 (vector.copy): reads scratchpad row 0, which "
                   "nothing wrote");
}

/// Each set of kernels gives what the plain loops give, at every size around
/// the blocks.
TEST(SystolicSemantics, KernelsOfEveryHost) {
  std::mt19937_64 random(1);
  for (const Kernels &kernels : supportedKernels())
    for (unsigned trial = 0; trial < 200; ++trial) {
      size_t count = 1 + random() % 10, k = 1 + random() % 20;
      size_t cols = 1 + random() % 40, padded = (cols + 15) / 16 * 16;
      std::vector<int8_t> a(count * k), b(count * padded + 16);
      for (int8_t &byte : a)
        byte = int8_t(random());
      for (int8_t &byte : b)
        byte = int8_t(random());
      std::vector<int32_t> w(k * padded), c(count * cols), sums(k * padded);
      for (int32_t &word : w)
        word = int8_t(random());
      for (int32_t &word : c)
        word = int32_t(random());
      std::vector<int32_t> expected = c, found = c;
      for (size_t r = 0; r < count; ++r)
        for (size_t j = 0; j < cols; ++j)
          for (size_t l = 0; l < k; ++l)
            expected[r * cols + j] =
                int32_t(uint32_t(expected[r * cols + j]) +
                        uint32_t(a[r * k + l] * w[l * padded + j]));
      kernels.multiply(a.data(), ptrdiff_t(k), count, k, w.data(), padded,
                       found.data(), cols, true);
      EXPECT_EQ(found, expected);

      kernels.outer(a.data(), ptrdiff_t(k), b.data(), ptrdiff_t(padded), count,
                    k, cols, sums.data(), padded);
      for (size_t i = 0; i < k; ++i)
        for (size_t j = 0; j < cols; ++j) {
          int32_t sum = 0;
          for (size_t r = 0; r < count; ++r)
            sum += a[r * k + i] * b[r * padded + j];
          EXPECT_EQ(sums[i * padded + j], sum);
        }

      std::vector<int32_t> scales(c.size(), std::bit_cast<int32_t>(1e-7f));
      std::vector<uint8_t> bytes(c.size());
      Quantization quantization{5, -128, 127, false, trial % 2 == 1, 0};
      kernels.quantize(c.data(), scales.data(), c.size(), quantization,
                       bytes.data());
      for (size_t j = 0; j < c.size(); ++j)
        EXPECT_EQ(bytes[j],
                  quantizedByte(c[j], uint32_t(scales[j]), false,
                                quantization.divide, 5, -128, 127, false));
    }
}

} // namespace

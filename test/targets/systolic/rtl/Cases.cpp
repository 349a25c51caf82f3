//===- Cases.cpp - Tiles and small layers ---------------------------------===//
//
// Each case is assembler text and, beside it, the result that loops over the
// problem give. All segments but the last are random; the last one is written.
//
//===----------------------------------------------------------------------===//

#include "test/targets/systolic/rtl/Cases.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

using namespace aicc::systolic;
using namespace aicc::systolic::rtl;

namespace {

/// Assembler text as it grows.
class Text {
public:
  explicit Text(const MachineConfig &machine, unsigned segments) {
    Program empty;
    empty.machine = machine;
    text = disassemble(empty);
    add(".entry \"main\" segments=%u", segments);
  }

  [[gnu::format(printf, 2, 3)]] void add(const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    text += line;
    text += '\n';
  }

  /// A case of what was written is wrong itself if it cannot be read.
  Program program() const {
    std::string error;
    std::optional<Program> read = assemble(text, error);
    if (!read) {
      std::fprintf(stderr, "%s\n%s\n", text.c_str(), error.c_str());
      std::abort();
    }
    return *read;
  }

private:
  std::string text;
};

Bytes randomBytes(size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  Bytes bytes(size);
  for (uint8_t &byte : bytes)
    byte = uint8_t(generator());
  return bytes;
}

int32_t wordAt(const Bytes &bytes, size_t index) {
  int32_t word;
  std::memcpy(&word, bytes.data() + index * 4, 4);
  return word;
}

void setWord(Bytes &bytes, size_t index, uint32_t word) {
  std::memcpy(bytes.data() + index * 4, &word, 4);
}

/// Scales around 1/300, one for each of n columns.
Bytes randomScales(size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  Bytes bytes(n * 4);
  for (size_t i = 0; i < n; ++i)
    setWord(bytes, i,
            std::bit_cast<uint32_t>(float(generator() % 1000 + 1) / 150000));
  return bytes;
}

void append(Bytes &to, const Bytes &bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

/// M x K times K x N, bytes to words.
std::vector<int32_t> product(const uint8_t *a, const uint8_t *w, size_t m,
                             size_t k, size_t n) {
  std::vector<int32_t> result(m * n);
  for (size_t i = 0; i < m; ++i)
    for (size_t l = 0; l < k; ++l)
      for (size_t j = 0; j < n; ++j)
        result[i * n + j] += int8_t(a[i * k + l]) * int8_t(w[l * n + j]);
  return result;
}

Bytes bytesOf(const std::vector<int32_t> &words) {
  Bytes bytes(words.size() * 4);
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

/// One word requantised, as the specification writes it.
uint8_t requantise(int32_t word, float scale, int zero, int low, int high) {
  volatile float x = float(word);
  volatile float t = x * scale;
  if (std::isnan(t))
    return uint8_t(low);
  double y = double(std::nearbyint(t)) + zero;
  return uint8_t(int(std::clamp(y, double(low), double(high))));
}

float scaleAt(const Bytes &bytes, size_t index) {
  return std::bit_cast<float>(uint32_t(wordAt(bytes, index)));
}

/// One tile: m rows of A, k x n weights, words out.
Case tile(const MachineConfig &machine, std::string name, unsigned m,
          unsigned k, unsigned n, bool weightMemory = false) {
  Text text(machine, 3);
  text.add("execute.config a_stride0=1");
  std::string at = weightMemory ? "wm[3]" : "sp[" + std::to_string(m) + "]";
  text.add("load.config channel=0 segment=0 stride0=%u", k);
  text.add("load.config channel=1 segment=1 stride0=%u", n);
  text.add("load.in channel=1 to=%s rows=%ux1 columns=%u signal=execute",
           at.c_str(), k, n);
  text.add("load.in channel=0 to=sp[0] rows=%ux1 columns=%u signal=execute", m,
           k);
  text.add("store.config segment=2 stride0=%u", 4 * n);
  text.add("store.quantize raw=1");
  text.add("execute.weights from=%s k=%u n=%u wait=load", at.c_str(), k, n);
  text.add("execute.multiply a=sp[0] c=acc[1] rows=%ux1 k=%u wait=load "
           "signal=store",
           m, k);
  text.add("store.out from=acc[1] rows=%ux1 columns=%u wait=execute", m, n);
  text.add("halt");
  Bytes a = randomBytes(m * k, m + k), w = randomBytes(k * n, k + n);
  Bytes expected = bytesOf(product(a.data(), w.data(), m, k, n));
  return {std::move(name), text.program(), {a, w, Bytes(m * n * 4)}, expected};
}

/// Several folds of the reduction and two blocks of columns, everything loaded
/// first: the weights by rows of several blocks.
Case folds(const MachineConfig &machine) {
  unsigned rows = machine.rows, m = 10, k = 3 * rows - 2,
           n = 2 * machine.cols - 3, fold = 0;
  unsigned weights = 4 * m;
  Text text(machine, 3);
  text.add("execute.config a_stride0=1");
  text.add("load.config channel=1 segment=1 stride0=%u", n);
  text.add("load.place channel=1 block=%u", k);
  text.add("load.in channel=1 to=sp[%u] rows=%ux1 columns=%u", weights, k, n);
  text.add("load.config channel=0 segment=0 stride0=%u", k);
  for (unsigned l = 0; l < k; l += rows, ++fold)
    text.add("load.in channel=0 offset=%u to=sp[%u] rows=%ux1 columns=%u%s", l,
             fold * m, m, std::min(rows, k - l),
             l + rows < k ? "" : " signal=execute");
  for (unsigned block = 0; block < 2; ++block)
    for (unsigned l = 0; l < k; l += rows) {
      unsigned here = std::min(rows, k - l);
      text.add("execute.weights from=sp[%u] k=%u n=%u%s",
               weights + block * k + l, here,
               block ? n - machine.cols : machine.cols,
               block || l ? "" : " wait=load");
      text.add("execute.multiply a=sp[%u] c=acc[%u]%s rows=%ux1 k=%u%s",
               l / rows * m, block * m, l ? "+" : "", m, here,
               block && l + rows >= k ? " signal=store" : "");
    }
  text.add("store.config segment=2 stride0=%u", 4 * n);
  text.add("store.place block=%u", m);
  text.add("store.quantize raw=1");
  text.add("store.out from=acc[0] rows=%ux1 columns=%u wait=execute", m, n);
  text.add("halt");
  Bytes a = randomBytes(m * k, 1), w = randomBytes(k * n, 2);
  Bytes expected = bytesOf(product(a.data(), w.data(), m, k, n));
  return {"folds", text.program(), {a, w, Bytes(m * n * 4)}, expected};
}

/// Folds through two buffers: loads run while the array works on the other.
Case doubleBuffer(const MachineConfig &machine, std::string name,
                  unsigned numFolds, unsigned m) {
  unsigned rows = machine.rows, n = machine.cols, k = rows * numFolds;
  Text text(machine, 3);
  text.add("execute.config a_stride0=1");
  text.add("load.config channel=0 segment=0 stride0=%u", k);
  text.add("load.config channel=1 segment=1 stride0=%u", n);
  text.add("store.config segment=2 stride0=%u", 4 * n);
  text.add("store.quantize raw=1");
  for (unsigned f = 0; f < numFolds; ++f) {
    unsigned a = f % 2 * m, w = 2 * m + f % 2 * rows;
    text.add("load.in channel=0 offset=%u to=sp[%u] rows=%ux1 columns=%u%s",
             f * rows, a, m, rows, f >= 2 ? " wait=execute" : "");
    text.add("load.in channel=1 offset=%u to=sp[%u] rows=%ux1 columns=%u "
             "signal=execute",
             f * rows * n, w, rows, n);
    text.add("execute.weights from=sp[%u] k=%u n=%u wait=load", w, rows, n);
    text.add("execute.multiply a=sp[%u] c=acc[0]%s rows=%ux1 k=%u%s", a,
             f ? "+" : "", m, rows,
             f + 1 == numFolds  ? " signal=store"
             : f + 2 < numFolds ? " signal=load"
                                : "");
  }
  text.add("store.out from=acc[0] rows=%ux1 columns=%u wait=execute", m, n);
  text.add("halt");
  Bytes a = randomBytes(m * k, 3), w = randomBytes(k * n, 4);
  Bytes expected = bytesOf(product(a.data(), w.data(), m, k, n));
  return {std::move(name), text.program(), {a, w, Bytes(m * n * 4)}, expected};
}

/// A 3x3 convolution over 6 x 6 positions, padded by 1 with the value 5: its
/// windows are read where they are. Biases are where the sums start. Unsigned
/// bytes in and out.
Case convolution(const MachineConfig &machine, unsigned stride) {
  constexpr unsigned size = 6, padded = size + 2, zeroOut = 7;
  unsigned out = size / stride, ci = machine.rows, co = machine.cols,
           weights = padded * padded, scales = 60;
  Text text(machine, 3);
  text.add("load.config channel=0 segment=0 stride0=%u stride1=%u fill=5 "
           "flip=1",
           ci, size * ci);
  text.add("load.place channel=0 stride1=%u", padded);
  text.add("load.fill channel=0 to=sp[0] rows=%ux1", padded * padded);
  text.add("load.in channel=0 to=sp[%u] rows=%ux%u columns=%u", padded + 1,
           size, size, ci);
  text.add("load.config channel=1 segment=1 stride0=%u", co);
  text.add("load.in channel=1 to=sp[%u] rows=%ux1 columns=%u", weights, 9 * ci,
           co);
  text.add("load.config channel=2 segment=1 wide=1");
  text.add("load.in channel=2 offset=%u to=acc[0] rows=%ux1 columns=%u",
           9 * ci * co, out * out, co);
  text.add("load.in channel=2 offset=%u to=acc[%u] rows=1x1 columns=%u "
           "signal=execute",
           9 * ci * co + 4 * co, scales, co);
  text.add("execute.config a_stride0=%u a_stride1=%u c_stride1=%u", stride,
           stride * padded, out);
  for (unsigned tap = 0; tap < 9; ++tap) {
    text.add("execute.weights from=sp[%u] k=%u n=%u%s", weights + tap * ci, ci,
             co, tap ? "" : " wait=load");
    text.add("execute.multiply a=sp[%u] c=acc[0]+ rows=%ux%u k=%u%s",
             tap / 3 * padded + tap % 3, out, out, ci,
             tap == 8 ? " signal=store" : "");
  }
  text.add("store.config segment=2 stride0=%u", co);
  text.add("store.quantize scales=acc[%u] zero=%d low=-128 high=127 flip=1",
           scales, int(zeroOut) - 128);
  text.add("store.out from=acc[0] rows=%ux1 columns=%u wait=execute", out * out,
           co);
  text.add("halt");

  Bytes input = randomBytes(size * size * ci, 5),
        w = randomBytes(9 * ci * co, 6), parameters = w;
  for (unsigned j = 0; j < co; ++j) {
    append(parameters, Bytes(4));
    setWord(parameters, 9 * ci * co / 4 + j, 1000 * j - 5000);
  }
  Bytes scale = randomScales(co, 7);
  append(parameters, scale);

  Bytes expected(out * out * co);
  for (unsigned y = 0; y < out; ++y)
    for (unsigned x = 0; x < out; ++x)
      for (unsigned j = 0; j < co; ++j) {
        int32_t sum = 1000 * int(j) - 5000;
        for (unsigned tap = 0; tap < 9; ++tap)
          for (unsigned l = 0; l < ci; ++l) {
            int sy = int(y * stride + tap / 3) - 1,
                sx = int(x * stride + tap % 3) - 1;
            bool inside =
                sy >= 0 && sx >= 0 && sy < int(size) && sx < int(size);
            int value =
                inside ? int(input[(sy * size + sx) * ci + l]) - 128 : 5;
            sum += value * int8_t(w[(tap * ci + l) * co + j]);
          }
        expected[(y * out + x) * co + j] =
            requantise(sum, scaleAt(scale, j), zeroOut, 0, 255);
      }
  return {stride == 1 ? "convolution 3x3" : "convolution 3x3, stride 2",
          text.program(),
          {input, parameters, Bytes(expected.size())},
          expected};
}

/// Words that are loaded, and scales of every kind, on their way out.
Case requantisation(const MachineConfig &machine, int zero, int low, int high) {
  unsigned m = 20, n = 2 * machine.cols - 1, scales = 2 * m;
  Text text(machine, 2);
  text.add("load.config channel=2 segment=0 stride0=%u wide=1", 4 * n);
  text.add("load.place channel=2 block=%u", m);
  text.add("load.in channel=2 to=acc[0] rows=%ux1 columns=%u", m, n);
  text.add("load.place channel=2 block=1");
  text.add("load.in channel=2 offset=%u to=acc[%u] rows=1x1 columns=%u "
           "signal=store",
           4 * m * n, scales, n);
  text.add("store.config segment=1 stride0=%u", n);
  text.add("store.place block=%u scale_block=1", m);
  text.add("store.quantize scales=acc[%u] zero=%d low=%d high=%d", scales, zero,
           low, high);
  text.add("store.out from=acc[0] rows=%ux1 columns=%u wait=load", m, n);
  text.add("halt");

  std::mt19937 generator(unsigned(zero + high + 1000));
  Bytes words(4 * (m + 1) * n);
  constexpr int32_t special[] = {0,         1,        -1,       INT32_MIN,
                                 INT32_MAX, 16777217, 16777219, -33554434};
  for (unsigned i = 0; i < m * n; ++i) {
    uint32_t word = generator() >> generator() % 32;
    setWord(words, i, generator() % 2 ? word : -word);
    if (i / n < std::size(special))
      setWord(words, i, uint32_t(special[i / n]));
  }
  constexpr uint32_t kinds[] = {
      0x3f000000, // 1/2: ties
      0x3f800000, 0x7fc00000, 0x7f800000, 0xff800000, 0x00000000,
      0x00000001, 0x007fffff, 0x80000000, 0xbe800000, // -1/4
      0x7f7fffff, 0x30000000, 0x3b000001,
  };
  for (unsigned j = 0; j < n; ++j)
    setWord(words, m * n + j,
            j < std::size(kinds)
                ? kinds[j]
                : std::bit_cast<uint32_t>(
                      std::ldexp(1.0f + float(generator() % 8388608) / 8388608,
                                 -int(generator() % 32))));
  Bytes expected(m * n);
  for (unsigned i = 0; i < m * n; ++i)
    expected[i] = requantise(wordAt(words, i), scaleAt(words, m * n + i % n),
                             zero, low, high);
  return {"requantise, zero " + std::to_string(zero) + ", to " +
              std::to_string(low) + ".." + std::to_string(high),
          text.program(),
          {words, Bytes(m * n)},
          expected};
}

/// Two layers: the first's bytes stay in the scratchpad, from one entry to the
/// next if the second layer is one of its own. Its biases are added on the way
/// there.
Case keptLayer(const MachineConfig &machine, bool isApart) {
  unsigned m = 9, rows = machine.rows, cols = machine.cols, first = 16,
           second = first + rows, keep = second + rows;
  Text text(machine, 3);
  text.add("load.config channel=0 segment=0 stride0=%u", rows);
  text.add("load.in channel=0 to=sp[0] rows=%ux1 columns=%u", m, rows);
  text.add("load.config channel=1 segment=1 stride0=%u", cols);
  text.add("load.in channel=1 to=sp[%u] rows=%ux1 columns=%u", first, 2 * rows,
           cols);
  text.add("load.config channel=2 segment=1 stride0=%u wide=1", 4 * cols);
  text.add("load.in channel=2 offset=%u to=acc[40] rows=2x1 columns=%u "
           "signal=execute,store",
           2 * rows * cols, cols);
  text.add("execute.weights from=sp[%u] k=%u n=%u wait=load", first, rows,
           cols);
  text.add("execute.config a_stride0=1 a_stride1=3 c_stride1=3");
  text.add("execute.multiply a=sp[0] c=acc[0] rows=3x3 k=%u signal=store",
           rows);
  text.add("store.place stride1=3 keep_stride1=4");
  text.add("store.quantize scales=acc[40] zero=-3 low=-100 high=127 bias=1 "
           "biases=41 wait=load");
  text.add(
      "store.keep to=sp[%u] from=acc[0] rows=3x3 columns=%u wait=execute%s",
      keep, rows, isApart ? "" : " signal=execute");
  if (isApart) {
    text.add("halt");
    text.add(".entry \"second\" segments=3");
  }
  text.add("execute.config a_stride0=1 a_stride1=4 c_stride1=3");
  text.add("execute.weights from=sp[%u] k=%u n=%u", second, rows, cols);
  text.add("execute.multiply a=sp[%u] c=acc[16] rows=3x3 k=%u%s signal=store",
           keep, rows, isApart ? "" : " wait=store");
  text.add("store.config segment=2 stride0=%u", 4 * cols);
  text.add("store.quantize raw=1");
  text.add("store.out from=acc[16] rows=%ux1 columns=%u wait=execute", m, cols);
  text.add("halt");
  Bytes a = randomBytes(m * rows, 8), w = randomBytes(2 * rows * cols, 9),
        parameters = w, scale = randomScales(cols, 10);
  append(parameters, scale);
  Bytes bias(4 * cols);
  for (unsigned j = 0; j < cols; ++j)
    setWord(bias, j, 3000 - 999 * j);
  append(parameters, bias);

  std::vector<int32_t> sums = product(a.data(), w.data(), m, rows, cols);
  Bytes middle(m * rows);
  for (unsigned i = 0; i < m; ++i)
    for (unsigned j = 0; j < rows; ++j)
      middle[i * rows + j] = requantise(sums[i * cols + j] + wordAt(bias, j),
                                        scaleAt(scale, j), -3, -100, 127);
  Bytes expected =
      bytesOf(product(middle.data(), w.data() + rows * cols, m, rows, cols));
  return {isApart ? "kept from entry to entry" : "kept layer",
          text.program(),
          {a, parameters, Bytes(m * cols * 4)},
          expected};
}

/// Output stationary: columns of A and rows of B come in, two tiles in turns
/// with a multiply between them.
Case outerProducts(const MachineConfig &machine) {
  unsigned rows = machine.rows, cols = machine.cols, k = 11, b = 32, w = 64;
  Text text(machine, 3);
  text.add("load.config channel=0 segment=0 stride0=%u", rows);
  text.add("load.in channel=0 to=sp[0] rows=%ux1 columns=%u", 2 * k, rows);
  text.add("load.config channel=1 segment=1 stride0=%u", cols);
  text.add("load.in channel=1 to=sp[%u] rows=%ux1 columns=%u signal=execute", b,
           2 * k, cols);
  text.add("load.in channel=1 to=sp[%u] rows=%ux1 columns=%u signal=execute", w,
           rows, cols);
  text.add("execute.config a_stride0=1 a_stride1=%u", k - 4);
  text.add("execute.outer a=sp[0] b=sp[%u] rows=%ux1 clear=1 wait=load", b,
           k - 4);
  text.add("execute.outer a=sp[%u] b=sp[%u] rows=4x1", k - 4, b + k - 4);
  text.add("execute.weights from=sp[%u] k=%u n=%u wait=load", w, rows, cols);
  text.add("execute.flush c=acc[0] m=%u n=%u", rows, cols - 1);
  text.add("execute.outer a=sp[%u] b=sp[%u] rows=%ux1 clear=1", k, b + k, k);
  text.add("execute.multiply a=sp[0] c=acc[%u] rows=%ux1 k=%u", rows, k, rows);
  text.add("execute.flush c=acc[0]+ m=%u n=%u signal=store", rows, cols - 1);
  text.add("store.config segment=2 stride0=%u", 4 * cols);
  text.add("store.quantize raw=1");
  text.add("store.out from=acc[0] rows=%ux1 columns=%u wait=execute", rows + k,
           cols);
  text.add("halt");

  Bytes a = randomBytes(2 * k * rows, 11), rest = randomBytes(2 * k * cols, 12);
  if (rest.size() < rows * cols)
    append(rest, randomBytes(rows * cols - rest.size(), 13));
  std::vector<int32_t> sums(rows * cols);
  for (unsigned l = 0; l < 2 * k; ++l)
    for (unsigned i = 0; i < rows; ++i)
      for (unsigned j = 0; j + 1 < cols; ++j)
        sums[i * cols + j] +=
            int8_t(a[l * rows + i]) * int8_t(rest[l * cols + j]);
  Bytes expected = bytesOf(sums);
  append(expected, bytesOf(product(a.data(), rest.data(), k, rows, cols)));
  return {"outer products",
          text.program(),
          {a, rest, Bytes((rows + k) * cols * 4)},
          expected};
}

/// Rows at odd addresses go round through the scratchpad, in pieces: loads and
/// stores ask for the DRAM side by side. The strides of the source are
/// negative.
Case copies(const MachineConfig &machine) {
  unsigned lanes = machine.lanes(), columns = 2 * lanes + 5, numRows = 6,
           pieces = 5, stride = columns + 3, block = 2 * numRows;
  Text text(machine, 2);
  text.add("load.config channel=0 segment=0 stride0=-%u stride1=-%u flip=1",
           stride, 3 * stride);
  text.add("load.place channel=0 stride1=3 block=%u", block);
  text.add("store.config segment=1 stride0=%u stride1=%u", stride, 3 * stride);
  text.add("store.place stride1=3 block=%u", block);
  text.add("store.quantize raw=1 flip=1");
  for (unsigned piece = 0; piece < pieces; ++piece) {
    unsigned to = piece % 2 * numRows,
             last = (pieces - 1 - piece) * numRows * stride + 1 +
                    (numRows - 1) * stride;
    text.add("load.in channel=0 offset=%u to=sp[%u] rows=3x2 columns=%u%s "
             "signal=store",
             last, to, columns, piece >= 2 ? " wait=store" : "");
    text.add("store.out offset=%u from=sp[%u] rows=3x2 columns=%u wait=load%s",
             piece * numRows * stride, to, columns,
             piece + 2 < pieces ? " signal=load" : "");
  }
  text.add("halt");
  unsigned total = pieces * numRows;
  Bytes from = randomBytes(total * stride + 1, 14), to(total * stride);
  Bytes expected(to.size());
  for (unsigned i = 0; i < total; ++i)
    std::copy_n(from.begin() + 1 + (total - 1 - i) * stride, columns,
                expected.begin() + i * stride);
  return {"copies", text.program(), {from, to}, expected};
}

/// Words at any byte are loaded, added to others, and stored at any byte.
Case words(const MachineConfig &machine) {
  unsigned n = machine.cols + 3, m = 7, stride = 4 * n + 1;
  Text text(machine, 2);
  text.add("load.config channel=0 segment=0 stride0=%u wide=1", stride);
  text.add("load.place channel=0 block=%u", m);
  text.add("load.in channel=0 offset=3 to=acc[0] rows=%ux1 columns=%u", m, n);
  text.add("load.in channel=0 offset=6 to=acc[0]+ rows=%ux1 columns=%u "
           "signal=store",
           m, n);
  text.add("store.config segment=1 stride0=%u", stride);
  text.add("store.place block=%u", m);
  text.add("store.quantize raw=1");
  text.add("store.out offset=2 from=acc[0] rows=%ux1 columns=%u wait=load", m,
           n);
  text.add("halt");
  Bytes from = randomBytes(6 + m * stride, 15), expected(2 + m * stride);
  auto word = [&](size_t at) {
    uint32_t value;
    std::memcpy(&value, from.data() + at, 4);
    return value;
  };
  for (unsigned i = 0; i < m; ++i)
    for (unsigned j = 0; j < n; ++j) {
      uint32_t sum =
          word(3 + i * stride + 4 * j) + word(6 + i * stride + 4 * j);
      std::memcpy(expected.data() + 2 + i * stride + 4 * j, &sum, 4);
    }
  return {"words at any byte",
          text.program(),
          {from, Bytes(expected.size())},
          expected};
}

/// A residual: bytes through a table, the larger of them and others, added to
/// what a product left.
Case vectorUnit(const MachineConfig &machine) {
  unsigned m = 8, rows = machine.rows, lanes = machine.lanes(),
           cols = machine.cols, numTable = 256 / lanes, b = numTable + m,
           w = b + m, c = w + rows;
  Text text(machine, 3);
  text.add("load.config channel=0 segment=0 stride0=%u", lanes);
  text.add("load.in channel=0 to=sp[0] rows=%ux1 columns=%u "
           "signal=execute,vector",
           numTable + 2 * m, lanes);
  text.add("load.config channel=1 segment=1 stride0=%u", cols);
  text.add("load.in channel=1 to=sp[%u] rows=%ux1 columns=%u signal=execute", w,
           rows, cols);
  text.add("execute.config a_stride0=1 wait=load");
  text.add("execute.weights from=sp[%u] k=%u n=%u wait=load", w, rows, cols);
  text.add("execute.multiply a=sp[%u] c=acc[0] rows=%ux1 k=%u signal=vector", b,
           m, rows);
  text.add("vector.config from_stride0=1 to_stride0=1");
  text.add("vector.table from=sp[0] wait=load");
  text.add("vector.map to=sp[%u] from=sp[%u] rows=%ux1", c, numTable, m);
  text.add("vector.max to=sp[%u] from=sp[%u] rows=%ux1", c, b, m);
  // The even rows, then the odd ones.
  text.add("vector.config from_stride0=2 from_stride1=1 to_stride0=2 "
           "to_stride1=1");
  text.add("vector.copy to=sp[%u] from=sp[%u] rows=%ux2", c + m, c, m / 2);
  text.add("vector.sum to=acc[0] from=sp[%u] rows=%ux2 wait=execute "
           "signal=store",
           c + m, m / 2);
  text.add("store.config segment=2 stride0=%u", 4 * cols);
  text.add("store.quantize raw=1");
  text.add("store.out from=acc[0] rows=%ux1 columns=%u wait=vector", m, cols);
  text.add("halt");

  Bytes bytes = randomBytes((numTable + 2 * m) * lanes, 18),
        weights = randomBytes(rows * cols, 19), a;
  const uint8_t *first = bytes.data() + numTable * lanes,
                *second = first + m * lanes;
  for (unsigned i = 0; i < m; ++i)
    a.insert(a.end(), second + i * lanes, second + i * lanes + rows);
  std::vector<int32_t> sums = product(a.data(), weights.data(), m, rows, cols);
  for (unsigned i = 0; i < m; ++i)
    for (unsigned j = 0; j < cols; ++j)
      sums[i * cols + j] += std::max(int8_t(bytes[first[i * lanes + j]]),
                                     int8_t(second[i * lanes + j]));
  return {"vector unit",
          text.program(),
          {bytes, weights, Bytes(m * cols * 4)},
          bytesOf(sums)};
}

/// More loads than a queue holds stand before the multiply that waits for them,
/// and fences between two of its kind.
Case fullQueue(const MachineConfig &machine) {
  unsigned numRows = 3 * machine.queueDepth + 1, k = machine.rows,
           n = machine.cols, w = numRows;
  Text text(machine, 3);
  text.add("execute.config a_stride0=1");
  text.add("load.config channel=1 segment=1 stride0=%u", n);
  text.add("load.in channel=1 to=sp[%u] rows=%ux1 columns=%u", w, k, n);
  for (unsigned i = 0; i < numRows; ++i)
    text.add("load.in channel=0 offset=%u to=sp[%u] rows=1x1 columns=%u%s",
             i * k, i, k, i + 1 == numRows ? " signal=execute" : "");
  text.add("execute.weights from=sp[%u] k=%u n=%u wait=load", w, k, n);
  text.add("execute.multiply a=sp[0] c=acc[0] rows=%ux1 k=%u", numRows, k);
  text.add("fence");
  text.add("store.config segment=2 stride0=%u", 4 * n);
  text.add("store.quantize raw=1");
  text.add("fence");
  text.add("fence");
  text.add("store.out from=acc[0] rows=%ux1 columns=%u", numRows, n);
  text.add("halt");
  Bytes a = randomBytes(numRows * k, 16), wBytes = randomBytes(k * n, 17);
  Bytes expected = bytesOf(product(a.data(), wBytes.data(), numRows, k, n));
  return {"full queue, fences",
          text.program(),
          {a, wBytes, Bytes(numRows * n * 4)},
          expected};
}

/// Tiles of the rows, and folds within each, as loops: every operand has rows
/// of its own in each iteration.
Case loops(const MachineConfig &machine) {
  unsigned rows = machine.rows, n = machine.cols, m = 4, tiles = 3, folds = 3,
           k = folds * rows, w = tiles * folds * m;
  Text text(machine, 3);
  text.add("execute.config a_stride0=1");
  text.add("load.config channel=0 segment=0 stride0=%u", k);
  text.add("load.config channel=1 segment=1 stride0=%u", n);
  text.add("load.in channel=1 to=sp[%u] rows=%ux1 columns=%u signal=execute", w,
           k, n);
  text.add("load.fill to=acc[0] rows=%ux1 signal=execute", tiles * m);
  text.add("execute.config a_stride0=1 wait=load");
  text.add("execute.config a_stride0=1 wait=load");
  text.add("store.config segment=2 stride0=%u", 4 * n);
  text.add("store.quantize raw=1");
  text.add("loop count=%u length=13", tiles);
  text.add("loop count=%u length=10", folds);
  text.add("step level=0 a=%u b=%u", rows, m);
  text.add("step level=1 a=%u b=%u", m * k - (folds - 1) * rows, m);
  text.add("load.in to=sp[0] rows=%ux1 columns=%u signal=execute", m, rows);
  text.add("step level=0 b=%u", rows);
  text.add("step level=1 b=-%u", (folds - 1) * rows);
  text.add("execute.weights from=sp[%u] k=%u n=%u", w, rows, n);
  text.add("step level=0 a=%u", m);
  text.add("step level=1 a=%u b=%u", m, m);
  text.add("execute.multiply a=sp[0] c=acc[0]+ rows=%ux1 k=%u wait=load "
           "signal=store",
           m, rows);
  text.add("store.place wait=execute");
  text.add("step level=0 a=%u b=%u", 4 * m * n, m);
  text.add("store.out from=acc[0] rows=%ux1 columns=%u", m, n);
  text.add("halt");
  Bytes a = randomBytes(tiles * m * k, 18), weights = randomBytes(k * n, 19);
  Bytes expected = bytesOf(product(a.data(), weights.data(), tiles * m, k, n));
  return {"loops",
          text.program(),
          {a, weights, Bytes(tiles * m * n * 4)},
          expected};
}

} // namespace

std::vector<Case> rtl::cases(const MachineConfig &machine) {
  unsigned rows = machine.rows, cols = machine.cols;
  std::vector<Case> all;
  all.push_back(tile(machine, "tile", 12, rows, cols));
  all.push_back(tile(machine, "edge tile", 5, rows - 3, cols - 3));
  all.push_back(tile(machine, "one multiplication", 1, 1, 1));
  if (machine.weightRows)
    all.push_back(tile(machine, "weight memory", 9, rows, cols - 1, true));
  all.push_back(folds(machine));
  all.push_back(doubleBuffer(machine, "double buffer", 6, 12));
  all.push_back(doubleBuffer(machine, "double buffer, one row", 8, 1));
  all.push_back(convolution(machine, 1));
  all.push_back(convolution(machine, 2));
  all.push_back(requantisation(machine, 0, -128, 127));
  all.push_back(requantisation(machine, -7, -128, 127));
  all.push_back(requantisation(machine, 128, 0, 255));
  all.push_back(requantisation(machine, 32767, -32768, 32767));
  all.push_back(keptLayer(machine, /*isApart=*/false));
  all.push_back(keptLayer(machine, /*isApart=*/true));
  if (machine.dataflows & 2)
    all.push_back(outerProducts(machine));
  all.push_back(vectorUnit(machine));
  all.push_back(copies(machine));
  all.push_back(words(machine));
  all.push_back(fullQueue(machine));
  all.push_back(loops(machine));
  return all;
}

//===- Work.cpp - Random products and convolutions as programs ------------===//

#include "test/unit/Systolic/Work.h"

#include <bit>

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

static unsigned between(std::mt19937_64 &random, unsigned low, unsigned high) {
  return low + unsigned(random() % (high - low + 1));
}
static bool maybe(std::mt19937_64 &random) { return random() % 2; }

static LocalAddress scratchpad(uint32_t row) {
  return LocalAddress::make(Space::Scratchpad, row);
}
static LocalAddress accumulator(uint32_t row, bool accumulates = false) {
  return LocalAddress::make(Space::Accumulator, row, accumulates);
}

MachineConfig tests::randomMachine(std::mt19937_64 &random) {
  MachineConfig machine;
  machine.rows = between(random, 2, 8);
  machine.cols = between(random, 2, 17);
  machine.scratchpadRows = 1024;
  machine.weightRows = 128;
  machine.accumulatorRows = 512;
  machine.queueDepth = between(random, 1, 8);
  machine.dramBytesPer256Cycles = between(random, 200, 8000);
  machine.dramAccessBytes = 1u << between(random, 0, 5);
  machine.dramIsShared = maybe(random);
  machine.dataflows = 3;
  machine.clockKhz = 1000000;
  return machine;
}

//===----------------------------------------------------------------------===//
// Builder
//===----------------------------------------------------------------------===//

Builder::Builder(const MachineConfig &machine, unsigned segments) {
  program.machine = machine;
  Entry &entry = program.entries.emplace_back();
  entry.name = "work";
  entry.segments = segments;
  // What was returned stays where it is.
  program.instructions.reserve(20000);
}

Instruction &Builder::add(Opcode opcode) {
  Instruction &instruction = program.instructions.emplace_back();
  instruction.opcode = opcode;
  return instruction;
}

Instruction &Builder::loadConfig(unsigned channel, unsigned segment,
                                 int32_t stride0, int32_t stride1, bool wide,
                                 uint8_t fill) {
  Instruction &it = add(Opcode::LoadConfig);
  it.a16 = uint16_t(channel | wide << 3 | fill << 8);
  it.b16 = uint16_t(segment);
  it.a32 = uint32_t(stride0);
  it.b32 = uint32_t(stride1);
  return it;
}

Instruction &Builder::loadPlace(unsigned channel, uint32_t stride1,
                                uint32_t block) {
  Instruction &it = add(Opcode::LoadPlace);
  it.a16 = uint16_t(channel);
  it.a32 = stride1;
  it.b32 = block;
  return it;
}

Instruction &Builder::loadIn(unsigned channel, uint32_t offset, LocalAddress to,
                             unsigned count0, unsigned count1,
                             unsigned columns) {
  Instruction &it = add(Opcode::LoadIn);
  it.a16 = uint16_t(channel | count1 << 2);
  it.a32 = offset;
  it.b32 = to.bits;
  it.b16 = uint16_t(count0);
  it.c16 = uint16_t(columns);
  return it;
}

Instruction &Builder::loadFill(unsigned channel, LocalAddress to,
                               unsigned count0, unsigned count1) {
  Instruction &it = add(Opcode::LoadFill);
  it.a16 = uint16_t(channel | count1 << 2);
  it.b32 = to.bits;
  it.b16 = uint16_t(count0);
  return it;
}

Instruction &Builder::executeConfig(unsigned aStride0, unsigned aStride1,
                                    unsigned cStride1) {
  Instruction &it = add(Opcode::ExecuteConfig);
  it.a32 = aStride0 | aStride1 << 16;
  it.b32 = cStride1;
  return it;
}

Instruction &Builder::weights(LocalAddress from, unsigned k, unsigned n) {
  Instruction &it = add(Opcode::ExecuteWeights);
  it.b32 = from.bits;
  it.b16 = uint16_t(k);
  it.c16 = uint16_t(n);
  return it;
}

Instruction &Builder::multiply(LocalAddress a, LocalAddress c, unsigned count0,
                               unsigned count1, unsigned k) {
  Instruction &it = add(Opcode::ExecuteMultiply);
  it.a32 = a.bits;
  it.b32 = c.bits;
  it.b16 = uint16_t(count0);
  it.a16 = uint16_t(count1);
  it.c16 = uint16_t(k);
  return it;
}

Instruction &Builder::outer(LocalAddress a, LocalAddress b, unsigned rows,
                            bool clear) {
  Instruction &it = add(Opcode::ExecuteOuter);
  it.a32 = a.bits;
  it.b32 = b.bits;
  it.b16 = uint16_t(rows);
  it.a16 = 1;
  it.c16 = clear;
  return it;
}

Instruction &Builder::flush(LocalAddress c, unsigned m, unsigned n) {
  Instruction &it = add(Opcode::ExecuteFlush);
  it.b32 = c.bits;
  it.b16 = uint16_t(m);
  it.c16 = uint16_t(n);
  return it;
}

Instruction &Builder::storeConfig(unsigned segment, int32_t stride0,
                                  int32_t stride1) {
  Instruction &it = add(Opcode::StoreConfig);
  it.b16 = uint16_t(segment);
  it.a32 = uint32_t(stride0);
  it.b32 = uint32_t(stride1);
  return it;
}

Instruction &Builder::quantize(LocalAddress scales, int zero, int low,
                               int high) {
  Instruction &it = add(Opcode::StoreQuantize);
  it.a32 = scales.bits;
  it.a16 = uint16_t(zero);
  it.b16 = uint16_t(low);
  it.c16 = uint16_t(high);
  return it;
}

Instruction &Builder::storeOut(uint32_t offset, LocalAddress from,
                               unsigned count0, unsigned count1,
                               unsigned columns) {
  Instruction &it = add(Opcode::StoreOut);
  it.a32 = offset;
  it.b32 = from.bits;
  it.b16 = uint16_t(count0);
  it.a16 = uint16_t(count1);
  it.c16 = uint16_t(columns);
  return it;
}

Instruction &Builder::storeKeep(LocalAddress to, LocalAddress from,
                                unsigned count0, unsigned count1,
                                unsigned columns) {
  Instruction &it = storeOut(to.bits, from, count0, count1, columns);
  it.opcode = Opcode::StoreKeep;
  return it;
}

Instruction &Builder::vector(Opcode opcode, LocalAddress to, LocalAddress from,
                             unsigned count0, unsigned count1) {
  Instruction &it = add(opcode);
  it.a32 = to.bits;
  it.b32 = from.bits;
  it.b16 = uint16_t(count0);
  it.a16 = uint16_t(count1);
  return it;
}

Program Builder::finish() {
  add(Opcode::Halt);
  program.entries[0].count = uint32_t(program.instructions.size());
  return std::move(program);
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

static std::vector<uint8_t> randomBytes(std::mt19937_64 &random, size_t count) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t &byte : bytes)
    byte = uint8_t(random());
  return bytes;
}

/// Scales that make use of the range of the results.
static std::vector<uint8_t> randomScales(std::mt19937_64 &random,
                                         size_t count) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < count; ++i)
    appendWord(bytes, std::bit_cast<uint32_t>(float(between(random, 1, 1000)) /
                                              300000.0f));
  return bytes;
}

static std::vector<uint8_t> randomBiases(std::mt19937_64 &random,
                                         size_t count) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < count; ++i)
    appendWord(bytes, uint32_t(between(random, 0, 20000)) - 10000);
  return bytes;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {
/// Segments: A (M x K, or K x M for the output stationary array), B, scales,
/// biases, C. Steps are folds of K of tiles of C; each is loaded into one of
/// several buffers while the array works on those before.
class Product {
public:
  explicit Product(std::mt19937_64 &random)
      : random(random), machine(randomMachine(random)), out(machine, 5) {
    outputStationary = maybe(random);
    hasBias = maybe(random);
    weightsApart = maybe(random);
    m = between(random, 1, 40);
    k = between(random, 1, 30);
    n = between(random, 1, 40);
    tileM = between(random, 1, outputStationary ? machine.rows : 16);
    fold = outputStationary ? between(random, 1, 16) : machine.rows;
    buffers = between(random, 1, 3);
    results = between(random, 1, 3);
    folds = (k + fold - 1) / fold;
    tilesM = (m + tileM - 1) / tileM;
    tiles = tilesM * ((n + machine.cols - 1) / machine.cols);
    steps = tiles * folds;
  }
  Work build();

private:
  struct Tile {
    unsigned m0, n0, rows, cols, row;
  };
  Tile tileOf(unsigned tile) const {
    unsigned m0 = tile % tilesM * tileM, n0 = tile / tilesM * machine.cols;
    return {m0, n0, std::min(tileM, m - m0), std::min(machine.cols, n - n0),
            16 * (tile % results)};
  }
  LocalAddress bufferA(unsigned step) const {
    return scratchpad(16 * (step % buffers));
  }
  LocalAddress bufferB(unsigned step) const {
    return LocalAddress::make(weightsApart ? Space::Weights : Space::Scratchpad,
                              64 * !weightsApart + 16 * (step % buffers));
  }
  void configure();
  bool canLoad(unsigned step) const;
  void load(unsigned step);
  void execute(unsigned step);
  void store(unsigned tile);
  std::vector<uint8_t> expected(const Work &work) const;

  std::mt19937_64 &random;
  MachineConfig machine;
  Builder out;
  bool outputStationary, hasBias, weightsApart;
  unsigned m, k, n, tileM, fold, buffers, results, folds, tilesM, tiles, steps;
  unsigned stored = 0; ///< Tiles.
  std::vector<Instruction *> loadedBy, usedBy, madeBy, storedBy;
};
} // namespace

void Product::configure() {
  out.loadConfig(0, 0, int32_t(outputStationary ? m : k));
  out.loadConfig(1, 1, int32_t(n));
  out.loadConfig(2, 2, 0, 0, true);
  out.loadConfig(3, 3, 0, 0, true);
  out.executeConfig(1, 0, 0);
  out.storeConfig(4, int32_t(n));
  for (unsigned n0 = 0; n0 < n; n0 += machine.cols)
    out.loadIn(2, 4 * n0, accumulator(100 + n0 / machine.cols), 1, 1,
               std::min(machine.cols, n - n0));
}

/// Whether what the load of a step waits for is there already.
bool Product::canLoad(unsigned step) const {
  unsigned tile = step / folds;
  return !hasBias || tile < results || tile - results < stored;
}

void Product::load(unsigned step) {
  Tile tile = tileOf(step / folds);
  unsigned k0 = step % folds * fold, depth = std::min(fold, k - k0);
  bool first = step % folds == 0;
  Instruction &a =
      outputStationary
          ? out.loadIn(0, k0 * m + tile.m0, bufferA(step), depth, 1, tile.rows)
          : out.loadIn(0, tile.m0 * k + k0, bufferA(step), tile.rows, 1, depth);
  if (step >= buffers)
    token(*usedBy[step - buffers], a);
  Instruction *last =
      &out.loadIn(1, k0 * n + tile.n0, bufferB(step), depth, 1, tile.cols);
  if (hasBias && first) {
    last = &out.loadIn(3, 4 * tile.n0, accumulator(tile.row), tile.rows, 1,
                       tile.cols);
    if (step / folds >= results)
      token(*storedBy[step / folds - results], *last);
  }
  loadedBy.push_back(last);
}

void Product::execute(unsigned step) {
  Tile tile = tileOf(step / folds);
  unsigned f = step % folds, depth = std::min(fold, k - f * fold);
  bool last = f + 1 == folds;
  Instruction *writer = nullptr;
  if (outputStationary) {
    Instruction &outer = out.outer(bufferA(step), bufferB(step), depth, f == 0);
    token(*loadedBy[step], outer);
    usedBy.push_back(&outer);
    if (last)
      writer = &out.flush(accumulator(tile.row, hasBias), tile.rows, tile.cols);
  } else {
    Instruction &weights = out.weights(bufferB(step), depth, tile.cols);
    token(*loadedBy[step], weights);
    writer =
        &out.multiply(bufferA(step), accumulator(tile.row, hasBias || f > 0),
                      tile.rows, 1, depth);
    usedBy.push_back(writer);
  }
  bool firstWriter = outputStationary ? last : f == 0;
  if (firstWriter && !hasBias && step / folds >= results)
    token(*storedBy[step / folds - results], *writer);
  if (last)
    madeBy.push_back(writer);
}

void Product::store(unsigned number) {
  Tile tile = tileOf(number);
  // The scales were loaded before what the array's token tells of.
  out.quantize(accumulator(100 + tile.n0 / machine.cols), 3, -128, 127);
  Instruction &result = out.storeOut(
      tile.m0 * n + tile.n0, accumulator(tile.row), tile.rows, 1, tile.cols);
  token(*madeBy[number], result);
  storedBy.push_back(&result);
  ++stored;
}

std::vector<uint8_t> Product::expected(const Work &work) const {
  std::vector<uint8_t> result;
  for (unsigned i = 0; i < m; ++i)
    for (unsigned j = 0; j < n; ++j) {
      int32_t sum = hasBias ? int32_t(wordAt(work.segments[3], j)) : 0;
      for (unsigned l = 0; l < k; ++l)
        sum +=
            int8_t(work.segments[0][outputStationary ? l * m + i : i * k + l]) *
            int8_t(work.segments[1][l * n + j]);
      result.push_back(quantizedByte(sum, wordAt(work.segments[2], j), false,
                                     false, 3, -128, 127, false));
    }
  return result;
}

Work Product::build() {
  configure();
  for (unsigned step = 0, loaded = 0; step < steps; ++step) {
    while (loaded < steps && loaded < step + buffers && canLoad(loaded))
      load(loaded++);
    execute(step);
    if ((step + 1) % folds == 0)
      store(step / folds);
  }
  Work work;
  work.program = out.finish();
  work.segments = {randomBytes(random, m * k), randomBytes(random, k * n),
                   randomScales(random, n), randomBiases(random, n),
                   std::vector<uint8_t>(m * n)};
  work.output = 4;
  work.macs = uint64_t(m) * k * n;
  work.expected = expected(work);
  return work;
}

Work tests::randomProduct(std::mt19937_64 &random) {
  return Product(random).build();
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

namespace {
struct Shape {
  unsigned height, width, channels, taps, stride, pad, middle, outputs;
  unsigned paddedWidth() const { return width + 2 * pad; }
  unsigned paddedRows() const { return paddedWidth() * (height + 2 * pad); }
  unsigned outHeight() const { return (height + 2 * pad - taps) / stride + 1; }
  unsigned outWidth() const { return (width + 2 * pad - taps) / stride + 1; }
  unsigned pixels() const { return outHeight() * outWidth(); }
};
} // namespace

static constexpr int8_t padding = -5;

static std::vector<uint8_t> convolve(const Shape &shape, const Work &work) {
  auto in = [&](unsigned y, unsigned x, unsigned c) {
    if (y < shape.pad || y - shape.pad >= shape.height || x < shape.pad ||
        x - shape.pad >= shape.width)
      return padding;
    return int8_t(
        work.segments[0][((y - shape.pad) * shape.width + x - shape.pad) *
                             shape.channels +
                         c]);
  };
  std::vector<uint8_t> result;
  for (unsigned y = 0; y < shape.outHeight(); ++y)
    for (unsigned x = 0; x < shape.outWidth(); ++x) {
      std::vector<int8_t> middle;
      for (unsigned j = 0; j < shape.middle; ++j) {
        int32_t sum = 0;
        for (unsigned tap = 0; tap < shape.taps * shape.taps; ++tap)
          for (unsigned c = 0; c < shape.channels; ++c)
            sum +=
                in(y * shape.stride + tap / shape.taps,
                   x * shape.stride + tap % shape.taps, c) *
                int8_t(
                    work.segments[1][(tap * shape.channels + c) * shape.middle +
                                     j]);
        uint8_t byte = quantizedByte(sum, wordAt(work.segments[3], j), false,
                                     false, -4, -100, 100, false);
        middle.push_back(int8_t(work.segments[4][byte]));
      }
      for (unsigned j = 0; j < shape.outputs; ++j) {
        uint32_t sum = 0;
        for (unsigned l = 0; l < shape.middle; ++l)
          sum += uint32_t(middle[l] *
                          int8_t(work.segments[2][l * shape.outputs + j]));
        appendWord(result, sum);
      }
    }
  return result;
}

Work tests::randomConvolution(std::mt19937_64 &random) {
  MachineConfig machine = randomMachine(random);
  Shape shape;
  shape.taps = between(random, 1, 3);
  shape.height = between(random, 3, 12);
  shape.width = between(random, 3, 12);
  shape.stride = between(random, 1, 2);
  shape.pad = between(random, 0, 1);
  shape.channels = between(random, 1, machine.rows);
  shape.middle = between(random, 1, std::min(machine.rows, machine.cols));
  shape.outputs = between(random, 1, machine.cols);

  // Rows: the image from 0 on (14 x 14 at most), the kept results, the table.
  LocalAddress kept = scratchpad(200), table = scratchpad(500);
  LocalAddress first = LocalAddress::make(Space::Weights, 0);
  LocalAddress second = LocalAddress::make(Space::Weights, 100);
  unsigned pixels = shape.pixels(), width = shape.paddedWidth();
  Builder out(machine, 6);
  out.loadConfig(0, 0, int32_t(shape.channels),
                 int32_t(shape.width * shape.channels), false,
                 uint8_t(padding));
  out.loadPlace(0, width, 0);
  out.loadFill(0, scratchpad(0), shape.paddedRows(), 1);
  out.loadIn(0, 0, scratchpad(shape.pad * width + shape.pad), shape.width,
             shape.height, shape.channels);
  out.loadConfig(1, 1, int32_t(shape.middle));
  Instruction &firstReady = out.loadIn(
      1, 0, first, shape.taps * shape.taps * shape.channels, 1, shape.middle);
  out.loadConfig(1, 2, int32_t(shape.outputs));
  Instruction &secondReady =
      out.loadIn(1, 0, second, shape.middle, 1, shape.outputs);
  out.loadConfig(2, 3, 0, 0, true);
  Instruction &scalesReady =
      out.loadIn(2, 0, accumulator(500), 1, 1, shape.middle);
  out.loadConfig(3, 4, 0);
  out.loadPlace(3, 0, 1);
  Instruction &tableReady = out.loadIn(3, 0, table, 1, 1, 256);

  out.executeConfig(shape.stride, shape.stride * width, shape.outWidth());
  Instruction *made = nullptr;
  for (unsigned tap = 0; tap < shape.taps * shape.taps; ++tap) {
    Instruction &weights =
        out.weights(LocalAddress{first.bits + tap * shape.channels},
                    shape.channels, shape.middle);
    if (tap == 0)
      token(firstReady, weights);
    made =
        &out.multiply(scratchpad(tap / shape.taps * width + tap % shape.taps),
                      accumulator(0, tap > 0), shape.outWidth(),
                      shape.outHeight(), shape.channels);
  }
  Instruction &quantize = out.quantize(accumulator(500), -4, -100, 100);
  token(scalesReady, quantize);
  Instruction &keep =
      out.storeKeep(kept, accumulator(0), pixels, 1, shape.middle);
  token(*made, keep);
  Instruction &tableTaken = out.add(Opcode::VectorTable);
  tableTaken.b32 = table.bits;
  token(tableReady, tableTaken);
  Instruction &strides = out.add(Opcode::VectorConfig);
  strides.a32 = strides.b32 = 1;
  Instruction &map = out.vector(Opcode::VectorMap, kept, kept, pixels, 1);
  token(keep, map);
  out.executeConfig(1, 0, 0);
  Instruction &weights = out.weights(second, shape.middle, shape.outputs);
  token(secondReady, weights);
  Instruction &multiply =
      out.multiply(kept, accumulator(200), pixels, 1, shape.middle);
  token(map, multiply);
  out.storeConfig(5, int32_t(4 * shape.outputs));
  out.quantize(scratchpad(0), 0, 0, 0).b32 = 4;
  Instruction &result =
      out.storeOut(0, accumulator(200), pixels, 1, shape.outputs);
  token(multiply, result);

  Work work;
  work.program = out.finish();
  work.segments = {
      randomBytes(random, shape.height * shape.width * shape.channels),
      randomBytes(random,
                  shape.taps * shape.taps * shape.channels * shape.middle),
      randomBytes(random, shape.middle * shape.outputs),
      randomScales(random, shape.middle),
      randomBytes(random, 256),
      std::vector<uint8_t>(size_t(4) * pixels * shape.outputs)};
  work.output = 5;
  work.macs = uint64_t(pixels) * shape.middle *
              (shape.taps * shape.taps * shape.channels + shape.outputs);
  work.expected = convolve(shape, work);
  return work;
}

//===- RandomProgram.cpp --------------------------------------------------===//
//
// Random instructions on few rows, so that many of them meet. Who uses which
// row last is known while the program grows: an instruction that must come
// after one of another unit takes a token of just that one.
//
//===----------------------------------------------------------------------===//

#include "test/targets/systolic/rtl/Cases.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <random>

using namespace aicc::systolic;
using namespace aicc::systolic::rtl;

namespace {

/// Rows that the programs use. The accumulator's further four: scales, biases.
constexpr unsigned scratchpadRows = 64, weightRows = 32, sumRows = 40;
constexpr unsigned scaleRow = sumRows, biasRow = sumRows + 2;
constexpr unsigned segmentBytes = 4096;
enum Segments : unsigned { Input, Both, Parameters, Dump, numSegments };

/// What can be read and written: a row, named by its local address without the
/// bit to accumulate, or a whole segment.
using Key = uint64_t;
Key rowKey(Space space, uint32_t row) {
  return LocalAddress::make(space, row).bits;
}
Key segmentKey(unsigned segment) { return Key(1) << 40 | segment; }

/// Rows in two loops and blocks, no two the same.
struct Shape {
  unsigned count0 = 1, count1 = 1, columns = 1, blocks = 1;
  unsigned stride1 = 1, block = 1, extent = 1;
};

class Generator {
public:
  Generator(const MachineConfig &machine, unsigned seed)
      : machine(machine), generator(seed) {}

  Case generate(unsigned length) {
    begin();
    while (list.size() < length)
      oneIn(16) ? loop() : step();
    dump();
    addLoops();
    Program program;
    program.machine = machine;
    program.entries = {{"random", 0, uint32_t(list.size()), numSegments}};
    program.instructions = std::move(list);
    return {"random", std::move(program), segments(), {}};
  }

private:
  unsigned below(unsigned bound) { return generator() % bound; }
  unsigned between(unsigned low, unsigned high) {
    return low + below(high - low + 1);
  }
  bool oneIn(unsigned n) { return below(n) == 0; }

  //===--------------------------------------------------------------------===//
  // Order
  //===--------------------------------------------------------------------===//

  struct Use {
    int writer = -1;
    std::array<int, numQueues> reader = {-1, -1, -1, -1};
  };

  void before(int index, unsigned unit, std::array<int, numQueues> &need) {
    if (index < 0)
      return;
    unsigned other = unsigned(*queueOf(list[index].opcode));
    if (other != unit && index > known[unit][other])
      need[other] = std::max(need[other], index);
  }

  void emit(Instruction instruction, const std::vector<Key> &reads = {},
            const std::vector<Key> &writes = {}) {
    unsigned unit = unsigned(*queueOf(instruction.opcode));
    std::array<int, numQueues> need = {-1, -1, -1, -1};
    for (Key key : reads)
      before(uses[key].writer, unit, need);
    for (Key key : writes) {
      before(uses[key].writer, unit, need);
      for (int reader : uses[key].reader)
        before(reader, unit, need);
    }
    for (unsigned other = 0; other < numQueues; ++other) {
      if (need[other] < 0)
        continue;
      list[need[other]].signals |= 1u << unit;
      instruction.waits |= 1u << other;
      known[unit][other] = need[other];
    }
    int index = int(list.size());
    for (Key key : reads)
      uses[key].reader[unit] = index;
    for (Key key : writes)
      uses[key].writer = index;
    list.push_back(instruction);
  }

  void fence() {
    for (auto &row : known)
      row.fill(int(list.size()));
    list.push_back({.opcode = Opcode::Fence});
  }

  //===--------------------------------------------------------------------===//
  // Loops
  //===--------------------------------------------------------------------===//

  struct Body {
    size_t first, end;
  };

  /// Instructions that can run again: fences are around them, and they find
  /// nothing in the array or the registers that they did not put there.
  void loop() {
    fence();
    size_t first = list.size();
    weightsK = 0;
    sums = table = false;
    executeConfig();
    for (unsigned i = between(1, 12); i > 0; --i)
      step();
    fence();
    bodies.push_back({first, list.size()});
  }

  /// How far a load can go on in its segment in each of `times` iterations.
  uint32_t roomOf(size_t at, unsigned times) const {
    const Instruction &load = list[at];
    size_t config = at;
    while (list[config].opcode != Opcode::LoadConfig ||
           (list[config].a16 & 3) != (load.a16 & 3))
      --config;
    auto last = [](uint32_t count, uint32_t stride) {
      return std::max(0, int(count - 1) * int32_t(stride));
    };
    uint32_t bytes = load.c16 * (list[config].a16 & 8 ? 4 : 1);
    uint32_t end = load.a32 + bytes + last(load.b16, list[config].a32) +
                   last(load.a16 >> 2, list[config].b32);
    return (segmentBytes - end) / times;
  }

  /// Puts each body into two loops.
  void addLoops() {
    std::vector<Instruction> looped;
    size_t copied = 0;
    auto copyTo = [&](size_t end) {
      looped.insert(looped.end(), list.begin() + copied, list.begin() + end);
      copied = end;
    };
    for (Body body : bodies) {
      copyTo(body.first);
      unsigned outer = between(1, 2), inner = between(1, 3);
      size_t at = looped.size();
      looped.push_back({.opcode = Opcode::Loop, .a32 = outer});
      looped.push_back({.opcode = Opcode::Loop, .a32 = inner});
      while (copied < body.end) {
        if (list[copied].opcode == Opcode::LoadIn) {
          uint32_t step = below(roomOf(copied, outer * inner) + 1);
          looped.push_back({.opcode = Opcode::Step, .a32 = step});
          looped.push_back({.opcode = Opcode::Step, .a16 = 1, .a32 = step});
        }
        copyTo(copied + 1);
      }
      looped[at].b16 = uint16_t(looped.size() - at - 1);
      looped[at + 1].b16 = uint16_t(looped.size() - at - 2);
    }
    copyTo(list.size());
    list = std::move(looped);
  }

  //===--------------------------------------------------------------------===//
  // Shapes
  //===--------------------------------------------------------------------===//

  /// In blocks of `lanes`, within `limit` rows.
  Shape shape(unsigned lanes, unsigned limit, unsigned maximumBlocks) {
    for (;;) {
      Shape made;
      made.count0 = between(1, 5);
      made.count1 = between(1, 3);
      made.columns = between(1, maximumBlocks * lanes);
      made.blocks = (made.columns + lanes - 1) / lanes;
      if (oneIn(2)) {
        made.stride1 = made.count0 + below(2);
        made.block = made.stride1 * made.count1 + below(2);
      } else {
        made.block = made.count0 + below(2);
        made.stride1 = made.block * made.blocks;
      }
      made.extent = (made.count1 - 1) * made.stride1 +
                    (made.blocks - 1) * made.block + made.count0;
      if (made.extent <= limit)
        return made;
    }
  }

  static std::vector<Key> rowsOf(const Shape &shape, Space space,
                                 uint32_t first) {
    std::vector<Key> keys;
    for (unsigned i1 = 0; i1 < shape.count1; ++i1)
      for (unsigned i0 = 0; i0 < shape.count0; ++i0)
        for (unsigned k = 0; k < shape.blocks; ++k)
          keys.push_back(
              rowKey(space, first + i1 * shape.stride1 + i0 + k * shape.block));
    return keys;
  }

  /// Strides of a segment and the offset that keeps all rows inside of it.
  struct Reach {
    int stride0, stride1;
    unsigned offset;
  };
  Reach reach(const Shape &shape, unsigned rowBytes) {
    Reach made = {int(between(0, 300)) - 150, int(between(0, 600)) - 300, 0};
    int far0 = made.stride0 * int(shape.count0 - 1),
        far1 = made.stride1 * int(shape.count1 - 1);
    int low = std::min(0, far0) + std::min(0, far1),
        high = std::max(0, far0) + std::max(0, far1) + int(rowBytes);
    made.offset = between(unsigned(-low), segmentBytes - unsigned(high));
    return made;
  }

  //===--------------------------------------------------------------------===//
  // Instructions
  //===--------------------------------------------------------------------===//

  Space destination() {
    unsigned pick = below(machine.weightRows ? 3 : 2);
    return pick == 0   ? Space::Scratchpad
           : pick == 1 ? Space::Accumulator
                       : Space::Weights;
  }
  static unsigned rowsIn(Space space) {
    return space == Space::Scratchpad ? scratchpadRows
           : space == Space::Weights  ? weightRows
                                      : sumRows;
  }

  void load() {
    Space space = destination();
    bool wide = space == Space::Accumulator;
    Shape made = shape(wide ? machine.cols : machine.lanes(), rowsIn(space), 3);
    Reach from = reach(made, made.columns * (wide ? 4 : 1));
    unsigned channel = below(4), segment = oneIn(4) ? Both : Input;
    emit({.opcode = Opcode::LoadConfig,
          .a16 = uint16_t(channel | (oneIn(2) ? 4 : 0) | (wide ? 8 : 0)),
          .b16 = uint16_t(segment),
          .a32 = uint32_t(from.stride0),
          .b32 = uint32_t(from.stride1)});
    emit({.opcode = Opcode::LoadPlace,
          .a16 = uint16_t(channel),
          .a32 = made.stride1,
          .b32 = made.block});
    uint32_t first = between(0, rowsIn(space) - made.extent);
    std::vector<Key> rows = rowsOf(made, space, first);
    emit({.opcode = Opcode::LoadIn,
          .a16 = uint16_t(channel | made.count1 << 2),
          .b16 = uint16_t(made.count0),
          .c16 = uint16_t(made.columns),
          .a32 = from.offset,
          .b32 = LocalAddress::make(space, first, wide && oneIn(2)).bits},
         {segmentKey(segment)}, rows);
  }

  void fill() {
    Space space = destination();
    unsigned channel = below(4);
    Shape made = shape(1, rowsIn(space), 1);
    emit({.opcode = Opcode::LoadConfig,
          .a16 = uint16_t(channel | below(256) << 8)});
    emit({.opcode = Opcode::LoadPlace,
          .a16 = uint16_t(channel),
          .a32 = made.stride1});
    uint32_t first = between(0, rowsIn(space) - made.extent);
    emit({.opcode = Opcode::LoadFill,
          .a16 = uint16_t(channel | made.count1 << 2),
          .b16 = uint16_t(made.count0),
          .b32 = LocalAddress::make(space, first).bits},
         {}, rowsOf(made, space, first));
  }

  /// A pattern of A in the scratchpad.
  std::vector<Key> pattern(unsigned count0, unsigned count1, uint32_t &first) {
    unsigned last = (count0 - 1) * aStride0 + (count1 - 1) * aStride1;
    first = between(0, scratchpadRows - 1 - last);
    std::vector<Key> keys;
    for (unsigned i1 = 0; i1 < count1; ++i1)
      for (unsigned i0 = 0; i0 < count0; ++i0)
        keys.push_back(
            rowKey(Space::Scratchpad, first + i1 * aStride1 + i0 * aStride0));
    return keys;
  }

  void weights() {
    bool own = machine.weightRows && oneIn(2);
    Space space = own ? Space::Weights : Space::Scratchpad;
    weightsK = between(1, machine.rows);
    uint32_t first = between(0, rowsIn(space) - weightsK);
    std::vector<Key> reads;
    for (unsigned i = 0; i < weightsK; ++i)
      reads.push_back(rowKey(space, first + i));
    emit({.opcode = Opcode::ExecuteWeights,
          .a16 = uint16_t(oneIn(4)), // Diagonal.
          .b16 = uint16_t(weightsK),
          .c16 = uint16_t(between(1, machine.cols)),
          .b32 = LocalAddress::make(space, first).bits},
         reads);
  }

  void multiply() {
    if (!weightsK || oneIn(8))
      weights();
    if (oneIn(3))
      executeConfig();
    unsigned count0 = between(1, 6), count1 = between(1, 3);
    uint32_t a = 0;
    std::vector<Key> reads = pattern(count0, count1, a), writes;
    uint32_t c = between(0, sumRows - count0 - (count1 - 1) * cStride1);
    for (unsigned i1 = 0; i1 < count1; ++i1)
      for (unsigned i0 = 0; i0 < count0; ++i0)
        writes.push_back(rowKey(Space::Accumulator, c + i1 * cStride1 + i0));
    emit({.opcode = Opcode::ExecuteMultiply,
          .a16 = uint16_t(count1),
          .b16 = uint16_t(count0),
          .c16 = uint16_t(between(1, weightsK)),
          .a32 = LocalAddress::make(Space::Scratchpad, a).bits,
          .b32 = LocalAddress::make(Space::Accumulator, c, oneIn(2)).bits},
         reads, writes);
    weightsK = 0;
  }

  void executeConfig() {
    aStride0 = below(4);
    aStride1 = below(12);
    cStride1 = below(9);
    emit({.opcode = Opcode::ExecuteConfig,
          .a32 = aStride0 | aStride1 << 16,
          .b32 = cStride1});
  }

  void outer() {
    unsigned count0 = between(1, 6), count1 = between(1, 2);
    bool own = machine.weightRows && oneIn(2);
    Space space = own ? Space::Weights : Space::Scratchpad;
    uint32_t a = 0, b = between(0, rowsIn(space) - count0 * count1);
    std::vector<Key> reads = pattern(count0, count1, a);
    for (unsigned i = 0; i < count0 * count1; ++i)
      reads.push_back(rowKey(space, b + i));
    emit({.opcode = Opcode::ExecuteOuter,
          .a16 = uint16_t(count1),
          .b16 = uint16_t(count0),
          .c16 = uint16_t(!sums || oneIn(4)),
          .a32 = LocalAddress::make(Space::Scratchpad, a).bits,
          .b32 = LocalAddress::make(space, b).bits},
         reads);
    sums = true;
  }

  void flush() {
    if (!sums)
      outer();
    unsigned m = between(1, machine.rows);
    uint32_t c = between(0, sumRows - m);
    std::vector<Key> writes;
    for (unsigned i = 0; i < m; ++i)
      writes.push_back(rowKey(Space::Accumulator, c + i));
    emit({.opcode = Opcode::ExecuteFlush,
          .b16 = uint16_t(m),
          .c16 = uint16_t(between(1, machine.cols)),
          .b32 = LocalAddress::make(Space::Accumulator, c, oneIn(2)).bits},
         {}, writes);
    sums = false;
  }

  void quantize(bool raw, bool bias) {
    int low = int(below(200)) - 128;
    emit({.opcode = Opcode::StoreQuantize,
          .a16 = uint16_t(below(256) - 128),
          .b16 = uint16_t(low),
          .c16 = uint16_t(low + int(below(200))),
          .a32 = LocalAddress::make(Space::Accumulator, scaleRow).bits,
          .b32 = (raw ? 4u : 0u) | (oneIn(2) ? 8u : 0u) | (bias ? 16u : 0u) |
                 biasRow << 8});
  }

  static std::vector<Key> withParameters(std::vector<Key> reads) {
    for (unsigned row = scaleRow; row < biasRow + 2; ++row)
      reads.push_back(rowKey(Space::Accumulator, row));
    return reads;
  }

  void storePlace(const Shape &made, unsigned keepStride) {
    emit({.opcode = Opcode::StorePlace,
          .a16 = uint16_t(keepStride),
          .b16 = 1,
          .a32 = made.stride1,
          .b32 = made.block});
  }

  void out() {
    bool fromSums = oneIn(2), raw = oneIn(2), bias = oneIn(2);
    Space space = fromSums ? Space::Accumulator : Space::Scratchpad;
    Shape made = shape(fromSums ? machine.cols : machine.lanes(), rowsIn(space),
                       fromSums && (bias || !raw) ? 2 : 3);
    Reach to = reach(made, made.columns * (fromSums && raw ? 4 : 1));
    emit({.opcode = Opcode::StoreConfig,
          .b16 = Both,
          .a32 = uint32_t(to.stride0),
          .b32 = uint32_t(to.stride1)});
    storePlace(made, 0);
    quantize(raw, bias);
    uint32_t first = between(0, rowsIn(space) - made.extent);
    emit({.opcode = Opcode::StoreOut,
          .a16 = uint16_t(made.count1),
          .b16 = uint16_t(made.count0),
          .c16 = uint16_t(made.columns),
          .a32 = to.offset,
          .b32 = LocalAddress::make(space, first).bits},
         withParameters(rowsOf(made, space, first)), {segmentKey(Both)});
  }

  void keep() {
    Shape made = shape(machine.cols, sumRows, 1);
    unsigned keepStride = made.count0 + below(3);
    storePlace(made, keepStride);
    quantize(/*raw=*/false, oneIn(2));
    uint32_t from = between(0, sumRows - made.extent),
             extent = (made.count1 - 1) * keepStride + made.count0,
             to = between(0, scratchpadRows - extent);
    std::vector<Key> reads = rowsOf(made, Space::Accumulator, from);
    made.stride1 = keepStride;
    emit({.opcode = Opcode::StoreKeep,
          .a16 = uint16_t(made.count1),
          .b16 = uint16_t(made.count0),
          .c16 = uint16_t(made.columns),
          .a32 = LocalAddress::make(Space::Scratchpad, to).bits,
          .b32 = LocalAddress::make(Space::Accumulator, from).bits},
         withParameters(reads), rowsOf(made, Space::Scratchpad, to));
  }

  void vectorTable() {
    unsigned count = (256 + machine.lanes() - 1) / machine.lanes();
    uint32_t first = between(0, scratchpadRows - count);
    Shape all;
    all.count0 = count;
    emit({.opcode = Opcode::VectorTable,
          .b32 = LocalAddress::make(Space::Scratchpad, first).bits},
         rowsOf(all, Space::Scratchpad, first));
    table = true;
  }

  /// An instruction between rows; the destinations may meet themselves.
  void vector() {
    static constexpr Opcode opcodes[] = {Opcode::VectorMap,
                                         Opcode::VectorMaximum,
                                         Opcode::VectorSum, Opcode::VectorCopy};
    Opcode opcode = opcodes[below(4)];
    if (opcode == Opcode::VectorMap && (!table || oneIn(4)))
      vectorTable();
    Space space =
        opcode == Opcode::VectorSum ? Space::Accumulator : Space::Scratchpad;
    unsigned stride[4] = {below(3), below(9), below(3), below(9)};
    emit({.opcode = Opcode::VectorConfig,
          .a32 = stride[0] | stride[1] << 16,
          .b32 = stride[2] | stride[3] << 16});
    unsigned count0 = between(1, 6), count1 = between(1, 3);
    auto last = [&](unsigned stride0, unsigned stride1) {
      return (count0 - 1) * stride0 + (count1 - 1) * stride1;
    };
    uint32_t from = between(0, scratchpadRows - 1 - last(stride[0], stride[1])),
             to = between(0, rowsIn(space) - 1 - last(stride[2], stride[3]));
    std::vector<Key> reads, writes;
    for (unsigned i1 = 0; i1 < count1; ++i1)
      for (unsigned i0 = 0; i0 < count0; ++i0) {
        reads.push_back(
            rowKey(Space::Scratchpad, from + i1 * stride[1] + i0 * stride[0]));
        writes.push_back(rowKey(space, to + i1 * stride[3] + i0 * stride[2]));
      }
    emit({.opcode = opcode,
          .a16 = uint16_t(count1),
          .b16 = uint16_t(count0),
          .a32 = LocalAddress::make(space, to).bits,
          .b32 = LocalAddress::make(Space::Scratchpad, from).bits},
         reads, writes);
  }

  void step() {
    switch (below(machine.dataflows & 2 ? 14 : 12)) {
    case 0:
    case 1:
      return load();
    case 2:
      return fill();
    case 3:
    case 4:
    case 5:
      return multiply();
    case 6:
      return weights();
    case 7:
      return out();
    case 8:
      return keep();
    case 9:
      return oneIn(4) ? fence() : executeConfig();
    case 10:
    case 11:
      return vector();
    case 12:
      return outer();
    default:
      return flush();
    }
  }

  //===--------------------------------------------------------------------===//
  // The ends
  //===--------------------------------------------------------------------===//

  /// Something is in every row.
  void begin() {
    for (Space space :
         {Space::Scratchpad, Space::Weights, Space::Accumulator}) {
      if (space == Space::Weights && !machine.weightRows)
        continue;
      Shape all;
      all.count0 = rowsIn(space);
      emit({.opcode = Opcode::LoadConfig,
            .a16 = uint16_t(space == Space::Accumulator ? 8 : 0),
            .b16 = Input,
            .a32 = machine.lanes()});
      emit({.opcode = Opcode::LoadIn,
            .a16 = 1 << 2,
            .b16 = uint16_t(all.count0),
            .c16 = uint16_t(space == Space::Accumulator ? machine.cols
                                                        : machine.lanes()),
            .b32 = LocalAddress::make(space, 0).bits},
           {segmentKey(Input)}, rowsOf(all, space, 0));
    }
    Shape parameters;
    parameters.count0 = 4;
    emit({.opcode = Opcode::LoadConfig,
          .a16 = 8,
          .b16 = Parameters,
          .a32 = 4 * machine.cols});
    emit({.opcode = Opcode::LoadIn,
          .a16 = 1 << 2,
          .b16 = 4,
          .c16 = uint16_t(machine.cols),
          .b32 = LocalAddress::make(Space::Accumulator, scaleRow).bits},
         {segmentKey(Parameters)},
         rowsOf(parameters, Space::Accumulator, scaleRow));
  }

  /// What the memories hold goes to a segment of its own.
  void dump() {
    unsigned offset = 0;
    for (Space space : {Space::Scratchpad, Space::Accumulator}) {
      unsigned columns =
          space == Space::Scratchpad ? machine.lanes() : machine.cols;
      unsigned rowBytes = space == Space::Scratchpad ? columns : 4 * columns;
      Shape all;
      all.count0 = rowsIn(space);
      emit({.opcode = Opcode::StoreConfig, .b16 = Dump, .a32 = rowBytes});
      emit({.opcode = Opcode::StoreQuantize, .b32 = 4});
      emit({.opcode = Opcode::StoreOut,
            .a16 = 1,
            .b16 = uint16_t(all.count0),
            .c16 = uint16_t(columns),
            .a32 = offset,
            .b32 = LocalAddress::make(space, 0).bits},
           rowsOf(all, space, 0), {segmentKey(Dump)});
      offset += all.count0 * rowBytes;
    }
    list.push_back({.opcode = Opcode::Halt});
  }

  std::vector<Bytes> segments() {
    std::vector<Bytes> made(numSegments);
    for (unsigned segment : {Input, Both}) {
      made[segment].resize(segmentBytes);
      for (uint8_t &byte : made[segment])
        byte = uint8_t(generator());
    }
    made[Parameters].resize(16 * machine.cols);
    for (unsigned i = 0; i < 4 * machine.cols; ++i) {
      uint32_t word =
          i < 2 * machine.cols
              ? std::bit_cast<uint32_t>(float(int(below(2000)) - 500) / 1e6f)
              : below(20000) - 10000;
      std::memcpy(made[Parameters].data() + 4 * i, &word, 4);
    }
    made[Dump].resize(scratchpadRows * machine.lanes() +
                      sumRows * 4 * machine.cols);
    return made;
  }

  MachineConfig machine;
  std::mt19937 generator;
  std::vector<Instruction> list;
  std::vector<Body> bodies;
  std::map<Key, Use> uses;
  /// [unit][other]: the last instruction of `other` that is complete before the
  /// next one of `unit` starts.
  std::array<std::array<int, numQueues>, numQueues> known = [] {
    std::array<std::array<int, numQueues>, numQueues> none;
    for (auto &row : none)
      row.fill(-1);
    return none;
  }();
  unsigned aStride0 = 0, aStride1 = 0, cStride1 = 0;
  unsigned weightsK = 0; ///< Of the weights that wait for a multiply.
  bool sums = false, table = false;
};

} // namespace

Case rtl::randomProgram(const MachineConfig &machine, unsigned seed) {
  return Generator(machine, seed).generate(90);
}

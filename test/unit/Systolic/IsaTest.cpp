//===- IsaTest.cpp - Encoding, files and text of programs -----------------===//

#include "targets/systolic/Isa/Fields.h"
#include "test/unit/Systolic/RandomProgram.h"

#include <gtest/gtest.h>

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

/// The text of the specification's example.
constexpr const char *example = R"(
.machine rows=16 cols=16 scratchpad_rows=16384 weight_rows=0 accumulator_rows=1024 queue_depth=16 dram_bytes_per_256_cycles=4096 dram_access_bytes=64 dram_is_shared=1 dataflows=3 clock_khz=1000000
.entry "conv1" segments=3
load.config channel=0 segment=0 stride0=64 stride1=0 fill=0
load.in channel=0 offset=0 to=sp[0] rows=16x1 columns=16 signal=execute
execute.weights from=sp[64] k=16 n=16 wait=load
execute.multiply a=sp[0] c=acc[0] rows=16x1 k=16 signal=store   ; a comment
store.out offset=0 from=acc[0] rows=16x1 columns=16 wait=execute
halt
)";

constexpr const char *machineLine =
    ".machine rows=4 cols=4 scratchpad_rows=64 weight_rows=0 "
    "accumulator_rows=64 queue_depth=4 dram_bytes_per_256_cycles=2048 "
    "dram_access_bytes=1 dram_is_shared=1 dataflows=1 clock_khz=1\n";

std::string errorOfText(const std::string &text) {
  std::string error;
  EXPECT_FALSE(assemble(text, error).has_value()) << text;
  return error;
}

/// The error for one instruction at line 3.
std::string errorOfLine(const std::string &line) {
  return errorOfText(machineLine + std::string(".entry \"e\" segments=0\n") +
                     line + "\nhalt\n");
}

TEST(Isa, EncodesAsTheSpecificationSays) {
  Instruction instruction{Opcode::ExecuteMultiply,
                          0x1,
                          0xc,
                          0x1122,
                          0x3344,
                          0x5566,
                          0x778899aa,
                          0xbbccddee};
  InstructionBytes expected = {0x22, 0x1c, 0x22, 0x11, 0xaa, 0x99, 0x88, 0x77,
                               0xee, 0xdd, 0xcc, 0xbb, 0x44, 0x33, 0x66, 0x55};
  EXPECT_EQ(encode(instruction), expected);
  EXPECT_EQ(decode(expected), instruction);
  expected[0] = 0x04;
  EXPECT_EQ(decode(expected), std::nullopt);
}

TEST(Isa, QueuesFollowTheOpcode) {
  for (const Form &form : forms()) {
    std::string_view unit = form.mnemonic.substr(0, form.mnemonic.find('.'));
    std::optional<Queue> queue = queueOf(form.opcode);
    EXPECT_EQ(queue ? nameOf(*queue) : form.mnemonic, unit);
    EXPECT_EQ(formOf(form.opcode), &form);
  }
  EXPECT_EQ(formOf(Opcode(0x4a)), nullptr);
  EXPECT_EQ(queueOf(Opcode(0x50)), std::nullopt);
}

TEST(Isa, HashIsFnv1a) {
  // Computed apart: 44 zero bytes with a 1 in byte 0, from the definition.
  MachineConfig machine;
  machine.queueDepth = machine.dramAccessBytes = 0;
  machine.dramIsShared = machine.dataflows = 0;
  machine.rows = 1;
  uint64_t expected = 14695981039346656037u;
  for (unsigned i = 0; i < 44; ++i)
    expected = (expected ^ (i == 0)) * 1099511628211u;
  EXPECT_EQ(machine.hash(), expected);
  machine.cols = 1;
  EXPECT_NE(machine.hash(), expected);
}

TEST(Isa, RandomProgramsRoundTrip) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    Program program = randomProgram(random, 40);
    std::string error;
    ASSERT_TRUE(verify(program, error)) << error;

    std::vector<uint8_t> bytes = serialize(program);
    std::optional<Program> read =
        deserialize(bytes.data(), bytes.size(), error);
    ASSERT_TRUE(read) << error;
    EXPECT_EQ(*read, program);
    EXPECT_EQ(serialize(*read), bytes);

    std::string text = disassemble(program);
    std::optional<Program> assembled = assemble(text, error);
    ASSERT_TRUE(assembled) << error << "\n" << text;
    EXPECT_EQ(*assembled, program);
    EXPECT_EQ(disassemble(*assembled), text);
  }
}

TEST(Isa, TheExampleOfTheSpecification) {
  std::string error;
  std::optional<Program> program = assemble(example, error);
  ASSERT_TRUE(program) << error;
  ASSERT_EQ(program->instructions.size(), 6u);
  EXPECT_EQ(program->entries[0].name, "conv1");
  EXPECT_EQ(program->entries[0].segments, 3u);
  const Instruction &multiply = program->instructions[3];
  EXPECT_EQ(multiply.opcode, Opcode::ExecuteMultiply);
  EXPECT_EQ(multiply.signals, 1 << unsigned(Queue::Store));
  EXPECT_EQ(multiply.b16, 16);
  EXPECT_EQ(multiply.a16, 1);
  EXPECT_EQ(LocalAddress{multiply.b32},
            LocalAddress::make(Space::Accumulator, 0));
}

TEST(Isa, RealsKeepTheirBits) {
  for (uint32_t bits : {0x00000000u, 0x80000000u, 0x00000001u, 0x3f800000u,
                        0x3eaaaaabu, 0x7f7fffffu, 0x7f800000u, 0xffc00001u}) {
    Instruction instruction{Opcode::VectorParameter, 0, 0, 0, 0, 0, bits, 0};
    std::string text = machineLine + std::string(".entry \"\" segments=0\n") +
                       disassemble(instruction) + "\nhalt";
    std::string error;
    std::optional<Program> program = assemble(text, error);
    ASSERT_TRUE(program) << error;
    EXPECT_EQ(program->instructions[0].a32, bits) << text;
  }
}

TEST(Isa, AssemblerErrorsHavePositions) {
  EXPECT_EQ(errorOfText(""), "1:1: expected .machine");
  EXPECT_EQ(errorOfText("\n  halt\n"), "2:3: expected .machine first");
  EXPECT_EQ(errorOfText(".machine rows=4 rows=4"),
            "1:17: 'rows' is there twice");
  EXPECT_EQ(errorOfText(".machine rows=0 cols=4"),
            "1:1: the machine's rows is 0, expected 1 to 65535");
  EXPECT_EQ(errorOfText(".machine depth=1"),
            "1:10: .machine has no field 'depth'");
  EXPECT_EQ(errorOfText(machineLine + std::string("halt\n")),
            "2:1: expected .entry before an instruction");
  EXPECT_EQ(errorOfText(machineLine + std::string(".entry \"e\" segments=0\n")),
            "3:1: the last entry has no halt");
  EXPECT_EQ(errorOfText(machineLine + std::string(".entry \"e\" segments=0\n"
                                                  ".entry \"f\" segments=0\n")),
            "3:1: the entry before has no halt");
  EXPECT_EQ(
      errorOfText(machineLine + std::string(".entry \"e\\x00\" segments=0")),
      "2:10: expected \\\", \\\\ or \\xNN, not zero");
  EXPECT_EQ(errorOfText(machineLine + std::string(".entry \"e")),
            "2:10: expected '\"'");
  EXPECT_EQ(errorOfLine("halt"), "4:1: expected .entry before an instruction");
  EXPECT_EQ(errorOfLine("load.out"), "3:1: there is no instruction 'load.out'");
  EXPECT_EQ(errorOfLine("load.in size=1"), "3:9: load.in has no field 'size'");
  EXPECT_EQ(errorOfLine("load.in channel=4"), "3:17: expected 0 to 3, found 4");
  EXPECT_EQ(errorOfLine("load.in columns=99999999999999999999"),
            "3:17: expected 0 to 65535, found 99999999999999999999");
  EXPECT_EQ(errorOfLine("load.in columns=-1"),
            "3:17: expected 0 to 65535, found -1");
  EXPECT_EQ(errorOfLine("load.in columns="), "3:17: expected a number");
  EXPECT_EQ(errorOfLine("load.in columns 1"), "3:16: expected '='");
  EXPECT_EQ(errorOfLine("load.in rows=3"), "3:15: expected 'x'");
  EXPECT_EQ(errorOfLine("load.in to=dram[3]"),
            "3:12: expected sp or wm or acc[row]");
  EXPECT_EQ(errorOfLine("load.fill to=acc[3]+"),
            "3:20: 'to' cannot accumulate");
  EXPECT_EQ(errorOfLine("execute.multiply c=sp[3]"), "3:20: expected acc[row]");
  // Found by the fuzzer: what the disassembler wrote of it was no program.
  EXPECT_EQ(errorOfLine("execute.multiply a=sp[0]; c=acc[0]"),
            "3:1: 'c' is in sp, where this instruction does not reach");
  EXPECT_EQ(errorOfLine("load.in wait=dma"),
            "3:14: expected load, execute, store or vector, found 'dma'");
  EXPECT_EQ(errorOfLine("load.in wait=store,store"),
            "3:20: 'store' is there twice");
  EXPECT_EQ(errorOfLine("load.in wait=load"),
            "3:9: a token of the unit itself");
  EXPECT_EQ(errorOfLine("fence wait=load"), "3:7: fence has no field 'wait'");
  EXPECT_EQ(errorOfLine("vector.parameter scale=1e99"),
            "3:24: expected a number that f32 holds, found 1e99");
}

/// What deserialize says of `program` after `change` of its bytes.
template <typename Change>
std::string errorOfBytes(const Program &program, Change change) {
  std::vector<uint8_t> bytes = serialize(program);
  change(bytes);
  std::string error;
  EXPECT_FALSE(deserialize(bytes.data(), bytes.size(), error).has_value());
  return error;
}

TEST(Isa, FilesThatAreNoPrograms) {
  std::string error;
  Program program = *assemble(example, error);
  using Bytes = std::vector<uint8_t>;
  EXPECT_EQ(errorOfBytes(program, [](Bytes &b) { b.resize(31); }),
            "a program has a header of 32 bytes, this has 31");
  EXPECT_EQ(errorOfBytes(program, [](Bytes &b) { b[0] = 'B'; }),
            "this is no program: it does not start with ASYP");
  EXPECT_EQ(errorOfBytes(program, [](Bytes &b) { b[4] = 1; }),
            "the program has version 1, expected 3");
  EXPECT_EQ(errorOfBytes(program, [](Bytes &b) { b[8] ^= 1; }),
            "the hash of the program's machine is not that of its fields");
  EXPECT_EQ(errorOfBytes(program, [](Bytes &b) { b[16] = 48; }),
            "the machine has 48 bytes, expected 44");
  EXPECT_EQ(errorOfBytes(program, [](Bytes &b) { b[27] = 0xff; }),
            "the program has 194 bytes, its header says 68451041474");
  EXPECT_EQ(errorOfBytes(program, [](Bytes &b) { b.pop_back(); }),
            "the program has 193 bytes, its header says 194");
  EXPECT_EQ(errorOfBytes(program, [](Bytes &b) { b.back() = 1; }),
            "the last name of the program has no end");
  EXPECT_EQ(errorOfBytes(program, [](Bytes &b) { b[84] = 1; }),
            "the name of entry 0 is at byte 1 of the strings, expected 0 of 6");
  EXPECT_EQ(errorOfBytes(program, [](Bytes &b) { b[92] = 0x99; }),
            "instruction 0: there is no opcode 153");
}

std::string errorOf(const Program &program) {
  std::string error;
  EXPECT_FALSE(verify(program, error));
  return error;
}

TEST(Isa, FormsThatAreWrong) {
  std::string error;
  const Program good = *assemble(example, error);
  auto with = [&](unsigned at, auto change) {
    Program program = good;
    change(program.instructions[at]);
    return errorOf(program);
  };
  EXPECT_EQ(with(1, [](Instruction &i) { i.waits = 1; }),
            "instruction 1 (load.in): a token of the unit itself");
  EXPECT_EQ(with(1, [](Instruction &i) { i.signals = 16; }),
            "instruction 1 (load.in): tokens of a unit that does not exist");
  EXPECT_EQ(with(5, [](Instruction &i) { i.waits = 1; }),
            "instruction 5 (halt): the dispatcher takes and gives no tokens");
  EXPECT_EQ(with(2, [](Instruction &i) { i.a32 = 1; }),
            "instruction 2 (execute.weights): unused bits that are not zero");
  EXPECT_EQ(with(2, [](Instruction &i) { i.b32 = 3u << 30; }),
            "instruction 2 (execute.weights): 'from' names no memory");
  EXPECT_EQ(with(2, [](Instruction &i) { i.b32 = 2u << 30; }),
            "instruction 2 (execute.weights): 'from' is in acc, where this "
            "instruction does not reach");
  EXPECT_EQ(with(2, [](Instruction &i) { i.b32 = 1u << 24; }),
            "instruction 2 (execute.weights): 'from' has unused bits that are "
            "not zero");
  EXPECT_EQ(with(1, [](Instruction &i) { i.b32 = 1u << 29; }),
            "instruction 1 (load.in): 'to' accumulates, which it cannot");
  EXPECT_EQ(with(4, [](Instruction &i) { i = {}; }),
            "entry 0 must have one halt, at its end; instruction 4 is halt");
  EXPECT_EQ(with(5, [](Instruction &i) { i.opcode = Opcode::Fence; }),
            "entry 0 must have one halt, at its end; instruction 5 is fence");

  Program program = good;
  program.entries[0].count = 7;
  EXPECT_EQ(errorOf(program), "entry 0 ends at instruction 7 of 6");
  program.entries[0].first = 1;
  EXPECT_EQ(errorOf(program), "entry 0 starts at instruction 1, expected 0");
  program.entries.clear();
  EXPECT_EQ(errorOf(program), "the entries have 0 instructions of 6");
  program = good;
  program.machine.scratchpadRows = 1 << 25;
  EXPECT_EQ(errorOf(program), "the machine's scratchpad_rows is 33554432, "
                              "expected 1 to 16777216");
}

/// Every file with one bit changed is refused or is a program of its own.
TEST(Isa, FlippedBitsAreRefusedOrPrograms) {
  std::mt19937_64 random(7);
  Program program = randomProgram(random, 12);
  while (program.entries.empty())
    program = randomProgram(random, 12);
  std::vector<uint8_t> bytes = serialize(program);
  unsigned refused = 0;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::vector<uint8_t> changed = bytes;
    changed[bit / 8] ^= 1 << bit % 8;
    std::string error;
    std::optional<Program> read =
        deserialize(changed.data(), changed.size(), error);
    refused += !read;
    if (read)
      EXPECT_EQ(serialize(*read), changed);
    else
      EXPECT_FALSE(error.empty());
  }
  EXPECT_GT(refused, 8 * 76u); // The header and the machine, at least.
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string error;
    std::vector<uint8_t> part(bytes.begin(), bytes.begin() + size);
    EXPECT_FALSE(deserialize(part.data(), size, error).has_value());
  }
}

} // namespace

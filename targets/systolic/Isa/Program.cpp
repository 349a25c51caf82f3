//===- Program.cpp - Programs as files ------------------------------------===//

#include "targets/systolic/Isa/Bytes.h"

#include <cstring>

using namespace aicc::systolic;

static constexpr char magic[4] = {'A', 'S', 'Y', 'P'};
static constexpr unsigned version = 3;
static constexpr uint64_t headerBytes = 32, entryBytes = 16;

std::vector<uint8_t> aicc::systolic::serialize(const Program &program) {
  std::vector<uint8_t> bytes;
  auto put = [&](uint64_t value, unsigned size) {
    bytes.resize(bytes.size() + size);
    putLittleEndian(bytes.data() + bytes.size() - size, value, size);
  };
  uint64_t stringBytes = 0;
  for (const Entry &entry : program.entries)
    stringBytes += entry.name.size() + 1;

  bytes.insert(bytes.end(), magic, magic + sizeof(magic));
  put(version, 2);
  put(0, 2);
  put(program.machine.hash(), 8);
  put(machineBytes, 4);
  put(program.entries.size(), 4);
  put(program.instructions.size(), 4);
  put(stringBytes, 4);
  for (uint8_t byte : machineBytesOf(program.machine))
    bytes.push_back(byte);
  uint64_t nameOffset = 0;
  for (const Entry &entry : program.entries) {
    put(entry.first, 4);
    put(entry.count, 4);
    put(nameOffset, 4);
    put(entry.segments, 4);
    nameOffset += entry.name.size() + 1;
  }
  for (const Instruction &instruction : program.instructions) {
    InstructionBytes encoded = encode(instruction);
    bytes.insert(bytes.end(), encoded.begin(), encoded.end());
  }
  for (const Entry &entry : program.entries) {
    bytes.insert(bytes.end(), entry.name.begin(), entry.name.end());
    bytes.push_back(0);
  }
  return bytes;
}

namespace {
/// Where the parts of a file are.
struct Layout {
  uint64_t entries, instructions, strings; ///< Counts; the last one of bytes.
  uint64_t entriesAt, instructionsAt, stringsAt;
};
} // namespace

static std::optional<Layout> readHeader(const uint8_t *bytes, size_t size,
                                        std::string &error) {
  auto fail = [&](std::string what) {
    error = std::move(what);
    return std::nullopt;
  };
  if (size < headerBytes)
    return fail("a program has a header of " + std::to_string(headerBytes) +
                " bytes, this has " + std::to_string(size));
  if (std::memcmp(bytes, magic, sizeof(magic)) != 0)
    return fail("this is no program: it does not start with ASYP");
  if (uint64_t found = getLittleEndian(bytes + 4, 2); found != version)
    return fail("the program has version " + std::to_string(found) +
                ", expected " + std::to_string(version));
  if (getLittleEndian(bytes + 6, 2) != 0)
    return fail("bytes 6 and 7 of the program are not zero");
  if (uint64_t found = getLittleEndian(bytes + 16, 4); found != machineBytes)
    return fail("the machine has " + std::to_string(found) +
                " bytes, expected " + std::to_string(machineBytes));
  Layout layout;
  layout.entries = getLittleEndian(bytes + 20, 4);
  layout.instructions = getLittleEndian(bytes + 24, 4);
  layout.strings = getLittleEndian(bytes + 28, 4);
  // Three 32-bit counts, at most 16 bytes each: 64 bits hold the sums.
  layout.entriesAt = headerBytes + machineBytes;
  layout.instructionsAt = layout.entriesAt + entryBytes * layout.entries;
  layout.stringsAt =
      layout.instructionsAt + uint64_t(instructionBytes) * layout.instructions;
  if (uint64_t expected = layout.stringsAt + layout.strings; size != expected)
    return fail("the program has " + std::to_string(size) +
                " bytes, its header says " + std::to_string(expected));
  if (layout.strings && bytes[size - 1] != 0)
    return fail("the last name of the program has no end");
  return layout;
}

/// The names follow one another, so that a small file cannot ask for much
/// memory.
static bool readEntries(const uint8_t *bytes, const Layout &layout,
                        std::vector<Entry> &entries, std::string &error) {
  uint64_t next = 0;
  for (uint64_t i = 0; i < layout.entries; ++i) {
    const uint8_t *at = bytes + layout.entriesAt + entryBytes * i;
    uint64_t name = getLittleEndian(at + 8, 4);
    if (name != next || name >= layout.strings) {
      error = "the name of entry " + std::to_string(i) + " is at byte " +
              std::to_string(name) + " of the strings, expected " +
              std::to_string(next) + " of " + std::to_string(layout.strings);
      return false;
    }
    // The last byte of the strings is zero.
    Entry &entry = entries.emplace_back();
    entry.name =
        reinterpret_cast<const char *>(bytes + layout.stringsAt + name);
    entry.first = uint32_t(getLittleEndian(at, 4));
    entry.count = uint32_t(getLittleEndian(at + 4, 4));
    entry.segments = uint32_t(getLittleEndian(at + 12, 4));
    next += entry.name.size() + 1;
  }
  if (next == layout.strings)
    return true;
  error = "the strings have " + std::to_string(layout.strings) +
          " bytes, the names " + std::to_string(next);
  return false;
}

std::optional<Program> aicc::systolic::deserialize(const uint8_t *bytes,
                                                   size_t size,
                                                   std::string &error) {
  std::optional<Layout> layout = readHeader(bytes, size, error);
  if (!layout)
    return std::nullopt;

  Program program;
  for (unsigned i = 0; i < numMachineFields; ++i)
    program.machine.*machineFields[i].member =
        uint32_t(getLittleEndian(bytes + headerBytes + 4 * i, 4));
  if (getLittleEndian(bytes + 8, 8) != program.machine.hash()) {
    error = "the hash of the program's machine is not that of its fields";
    return std::nullopt;
  }
  if (!readEntries(bytes, *layout, program.entries, error))
    return std::nullopt;
  program.instructions.reserve(layout->instructions);
  for (uint64_t i = 0; i < layout->instructions; ++i) {
    InstructionBytes encoded;
    std::memcpy(encoded.data(),
                bytes + layout->instructionsAt + instructionBytes * i,
                instructionBytes);
    std::optional<Instruction> instruction = decode(encoded);
    if (!instruction) {
      error = "instruction " + std::to_string(i) + ": there is no opcode " +
              std::to_string(encoded[0]);
      return std::nullopt;
    }
    program.instructions.push_back(*instruction);
  }
  if (!verify(program, error))
    return std::nullopt;
  return program;
}

//===- Assembler.cpp - Programs from text ---------------------------------===//

#include "targets/systolic/Isa/Bytes.h"
#include "targets/systolic/Isa/Fields.h"
#include "targets/systolic/Isa/Loops.h"

#include <algorithm>
#include <bit>
#include <charconv>

using namespace aicc::systolic;

static std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

static bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static bool isWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '.';
}

namespace {
/// Reads one line from left to right. Each function says whether it could; the
/// first one that cannot says why in `error`.
class Line {
public:
  Line(std::string_view text, unsigned number, std::string &error)
      : text(text), number(number), error(error) {}

  bool fail(size_t column, const std::string &what) {
    error =
        std::to_string(number) + ":" + std::to_string(column + 1) + ": " + what;
    return false;
  }
  bool fail(const std::string &what) { return fail(at, what); }
  size_t position() const { return at; }

  void skipBlanks() {
    while (at < text.size() && isBlank(text[at]))
      ++at;
  }
  bool atEnd() const { return at == text.size() || text[at] == ';'; }
  bool accept(char c) {
    bool found = at < text.size() && text[at] == c;
    at += found;
    return found;
  }
  bool expect(char c) {
    return accept(c) || fail(std::string("expected '") + c + "'");
  }
  std::string_view word() {
    size_t start = at;
    while (at < text.size() && isWordCharacter(text[at]))
      ++at;
    return text.substr(start, at - start);
  }

  bool integer(int64_t least, int64_t most, int64_t &value,
               bool decimal = false);
  bool real(uint32_t &bits);
  bool units(uint8_t &set);
  bool name(std::string &result);
  bool address(const Field &field, uint32_t &bits);
  bool value(const Field &field, Instruction &instruction);

private:
  std::string_view text;
  unsigned number;
  std::string &error;
  size_t at = 0;
};
} // namespace

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

bool Line::integer(int64_t least, int64_t most, int64_t &value, bool decimal) {
  size_t start = at;
  bool negative = accept('-');
  bool hexadecimal = !decimal && text.substr(at, 2) == "0x";
  at += hexadecimal ? 2 : 0;
  uint64_t magnitude = 0;
  const char *end = text.data() + text.size();
  std::from_chars_result read =
      std::from_chars(text.data() + at, end, magnitude, hexadecimal ? 16 : 10);
  if (read.ec == std::errc::invalid_argument)
    return fail(start, "expected a number");
  at = read.ptr - text.data();
  // Everything that is asked for has less than 34 bits.
  bool fits = read.ec == std::errc() && magnitude < uint64_t(1) << 40;
  value = negative ? -int64_t(magnitude) : int64_t(magnitude);
  if (fits && value >= least && value <= most)
    return true;
  return fail(start, "expected " + std::to_string(least) + " to " +
                         std::to_string(most) + ", found " +
                         std::string(text.substr(start, at - start)));
}

bool Line::real(uint32_t &bits) {
  if (text.substr(at, 2) == "0x") {
    int64_t value = 0;
    if (!integer(0, UINT32_MAX, value))
      return false;
    bits = uint32_t(value);
    return true;
  }
  size_t start = at;
  float value = 0;
  std::from_chars_result read =
      std::from_chars(text.data() + at, text.data() + text.size(), value);
  if (read.ec == std::errc::invalid_argument)
    return fail(start, "expected a number");
  at = read.ptr - text.data();
  if (read.ec != std::errc())
    return fail(start, "expected a number that f32 holds, found " +
                           std::string(text.substr(start, at - start)));
  bits = std::bit_cast<uint32_t>(value);
  return true;
}

bool Line::units(uint8_t &set) {
  do {
    size_t start = at;
    std::string_view found = word();
    unsigned unit = 0;
    while (unit < numQueues && nameOf(Queue(unit)) != found)
      ++unit;
    if (unit == numQueues)
      return fail(start, "expected load, execute, store or vector, found " +
                             quoted(found));
    if (set >> unit & 1)
      return fail(start, quoted(found) + " is there twice");
    set |= 1 << unit;
  } while (accept(','));
  return true;
}

/// The value of a hexadecimal digit, or -1.
static int digitOf(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool Line::name(std::string &result) {
  if (!expect('"'))
    return false;
  while (at < text.size() && text[at] != '"') {
    size_t start = at;
    if (text[at] == '\0')
      return fail("a name cannot have a zero byte");
    if (text[at] != '\\') {
      result += text[at++];
      continue;
    }
    ++at;
    if (accept('"')) {
      result += '"';
    } else if (accept('\\')) {
      result += '\\';
    } else {
      bool complete = accept('x') && at + 2 <= text.size();
      int high = complete ? digitOf(text[at]) : -1;
      int low = complete ? digitOf(text[at + 1]) : -1;
      if (high < 0 || low < 0 || high + low == 0)
        return fail(start, "expected \\\", \\\\ or \\xNN, not zero");
      result += char(high << 4 | low);
      at += 2;
    }
  }
  return expect('"');
}

bool Line::address(const Field &field, uint32_t &bits) {
  size_t start = at;
  std::string_view prefix = word();
  std::string expected;
  std::optional<unsigned> space;
  for (unsigned i = 0; i <= unsigned(Space::Accumulator); ++i) {
    if (!(field.spaces >> i & 1))
      continue;
    expected += (expected.empty() ? "" : " or ") + std::string(prefixOf(i));
    if (prefix == prefixOf(i))
      space = i;
  }
  if (!space)
    return fail(start, "expected " + expected + "[row]");
  int64_t row = 0;
  if (!expect('[') || !integer(0, LocalAddress::rowMask, row) || !expect(']'))
    return false;
  size_t plus = at;
  bool accumulates = accept('+');
  if (accumulates &&
      (!field.accumulates || *space != unsigned(Space::Accumulator)))
    return fail(plus, quoted(field.name) + " cannot accumulate");
  bits = LocalAddress::make(Space(*space), uint32_t(row), accumulates).bits;
  return true;
}

bool Line::value(const Field &field, Instruction &instruction) {
  int64_t number = 0;
  uint32_t bits = 0;
  switch (field.kind) {
  case Field::Kind::Unsigned:
  case Field::Kind::Flag:
    if (!integer(0, field.slot.mask(), number))
      return false;
    break;
  case Field::Kind::Signed: {
    int64_t half = int64_t(1) << (field.slot.width - 1);
    if (!integer(-half, half - 1, number))
      return false;
    break;
  }
  case Field::Kind::Real:
    if (!real(bits))
      return false;
    number = bits;
    break;
  case Field::Kind::Rows: {
    int64_t outer = 0;
    // Decimal: 0x1 has no row, once.
    if (!integer(0, field.slot.mask(), number, true) || !expect('x') ||
        !integer(0, field.second.mask(), outer, true))
      return false;
    field.second.set(instruction, uint32_t(outer));
    break;
  }
  case Field::Kind::Address:
    if (!address(field, bits))
      return false;
    number = bits;
    break;
  }
  field.slot.set(instruction, uint32_t(number));
  return true;
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

static bool parseInstruction(Line &line, std::string_view mnemonic,
                             size_t start, Instruction &instruction) {
  const Form *form = nullptr;
  for (const Form &candidate : forms())
    if (candidate.mnemonic == mnemonic)
      form = &candidate;
  if (!form)
    return line.fail(start, "there is no instruction " + quoted(mnemonic));
  instruction.opcode = form->opcode;
  std::vector<std::string_view> seen;
  for (line.skipBlanks(); !line.atEnd(); line.skipBlanks()) {
    size_t at = line.position();
    std::string_view name = line.word();
    const Field *field = nullptr;
    for (const Field &candidate : form->fields)
      if (candidate.name == name)
        field = &candidate;
    bool tokens = name == "wait" || name == "signal";
    if (!field && (!tokens || !queueOf(form->opcode)))
      return line.fail(at,
                       std::string(mnemonic) + " has no field " + quoted(name));
    for (std::string_view other : seen)
      if (other == name)
        return line.fail(at, quoted(name) + " is there twice");
    seen.push_back(name);
    if (!line.expect('='))
      return false;
    bool good = field ? line.value(*field, instruction)
                      : line.units(name == "wait" ? instruction.waits
                                                  : instruction.signals);
    if (!good)
      return false;
    if (std::optional<Queue> own = queueOf(form->opcode);
        tokens &&
        (instruction.waits | instruction.signals) >> unsigned(*own) & 1)
      return line.fail(at, "a token of the unit itself");
  }
  // An address that is not named is row 0 of the scratchpad.
  std::string wrong = wrongForm(instruction);
  return wrong.empty() || line.fail(start, wrong);
}

static bool parseMachine(Line &line, MachineConfig &machine) {
  std::vector<bool> seen(numMachineFields);
  for (line.skipBlanks(); !line.atEnd(); line.skipBlanks()) {
    size_t at = line.position();
    std::string_view name = line.word();
    unsigned i = 0;
    while (i < numMachineFields && machineFields[i].name != name)
      ++i;
    if (i == numMachineFields)
      return line.fail(at, ".machine has no field " + quoted(name));
    if (seen[i])
      return line.fail(at, quoted(name) + " is there twice");
    seen[i] = true;
    int64_t value = 0;
    if (!line.expect('=') || !line.integer(0, UINT32_MAX, value))
      return false;
    machine.*machineFields[i].member = uint32_t(value);
  }
  std::string error;
  return verify(machine, error) || line.fail(0, error);
}

static bool parseEntry(Line &line, Entry &entry) {
  line.skipBlanks();
  if (!line.name(entry.name))
    return false;
  line.skipBlanks();
  size_t at = line.position();
  if (line.word() != "segments")
    return line.fail(at, "expected segments=");
  int64_t segments = 0;
  if (!line.expect('=') || !line.integer(0, UINT32_MAX, segments))
    return false;
  entry.segments = uint32_t(segments);
  line.skipBlanks();
  return line.atEnd() || line.fail("expected the end of the line");
}

namespace {
/// Lines make a program.
class Assembler {
public:
  bool line(Line &line, unsigned number);
  /// The loops of all entries, which are complete.
  bool checkLoops(std::string &error) const;
  /// Whether the last entry is complete.
  bool closed() const {
    return program.entries.empty() ||
           (program.entries.back().count != 0 &&
            program.instructions.back().opcode == Opcode::Halt);
  }
  Program program;
  bool hasMachine = false;

private:
  std::vector<unsigned> lines; ///< Of the instructions.
};
} // namespace

bool Assembler::line(Line &line, unsigned number) {
  line.skipBlanks();
  if (line.atEnd())
    return true;
  size_t start = line.position();
  std::string_view word = line.word();
  if (word == ".machine") {
    if (hasMachine)
      return line.fail(start, "there is a .machine already");
    hasMachine = true;
    return parseMachine(line, program.machine);
  }
  if (!hasMachine)
    return line.fail(start, "expected .machine first");
  if (word == ".entry") {
    if (!closed())
      return line.fail(start, "the entry before has no halt");
    Entry &entry = program.entries.emplace_back();
    entry.first = uint32_t(program.instructions.size());
    return parseEntry(line, entry);
  }
  Instruction instruction;
  if (!parseInstruction(line, word, start, instruction))
    return false;
  if (program.entries.empty() || (program.entries.back().count && closed()))
    return line.fail(start, "expected .entry before an instruction");
  program.instructions.push_back(instruction);
  lines.push_back(number);
  ++program.entries.back().count;
  return true;
}

bool Assembler::checkLoops(std::string &error) const {
  for (const Entry &entry : program.entries) {
    std::optional<WrongLoop> wrong = findWrongLoop(
        std::span(program.instructions).subspan(entry.first, entry.count));
    if (wrong)
      return Line({}, lines[entry.first + wrong->index], error)
          .fail(0, wrong->what);
  }
  return true;
}

std::optional<Program> aicc::systolic::assemble(std::string_view text,
                                                std::string &error) {
  Assembler assembler;
  unsigned number = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    Line line(text.substr(at, end - at), ++number, error);
    if (!assembler.line(line, number))
      return std::nullopt;
    at = end + 1;
  }
  Line last({}, number + 1, error);
  if (!assembler.hasMachine)
    return last.fail("expected .machine"), std::nullopt;
  if (!assembler.closed())
    return last.fail("the last entry has no halt"), std::nullopt;
  if (!assembler.checkLoops(error))
    return std::nullopt;
  return std::move(assembler.program);
}

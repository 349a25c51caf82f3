//===- MachineErrorsTest.cpp - What is said about bad machine files -------===//

#include "aicc/Energy/MachineFile.h"
#include "test/unit/Energy/MachineTexts.h"

#include "gtest/gtest.h"

using namespace aicc;

namespace {

/// "line:column: message" of every error.
std::vector<std::string> errorsOf(const std::string &text) {
  CollectingDiagnosticSink sink;
  EXPECT_FALSE(parseMachine(text, "m", sink).has_value());
  std::vector<std::string> errors;
  for (const Diagnostic &d : sink.diagnostics())
    if (d.severity == Severity::Error) {
      EXPECT_EQ(d.code, ErrorCode::Parse);
      errors.push_back(d.file.substr(2) + ": " + d.message);
    }
  return errors;
}

struct BadMachine {
  const char *what; ///< A name for the test.
  const char *text; ///< A whole machine, and what is changed in it.
  const char *from;
  const char *to;
  const char *expected; ///< The beginning of the only error.
};

/// One row for each kind of mistake.
const BadMachine badMachines[] = {
    {"MissingKey", cpuText, "clock_mhz: {value: 3000, source: \"a book\"}\n",
     "",
     "1:1: 'clock_mhz' is missing; found 'family', 'name', 'source', 'cores'"},
    {"MissingPartOfTheFamily", cpuText, "cores: 2\n", "",
     "1:1: 'cores' is missing"},
    {"MissingSource", cpuText, "{value: 3000, source: \"a book\"}",
     "{value: 3000}", "6:13: 'source' is missing; found 'value'"},
    {"EmptySource", cpuText, "{value: 3000, source: \"a book\"}",
     "{value: 3000, source: \" \"}",
     "6:34: 'source': expected text, found ' '"},
    {"NumberAlone", cpuText, "{value: 4.6, source: \"a book\", process_nm: 45}",
     "4.6",
     "25:15: 'mac_f32_pj': expected {value: NUMBER, source: \"...\"}, found "
     "'4.6'; no number without a source"},
    {"UnknownKey", cpuText, "cores: 2", "cores: 2\ncrores: 2",
     "5:1: unknown key 'crores'; known here: family, name, source, clock_mhz, "
     "memories, energy, process_nm, supply_v, cores, vector, "
     "fork_join_cycles, required_feature"},
    {"UnknownEnergy", cpuText, "  mac_f32_pj",
     "  mac_f33_pj: {value: 1, source: \"a book\"}\n  mac_f32_pj",
     "25:3: unknown key 'mac_f33_pj'; known here: mac_i4_pj, mac_i8_pj"},
    {"DotsWithoutTheirRate", cpuText,
     "memories:", "  byte_dots: {feature: avxvnni}\nmemories:",
     "13:15: 'per_cycle' is missing; found 'feature'"},
    {"DotsWithoutTheirFeature", cpuText, "memories:",
     "  byte_dots: {per_cycle: {value: 1, source: \"a book\"}}\nmemories:",
     "13:15: 'feature' is missing; found 'per_cycle'"},
    {"UnknownKeyOfAValue", cpuText, "{value: 3000, source: \"a book\"}",
     "{value: 3000, source: \"a book\", unit: mhz}",
     "6:44: unknown key 'unit'; known here: value, source"},
    {"KeyOfAnotherFamily", cpuText, "    ways: 8\n", "    holds: [input]\n",
     "16:5: unknown key 'holds'; known here: name, bytes"},
    {"RepeatedKey", cpuText, "cores: 2", "cores: 2\ncores: 2",
     "5:1: 'cores' is given twice"},
    {"NotAnInteger", cpuText, "cores: 2", "cores: two",
     "4:8: 'cores': expected an integer from 1 to 1048576, found 'two'"},
    {"IntegerTooSmall", cpuText, "cores: 2", "cores: 0",
     "4:8: 'cores': expected an integer from 1 to 1048576, found '0'"},
    {"IntegerTooLarge", cpuText, "bytes: 32768", "bytes: 99999999999999999999",
     "15:12: 'bytes': expected an integer from 0 to 1125899906842624, found "
     "'99999999999999999999'"},
    {"EmptyValue", cpuText, "cores: 2", "cores:",
     "4:1: 'cores': expected an integer from 1 to 1048576, found nothing"},
    {"NotANumber", cpuText, "value: 3000", "value: fast",
     "6:20: 'clock_mhz': expected a number above 0 and at most 1e+12, found "
     "'fast'"},
    {"NotFinite", cpuText, "value: 3000", "value: nan",
     "6:20: 'clock_mhz': expected a number above 0 and at most 1e+12, found "
     "'nan'"},
    {"Zero", cpuText, "value: 3000", "value: 0",
     "6:20: 'clock_mhz': expected a number above 0 and at most 1e+12, found "
     "'0'"},
    {"Negative", cpuText, "value: 250", "value: -250",
     "23:31: 'read_pj_per_byte': expected a number of at least 0 and at most "
     "1e+12, found '-250'"},
    {"ValueTooLarge", cpuText, "value: 250", "value: 1e13",
     "23:31: 'read_pj_per_byte': expected a number of at least 0 and at most "
     "1e+12, found '1e13'"},
    {"ListForText", cpuText, "name: tiny", "name: [tiny]",
     "2:8: 'name': expected a name of letters, digits and '_', found a list"},
    {"NameWithASlash", cpuText, "name: tiny", "name: ../tiny",
     "2:7: 'name': expected a name of letters, digits and '_', found "
     "'../tiny'"},
    {"TextForKeys", cpuText,
     "energy:\n  mac_f32_pj: {value: 4.6, source: \"a book\", process_nm: "
     "45}\n",
     "energy: none\n",
     "24:9: 'energy': expected keys with values, found 'none'"},
    {"EmptyList", arrayText, "holds: [weight]", "holds: []",
     "19:13: 'holds': expected a list, found an empty one"},
    {"NotARole", arrayText, "holds: [weight]", "holds: [weights]",
     "19:13: 'holds': expected input, weight, output, found 'weights'"},
    {"RoleTwice", arrayText, "holds: [weight]", "holds: [weight, weight]",
     "19:21: 'holds': 'weight' is given twice"},
    {"NotAnAxis", arrayText, "per: [x, y]", "per: [x, z]",
     "20:14: 'per': expected x, y, found 'z'"},
    {"NotAFlag", arrayText, "double_buffered: true", "double_buffered: yes",
     "21:22: 'double_buffered': expected true or false, found 'yes'"},
    {"NotADataflow", arrayText, "[output_stationary]", "[row_stationary]",
     "11:15: 'dataflows': expected weight_stationary, output_stationary, "
     "input_stationary, found 'row_stationary'"},
    {"TwoFormsOfAnArray", arrayText, "  gates_zeros",
     "  rows: 4\n  gates_zeros",
     "15:9: 'array': expected 'axes', or 'rows' and 'cols', found both"},
    {"AxisTwice", arrayText, "  dataflows",
     "    - {name: y, size: 2}\n  dataflows",
     "11:8: 'name': expected another name for each axis, found 'y' twice"},
    {"MemoryTwice", arrayText, "- name: dram", "- name: spad",
     "29:5: 'name': expected another name for each memory, found 'spad' "
     "twice"},
    {"ReservedName", arrayText, "- name: spad", "- name: mac",
     "17:11: 'name': expected one that is no part of every machine, found "
     "'mac'"},
    {"UnboundedInside", cpuText, "bytes: 32768", "bytes: 0",
     "15:12: 'bytes': expected above 0, found '0': only the outermost memory "
     "may be unbounded"},
    {"CacheWithoutLines", cpuText, "    line_bytes: 64\n", "",
     "16:11: 'ways': expected 'line_bytes' of a cache beside it, found none"},
    {"CacheOfHalfSets", cpuText, "bytes: 32768", "bytes: 32000",
     "15:12: 'bytes': expected a multiple of 'ways' times 'line_bytes', found "
     "'32000'"},
    {"VectorOfOddBits", cpuText, "bits: 256", "bits: 100",
     "8:9: 'bits': expected a multiple of 32, found '100'"},
    {"ProcessOutOfRange", arrayText, "process_nm: 28\n", "process_nm: 3\n",
     "4:13: 'process_nm': expected a number from 5 to 130, found '3'"},
    {"SupplyWithoutProcess", crossbarText, "clock_mhz",
     "supply_v: 0.8\nclock_mhz",
     "4:11: 'supply_v': expected 'process_nm' beside it, found none"},
    {"ProcessOfALeakage", arrayText, "{value: 10, source: \"a book\"}",
     "{value: 10, source: \"a book\", process_nm: 45}",
     "36:45: unknown key 'process_nm'; known here: value, source"},
    {"NoEnergyOfTheFamily", arrayText, "  mac_i8_pj", "  add_i8_pj",
     "34:3: 'energy': family 'systolic' expects a key that begins with mac_, "
     "found none"},
    {"WeightWiderThanTheCrossbar", crossbarText, "cols: 128", "cols: 3",
     "7:9: 'cols': expected room for a weight of 4 columns, found '3'"},
    {"Alias", cpuText, "cores: 2", "cores: *two",
     "4:9: expected a plain value, found an alias"},
    {"Anchor", cpuText, "cores: 2", "cores: &two 2",
     "4:13: expected a plain value, found an anchor or a tag"},
    {"Tag", cpuText, "cores: 2", "cores: !!str 2",
     "4:14: expected a plain value, found an anchor or a tag"},
    {"SeveralDocuments", cpuText, "fork_join", "---\nfork_join",
     "1:1: expected one document, found several"},
    {"ControlCharacter", cpuText, "a book", "a \x01 book",
     "3:12: expected text, found a control character"},
    {"NotUtf8", cpuText, "a book", "a b\xff\xfeok",
     "1:1: expected text in UTF-8"},
};

class BadMachineTest : public testing::TestWithParam<BadMachine> {};

TEST_P(BadMachineTest, IsExplained) {
  const BadMachine &bad = GetParam();
  std::vector<std::string> errors =
      errorsOf(replaced(bad.text, bad.from, bad.to));
  ASSERT_FALSE(errors.empty());
  EXPECT_EQ(errors.front().substr(0, std::string(bad.expected).size()),
            bad.expected);
  EXPECT_EQ(errors.size(), 1u) << errors[1];
}

INSTANTIATE_TEST_SUITE_P(All, BadMachineTest, testing::ValuesIn(badMachines),
                         [](const testing::TestParamInfo<BadMachine> &info) {
                           return info.param.what;
                         });

TEST(BadMachines, AllErrorsOfAFileAreReported) {
  std::string text = replaced(cpuText, "cores: 2", "cores: two");
  text = replaced(text, "bytes: 32768", "bytes: big");
  text =
      replaced(text, "source: \"a book\", process_nm: 45}", "process_nm: 1}");
  text += "extra: 1\n";
  EXPECT_EQ(errorsOf(text).size(), 5u);
}

TEST(BadMachines, AnOuterMemoryPerAxisOfNoInnerOne) {
  std::string text = replaced(arrayText, "per: [x, y]", "per: [x]");
  text = replaced(text, "    bytes: 0\n", "    bytes: 0\n    per: [y]\n");
  EXPECT_EQ(errorsOf(text),
            std::vector<std::string>{
                "29:5: 'per': expected no axis that 'spad' inside of it lacks, "
                "found one"});
}

TEST(BadMachines, NotYamlAtAll) {
  EXPECT_EQ(errorsOf("family: [cpu").size(), 1u);
  EXPECT_EQ(errorsOf("").size(), 1u);
  EXPECT_EQ(errorsOf("- a\n- b\n"),
            std::vector<std::string>{
                "1:1: a machine: expected keys with values, found a list"});
  EXPECT_EQ(errorsOf("42"),
            std::vector<std::string>{
                "1:1: a machine: expected keys with values, found '42'"});
  EXPECT_EQ(errorsOf(std::string("\0\1\2", 3)),
            std::vector<std::string>{
                "1:1: expected text, found a control character"});
}

TEST(BadMachines, SizeAndNestingAreBoundedBeforeParsing) {
  auto repeat = [](const char *what, int times) {
    std::string text;
    for (int i = 0; i < times; ++i)
      text += what;
    return text;
  };
  // Ways to open one collection in another; none may overflow the stack.
  for (const char *opener : {"[", "{", "- ", "? ", "a: ", "a:\n ",
                             "{a: ", "! - ", "&a - ", "[? ", "- ? "}) {
    std::vector<std::string> errors = errorsOf(repeat(opener, 50000));
    ASSERT_EQ(errors.size(), 1u) << opener;
    EXPECT_NE(errors[0].find("found more than 4096 keys and list items"),
              std::string::npos)
        << errors[0];
    EXPECT_FALSE(errorsOf(repeat(opener, 2000)).empty()) << opener;
    EXPECT_LE(errorsOf(repeat(opener, 2000)).size(), 100u) << opener;
  }
  EXPECT_EQ(errorsOf(std::string(300000, 'a')),
            std::vector<std::string>{
                "1:1: expected at most 256 KiB, found 300000 bytes"});
  EXPECT_EQ(
      errorsOf("a: " + repeat("[", 20) + repeat("]", 20)),
      std::vector<std::string>{"1:21: expected at most 16 levels, found more"});
}

} // namespace

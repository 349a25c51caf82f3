//===- MachineTest.cpp ----------------------------------------------------===//

#include "aicc/Energy/MachineFile.h"
#include "aicc/Target/Machines.h"

#include "gtest/gtest.h"

using namespace aicc;

namespace {

/// A whole cpu machine; tests break one thing at a time.
const char good[] = R"(family: cpu
name: tiny
source: "a book"
cores: 2
required_feature: avx2
clock_mhz: {value: 3000, source: "a book"}
vector:
  bits: 256
  registers: 16
  fmas_per_cycle: {value: 2, source: "a book"}
  loads_per_cycle: {value: 2, source: "a book"}
  fma_latency_cycles: {value: 5, source: "a book"}
memories:
  - name: l1
    bytes: 32768
    ways: 8
    line_bytes: 64
    bytes_per_cycle: {value: 64, source: "a book"}
    read_pj_per_byte: {value: 2.5, source: "a book", process_nm: 45}
  - name: dram
    bytes: 0
    bytes_per_cycle: {value: 6, source: "a book"}
    read_pj_per_byte: {value: 250, source: "a book"}
energy:
  mac_f32_pj: {value: 4.6, source: "a book", process_nm: 45}
fork_join_cycles: {value: 8000, source: "a book"}
)";

std::string replaced(const std::string &from, const std::string &to) {
  std::string text = good;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// "file: message" of the first error.
std::string firstError(const std::string &text) {
  CollectingDiagnosticSink sink;
  EXPECT_FALSE(parseMachine(text, "m.yaml", sink).has_value());
  if (sink.diagnostics().empty())
    return "";
  const Diagnostic &d = sink.diagnostics().front();
  return d.file + ": " + d.message;
}

TEST(Machine, ReadsEveryField) {
  CollectingDiagnosticSink sink;
  std::optional<MachineDesc> m = parseMachine(good, "m.yaml", sink);
  ASSERT_TRUE(m.has_value()) << sink.diagnostics().front().message;
  EXPECT_EQ(m->family, "cpu");
  EXPECT_EQ(m->name, "tiny");
  EXPECT_EQ(m->cores, 2);
  EXPECT_EQ(m->requiredFeature, "avx2");
  EXPECT_EQ(m->clockMhz.value, 3000);
  EXPECT_EQ(m->clockMhz.source, "a book");
  EXPECT_EQ(m->vector.bits, 256);
  EXPECT_EQ(m->vector.registers, 16);
  EXPECT_EQ(m->vector.fmaLatencyCycles.value, 5);
  ASSERT_EQ(m->memories.size(), 2u);
  EXPECT_EQ(m->memories[0].name, "l1");
  EXPECT_EQ(m->memories[0].ways, 8);
  EXPECT_EQ(m->memories[0].lineBytes, 64);
  EXPECT_EQ(m->memories[0].readPjPerByte.processNm, 45);
  EXPECT_EQ(m->memories[1].bytes, 0);
  EXPECT_EQ(m->memories[1].readPjPerByte.processNm, std::nullopt);
  EXPECT_EQ(m->macF32Pj.value, 4.6);
  EXPECT_EQ(m->forkJoinCycles.value, 8000);
}

TEST(Machine, ANumberWithoutASourceIsRefused) {
  EXPECT_EQ(firstError(replaced("clock_mhz: {value: 3000, source: \"a book\"}",
                                "clock_mhz: {value: 3000}")),
            "m.yaml:6:13: 'source' is missing");
  EXPECT_NE(firstError(replaced("{value: 4.6, source: \"a book\", "
                                "process_nm: 45}",
                                "4.6"))
                .find("no number without a source"),
            std::string::npos);
}

TEST(Machine, UnknownAndRepeatedKeys) {
  EXPECT_NE(firstError(replaced("cores: 2", "cores: 2\ncrores: 2"))
                .find("m.yaml:5:1: unknown key 'crores'; known here: family"),
            std::string::npos);
  EXPECT_EQ(firstError(replaced("cores: 2", "cores: 2\ncores: 2")),
            "m.yaml:5:1: 'cores' is given twice");
}

TEST(Machine, ValuesOutOfRange) {
  EXPECT_EQ(firstError(replaced("cores: 2", "cores: 0")),
            "m.yaml:4:8: 'cores': expected an integer of at least 1");
  EXPECT_EQ(firstError(replaced("cores: 2", "cores: two")),
            "m.yaml:4:8: 'cores': expected an integer of at least 1");
  EXPECT_EQ(firstError(replaced("value: 3000", "value: -1")),
            "m.yaml:6:20: 'clock_mhz': expected a number above 0");
  EXPECT_EQ(firstError(replaced("value: 3000", "value: nan")),
            "m.yaml:6:20: 'clock_mhz': expected a number above 0");
  EXPECT_NE(firstError(replaced("bytes: 32768", "bytes: 0"))
                .find("only the outermost memory may be unbounded"),
            std::string::npos);
}

TEST(Machine, NotYamlAtAll) {
  EXPECT_NE(firstError("family: [cpu"), "");
  EXPECT_NE(firstError(""), "");
  EXPECT_NE(firstError("- a\n- b\n"), "");
  EXPECT_NE(firstError(std::string("\0\1\2", 3)), "");
  EXPECT_NE(firstError("a: &x 1\nb: *x\n"), "");
  EXPECT_NE(firstError(std::string(good) + "---\nfamily: cpu\n"), "");
}

TEST(Machine, DeepNestingIsRefusedBeforeParsing) {
  EXPECT_NE(firstError(std::string(200000, '[')).find("nested too deeply"),
            std::string::npos);
  std::string dashes;
  for (int i = 0; i < 50000; ++i)
    dashes += "- ";
  EXPECT_NE(firstError(dashes).find("nested too deeply"), std::string::npos);
  EXPECT_NE(firstError(std::string(300000, 'a')).find("256 KiB"),
            std::string::npos);
}

TEST(Machines, AllBuiltInFilesAreValid) {
  EXPECT_FALSE(builtinMachines().empty());
  for (const BuiltinMachine &builtin : builtinMachines()) {
    CollectingDiagnosticSink sink;
    std::optional<MachineDesc> m =
        parseMachine(builtin.text, builtin.name, sink);
    ASSERT_TRUE(m.has_value()) << sink.diagnostics().front().message;
    EXPECT_EQ(m->family, builtin.family);
    EXPECT_EQ(m->name, builtin.name);
  }
}

TEST(Machines, DefaultFollowsTheFeatures) {
  CollectingDiagnosticSink sink;
  EXPECT_EQ(findMachine("cpu", "+sse2,+avx2,+fma,+avx512f", sink)->name,
            "x86_64_v4");
  EXPECT_EQ(findMachine("cpu", "+sse2,+avx2,+fma,-avx512f", sink)->name,
            "x86_64_v3");
  EXPECT_EQ(findMachine("cpu", "+neon", sink)->name, "aarch64_neon");
  EXPECT_FALSE(sink.hasErrors());
  EXPECT_FALSE(findMachine("cpu", "+altivec", sink).has_value());
  EXPECT_EQ(sink.firstError(), ErrorCode::Unsupported);
}

TEST(Machines, FeaturesOfNamedProcessors) {
  CollectingDiagnosticSink sink;
  auto nameFor = [&](const char *cpu, const char *triple) -> std::string {
    std::optional<std::string> features = machineFeatures(cpu, triple, sink);
    return features ? findMachine("cpu", *features, sink)->name : "";
  };
  EXPECT_EQ(nameFor("x86-64-v4", "x86_64-linux-gnu"), "x86_64_v4");
  EXPECT_EQ(nameFor("x86-64-v3", "x86_64-linux-gnu"), "x86_64_v3");
  EXPECT_EQ(nameFor("", "x86_64-linux-gnu"), "x86_64_v2");
  EXPECT_EQ(nameFor("cortex-a76", "aarch64-linux-gnu"), "aarch64_neon");
  EXPECT_FALSE(sink.hasErrors());
  EXPECT_EQ(nameFor("pentium-9", "x86_64-linux-gnu"), "");
  EXPECT_EQ(nameFor("", "abacus-unknown"), "");
  EXPECT_EQ(sink.diagnostics().size(), 2u);
}

TEST(Machines, NamedAndUnknown) {
  CollectingDiagnosticSink sink;
  EXPECT_EQ(findMachine("cpu/x86_64_v3", "", sink)->name, "x86_64_v3");
  EXPECT_FALSE(findMachine("cpu/z80", "", sink).has_value());
  EXPECT_NE(sink.diagnostics()[0].help.find("cpu/x86_64_v3"),
            std::string::npos);
  EXPECT_FALSE(findMachine("./no-such.yaml", "", sink).has_value());
}

} // namespace

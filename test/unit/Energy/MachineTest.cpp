//===- MachineTest.cpp - Which machines there are -------------------------===//

#include "aicc/Energy/MachineFile.h"
#include "aicc/Target/Machines.h"

#include "gtest/gtest.h"

using namespace aicc;

namespace {

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
  // As wide, but twice the work in a cycle.
  EXPECT_EQ(findMachine("cpu", "+avx2,+avx512f,+avx512fp16", sink)->name,
            "sapphire_rapids");
  // What a later processor has rules out an earlier one.
  EXPECT_EQ(findMachine("cpu", "+avx2,+avx512f,+clwb", sink)->name,
            "skylake_sp");
  EXPECT_EQ(findMachine("cpu", "+avx2,+avx512f,+clwb,+gfni", sink)->name,
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
  EXPECT_EQ(nameFor("znver4", "x86_64-linux-gnu"), "x86_64_v4");
  EXPECT_EQ(nameFor("cascadelake", "x86_64-linux-gnu"), "skylake_sp");
  EXPECT_EQ(nameFor("emeraldrapids", "x86_64-linux-gnu"), "sapphire_rapids");
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

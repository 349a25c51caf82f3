//===- MachineFileTest.cpp ------------------------------------------------===//

#include "aicc/Energy/MachineFile.h"
#include "test/unit/Energy/MachineTexts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include "gtest/gtest.h"

using namespace aicc;

namespace {

MachineDesc parsed(const std::string &text) {
  CollectingDiagnosticSink sink;
  std::optional<MachineDesc> machine = parseMachine(text, "m.yaml", sink);
  for (const Diagnostic &d : sink.diagnostics())
    ADD_FAILURE() << d.file << ": " << d.message;
  return machine.value_or(MachineDesc());
}

TEST(MachineFile, Processor) {
  MachineDesc m = parsed(cpuText);
  EXPECT_EQ(m.family, "cpu");
  EXPECT_EQ(m.name, "tiny");
  EXPECT_EQ(m.cores, 2);
  EXPECT_EQ(m.requiredFeature, "avx2");
  EXPECT_EQ(m.clockMhz.value, 3000);
  EXPECT_EQ(m.clockMhz.source, "a book");
  EXPECT_EQ(m.vector.bits, 256);
  EXPECT_EQ(m.vector.registers, 16);
  EXPECT_EQ(m.vector.fmaLatencyCycles.value, 5);
  ASSERT_EQ(m.memories.size(), 2u);
  EXPECT_EQ(m.memories[0].name, "l1");
  EXPECT_EQ(m.memories[0].ways, 8);
  EXPECT_EQ(m.memories[0].lineBytes, 64);
  EXPECT_EQ(m.memories[0].readPjPerByte.processNm, 45);
  EXPECT_EQ(m.memories[0].readPjPerByte.unscaled, std::nullopt);
  EXPECT_EQ(m.memories[0].writePj(), 2.5);
  EXPECT_EQ(m.memories[1].bytes, 0);
  EXPECT_EQ(m.memories[1].readPjPerByte.processNm, std::nullopt);
  ASSERT_TRUE(m.action("mac_f32"));
  EXPECT_EQ(m.action("mac_f32")->value, 4.6);
  EXPECT_FALSE(m.action("mac_i8"));
  EXPECT_EQ(m.forkJoinCycles.value, 8000);
}

TEST(MachineFile, Array) {
  MachineDesc m = parsed(arrayText);
  ASSERT_EQ(m.array.axes.size(), 2u);
  EXPECT_EQ(m.array.axes[0].name, "x");
  EXPECT_EQ(m.array.axes[0].size, 8);
  EXPECT_FALSE(m.array.axes[0].reduces);
  EXPECT_TRUE(m.array.axes[0].multicasts);
  EXPECT_TRUE(m.array.axes[1].reduces);
  EXPECT_FALSE(m.array.axes[1].multicasts);
  EXPECT_EQ(m.array.dataflows, std::vector<std::string>{"output_stationary"});
  EXPECT_EQ(m.array.macsPerCycleOf("i8").value, 2);
  EXPECT_EQ(m.array.macsPerCycleOf("f32").value, 0.5);
  EXPECT_TRUE(m.array.gatesZeros[unsigned(OperandRole::Input)]);
  EXPECT_FALSE(m.array.gatesZeros[unsigned(OperandRole::Weight)]);
  const MemoryDesc &spad = m.memories.at(0);
  EXPECT_FALSE(spad.holdsRole(OperandRole::Input));
  EXPECT_TRUE(spad.holdsRole(OperandRole::Weight));
  EXPECT_FALSE(spad.holdsRole(OperandRole::Output));
  EXPECT_EQ(spad.perAxes, 3u);
  EXPECT_TRUE(spad.doubleBuffered);
  EXPECT_TRUE(spad.sharedPort);
  EXPECT_EQ(spad.accessBytes, 2);
  EXPECT_EQ(spad.writePj(), 0.6);
  EXPECT_EQ(spad.multicastPjPerByte.value, 0.1);
  EXPECT_EQ(spad.leakageMw.value, 3);
  EXPECT_TRUE(m.memories.at(1).holdsRole(OperandRole::Output));
  EXPECT_EQ(m.memories.at(1).perAxes, 0u);
  EXPECT_EQ(m.action("hop")->value, 0.3);
  EXPECT_EQ(m.leakageMw.value, 10);
  EXPECT_FALSE(m.action("leakage_mw"));
}

TEST(MachineFile, Crossbar) {
  MachineDesc m = parsed(crossbarText);
  ASSERT_TRUE(m.crossbar.has_value());
  EXPECT_EQ(m.crossbar->cellsPerSlice, 2);
  EXPECT_EQ(m.crossbar->columnsPerAdc, 8);
  ASSERT_EQ(m.array.axes.size(), 3u);
  EXPECT_EQ(m.array.axes[0].name, "instances");
  EXPECT_EQ(m.array.axes[1].size, 256);
  EXPECT_TRUE(m.array.axes[1].reduces);
  // A weight of 8 bit takes 4 columns of 2 bit.
  EXPECT_EQ(m.array.axes[2].size, 32);
  // 3 slices of the inputs, 2 phases each, of 5 cycles.
  EXPECT_DOUBLE_EQ(m.array.macsPerCycle.value, 1.0 / 30);
  EXPECT_EQ(m.memories.at(0).perAxes, 7u);
  EXPECT_FALSE(m.memories.at(0).overlaps());
  EXPECT_FALSE(m.memories.at(0).slides || m.memories.at(0).keepsZeros);
  EXPECT_TRUE(m.memories.at(1).overlaps());
  EXPECT_TRUE(m.memories.at(1).slides && m.memories.at(1).keepsZeros);
}

/// The example of the design document, with numbers in place of the dots.
TEST(MachineFile, DesignExample) {
  CollectingDiagnosticSink sink;
  std::optional<MachineDesc> m = parseMachine(R"(
family: systolic
name: gemmini16
source: "<paper or repository, for all structural integers>"
clock_mhz: {value: 1000, source: "..."}
array: {rows: 16, cols: 16, dataflows: [weight_stationary, output_stationary]}
memories:            # innermost first; DRAM is a memory like the others
  - name: scratchpad
    bytes: 262144
    holds: [input, weight]
    read_pj_per_byte: {value: 3.5, source: "...", process_nm: 45}
    bytes_per_cycle: {value: 16, source: "..."}
energy:
  mac_i8_pj: {value: 0.3, source: "...", process_nm: 45}
  leakage_mw: {value: 10, source: "..."}
)",
                                              "m.yaml", sink);
  EXPECT_FALSE(sink.hasErrors());
  ASSERT_TRUE(m.has_value());
  ASSERT_EQ(m->array.axes.size(), 2u);
  EXPECT_EQ(m->array.axes[0].name, "rows");
  EXPECT_TRUE(m->array.axes[0].reduces);
  EXPECT_EQ(m->array.axes[1].name, "cols");
  EXPECT_FALSE(m->array.axes[1].reduces);
  EXPECT_EQ(m->array.dataflows.size(), 2u);
  EXPECT_EQ(m->array.macsPerCycle.value, 1);
  // Nothing holds the outputs: a warning, not an error.
  ASSERT_EQ(sink.diagnostics().size(), 1u);
  EXPECT_EQ(sink.diagnostics()[0].file, "m.yaml:8:3");
  EXPECT_NE(sink.diagnostics()[0].message.find("'output'"), std::string::npos);
}

TEST(MachineFile, EnergiesAreScaledToTheMachine) {
  MachineDesc m = parsed(arrayText);
  // 45 nm at 1.0 V, its nominal supply, to 28 nm at 0.9 V, likewise.
  const SourcedValue &mac = *m.action("mac_i8");
  EXPECT_DOUBLE_EQ(mac.value, 0.2 * 0.37 / 0.63);
  EXPECT_EQ(mac.unscaled, 0.2);
  EXPECT_EQ(mac.processNm, 45);
  EXPECT_EQ(mac.supplyV, 1.0);
  // Of the same process, and without one: as they are.
  EXPECT_EQ(m.memories.at(0).readPjPerByte.value, 0.5);
  EXPECT_EQ(m.memories.at(0).readPjPerByte.unscaled, std::nullopt);
  EXPECT_EQ(m.memories.at(1).readPjPerByte.value, 64);
}

/// The families that nothing here knows may have any part.
TEST(MachineFile, FamilyFromElsewhere) {
  std::string text = replaced(arrayText, "family: systolic", "family: npu");
  EXPECT_EQ(parsed(text).array.axes.size(), 2u);
  text = replaced(cpuText, "family: cpu", "family: npu");
  EXPECT_EQ(parsed(text).vector.bits, 256);
}

/// What workloads compute with can be priced.
TEST(MachineFile, EveryArithmeticHasAKey) {
  for (Arithmetic type : {Arithmetic::I4, Arithmetic::I8, Arithmetic::I16,
                          Arithmetic::I32, Arithmetic::F8, Arithmetic::F16,
                          Arithmetic::BF16, Arithmetic::F32, Arithmetic::F64}) {
    std::string key = "mac_" + stringify(type).str();
    MachineDesc m = parsed(replaced(arrayText, "mac_i8", key));
    EXPECT_TRUE(m.action(key)) << key;
  }
}

//===----------------------------------------------------------------------===//
// The machines of the tree
//===----------------------------------------------------------------------===//

struct NamedValue {
  std::string name;
  const SourcedValue *value;
};

/// Every energy, time and bandwidth that a machine of its family has.
std::vector<NamedValue> valuesOf(const MachineDesc &m) {
  std::vector<NamedValue> values = {{"clock", &m.clockMhz}};
  if (m.family == "cpu") {
    values.push_back({"fmas", &m.vector.fmasPerCycle});
    values.push_back({"loads", &m.vector.loadsPerCycle});
    values.push_back({"fma latency", &m.vector.fmaLatencyCycles});
    values.push_back({"fork join", &m.forkJoinCycles});
    if (!m.vector.byteDotFeature.empty())
      values.push_back({"byte dots", &m.vector.byteDotsPerCycle});
  } else {
    values.push_back({"macs per cycle", &m.array.macsPerCycle});
  }
  if (m.crossbar)
    values.push_back({"pass cycles", &m.crossbar->passCycles});
  for (const MemoryDesc &memory : m.memories) {
    values.push_back({memory.name + " bandwidth", &memory.bytesPerCycle});
    values.push_back({memory.name + " read", &memory.readPjPerByte});
    for (const SourcedValue *value :
         {&memory.writePjPerByte, &memory.multicastPjPerByte,
          &memory.leakageMw})
      if (value->isSet() || value->value != 0)
        values.push_back({memory.name, value});
  }
  if (m.array.latencyCycles.value != 0)
    values.push_back({"latency", &m.array.latencyCycles});
  for (const auto &[type, rate] : m.array.macsPerCycleByType)
    values.push_back({"rate of " + type, &rate});
  if (m.leakageMw.value != 0)
    values.push_back({"leakage", &m.leakageMw});
  for (const auto &[name, value] : m.actions)
    values.push_back({name, &value});
  return values;
}

std::vector<std::string> machineFiles() {
  std::vector<std::string> files;
  std::error_code error;
  for (llvm::sys::fs::recursive_directory_iterator
           it(AICC_TEST_SOURCE_ROOT "/targets", error),
       end;
       it != end && !error; it.increment(error))
    if (llvm::sys::path::extension(it->path()) == ".yaml")
      files.push_back(it->path());
  llvm::sort(files);
  return files;
}

class ShippedMachine : public testing::TestWithParam<std::string> {};

TEST_P(ShippedMachine, IsValidAndSourced) {
  CollectingDiagnosticSink sink;
  std::optional<MachineDesc> m = loadMachine(GetParam(), sink);
  for (const Diagnostic &d : sink.diagnostics())
    ADD_FAILURE() << d.file << ": " << d.message;
  ASSERT_TRUE(m.has_value());
  llvm::StringRef path = GetParam();
  EXPECT_EQ(m->name, llvm::sys::path::stem(path));
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  EXPECT_EQ(m->family,
            llvm::sys::path::filename(llvm::sys::path::parent_path(folder)));
  EXPECT_GE(m->source.size(), 10u);
  for (const NamedValue &named : valuesOf(*m)) {
    EXPECT_TRUE(named.value->isSet()) << named.name;
    EXPECT_GE(named.value->source.size(), 10u) << named.name;
  }
  EXPECT_GT(m->memories.back().readPjPerByte.value, 0);
}

INSTANTIATE_TEST_SUITE_P(All, ShippedMachine, testing::ValuesIn(machineFiles()),
                         [](const testing::TestParamInfo<std::string> &info) {
                           return llvm::sys::path::stem(info.param).str();
                         });

TEST(ShippedMachines, EveryFamilyIsThere) {
  std::vector<std::string> files = machineFiles();
  EXPECT_GE(files.size(), 12u);
  for (const char *family : {"cpu", "gpu", "systolic", "imc"})
    EXPECT_TRUE(llvm::any_of(files, [&](const std::string &file) {
      return file.find(std::string("/") + family + "/machines/") !=
             std::string::npos;
    })) << family;
}

} // namespace

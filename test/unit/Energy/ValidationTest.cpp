//===- ValidationTest.cpp - The estimator against measured chips ----------===//
//
// The cases of docs/validation.md that the estimator of spatial machines can
// run: mappings as published, machines as in targets/. Each case prints what
// was predicted, what was published, and the error.
//
//===----------------------------------------------------------------------===//

#include "aicc/Energy/Machine.h"
#include "aicc/Energy/SpatialCost.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace aicc;

namespace {

std::optional<MachineDesc> machineOf(llvm::StringRef file) {
  TextDiagnosticSink sink(llvm::errs());
  std::string path = AICC_TEST_SOURCE_ROOT "/targets/systolic/machines/";
  return loadMachine(path + file.str(), sink);
}

/// Of the chip without its DRAM, while the array computes. What acts in every
/// cycle or nanosecond counts over all of them, the rest over the computing.
double powerMw(const Cost &cost, const MachineDesc &machine) {
  double pjPerCycle = 0;
  for (const CostItem &item : cost.items) {
    llvm::StringRef name = item.component;
    bool isSteady = name == "pe.cycle" || name == "leakage";
    if (!name.starts_with("dram."))
      pjPerCycle +=
          item.energyPj() / (isSteady ? cost.cycles : cost.computeCycles);
  }
  return pjPerCycle * machine.clockMhz.value * 1e-3;
}

/// Prints a case; its relative error.
double report(llvm::StringRef name, double predicted, double published,
              llvm::StringRef unit) {
  double error = predicted / published - 1;
  llvm::outs() << llvm::format("%-32s predicted %9.4g published %9.4g ",
                               name.str().c_str(), predicted, published)
               << unit << llvm::format(" error %+.1f %%\n", 100 * error);
  llvm::outs().flush();
  return error;
}

//===----------------------------------------------------------------------===//
// TPU v1: products whose weights stream from DRAM
//===----------------------------------------------------------------------===//

/// rows x size by size x size, 8 bit, sums of 32 bit.
Workload productOf(int64_t rows, int64_t size) {
  Workload workload;
  workload.arithmetic = Arithmetic::I8;
  workload.dims = {{rows, false}, {size, true}, {size, false}};
  Workload::Operand input, weight, output;
  input.index = {{{0, 1}}, {{1, 1}}};
  weight.role = OperandRole::Weight;
  weight.index = {{{1, 1}}, {{2, 1}}};
  output.role = OperandRole::Output;
  output.index = {{{0, 1}}, {{2, 1}}};
  input.bits = weight.bits = output.bits = 8;
  output.partialBits = 32;
  workload.operands = {input, weight, output};
  return workload;
}

/// Tiles of 256 x 256 weights, `rows` at once through each, sums kept over k.
Mapping weightStationary(int64_t rows) {
  Mapping mapping;
  mapping.loops = {{0, rows}, {2, 256}, {1, 256}, {0, 1}, {1, 1, 0}, {2, 1, 1}};
  constexpr int8_t no = Mapping::bypass;
  // weight_registers, accumulators, unified_buffer, dram
  mapping.residence = {{no, no, 1, 0}, {3, no, no, 0}, {no, 2, 1, 0}};
  return mapping;
}

/// Activations of an application stay in the buffer between its layers: the
/// matrices here are so large that moving them adds little to the weights.
struct Application {
  const char *name;
  int64_t rows;     ///< Products a weight (Jouppi et al., ISCA 2017, table 1).
  double published; ///< TOPS (table 3).
};

class Tpu : public testing::TestWithParam<Application> {};

TEST_P(Tpu, Throughput) {
  auto machine = machineOf("tpu_v1.yaml");
  ASSERT_TRUE(machine);
  Workload workload = productOf(GetParam().rows, 16384);
  Mapping mapping = weightStationary(GetParam().rows);
  std::string why;
  auto cost = estimateSpatial(workload, mapping, *machine, why);
  ASSERT_TRUE(cost) << why;
  double seconds = cost->cycles / (machine->clockMhz.value * 1e6);
  double tops = 2 * workload.points() / seconds / 1e12;
  double error = report(GetParam().name, tops, GetParam().published, "TOPS");
  EXPECT_LE(std::abs(error), 0.25);
}

// Not here: LSTM1, CNN0 and CNN1, whose layers are not published.
INSTANTIATE_TEST_SUITE_P(Applications, Tpu,
                         testing::Values(Application{"MLP0", 200, 12.3},
                                         Application{"MLP1", 168, 9.7},
                                         Application{"LSTM0", 64, 3.7}),
                         [](const auto &info) { return info.param.name; });

TEST(TpuPower, AtWork) {
  auto machine = machineOf("tpu_v1.yaml");
  ASSERT_TRUE(machine);
  Workload workload = productOf(2048, 2048);
  std::string why;
  auto cost = estimateSpatial(workload, weightStationary(2048), *machine, why);
  ASSERT_TRUE(cost) << why;
  double watts = powerMw(*cost, *machine) * 1e-3;
  EXPECT_LE(std::abs(report("power", watts, 40, "W")), 0.25);
}

//===----------------------------------------------------------------------===//
// Eyeriss: AlexNet, mappings of table III
//===----------------------------------------------------------------------===//

struct Layer {
  const char *name;
  int64_t side, filter, out, channels, filters, groups, stride;
  double zeros;
  int64_t m, n, e, p, q, r, t;            ///< Table III.
  double powerMw, processingMs, bufferMb; ///< Table V, four images.
};

/// One group of the layer. Dimensions: n, m, c, p, q, r, s.
Workload convolutionOf(const Layer &layer) {
  Workload workload;
  workload.arithmetic = Arithmetic::I16;
  workload.dims = {{4, false},
                   {layer.filters / layer.groups, false},
                   {layer.channels, true},
                   {layer.out, false},
                   {layer.out, false},
                   {layer.filter, true},
                   {layer.filter, true}};
  Workload::Operand input, weight, output;
  input.index = {{{0, 1}},
                 {{2, 1}},
                 {{3, layer.stride}, {5, 1}},
                 {{4, layer.stride}, {6, 1}}};
  input.density = 1 - layer.zeros;
  weight.role = OperandRole::Weight;
  weight.index = {{{1, 1}}, {{2, 1}}, {{5, 1}}, {{6, 1}}};
  output.role = OperandRole::Output;
  output.index = {{{0, 1}}, {{1, 1}}, {{3, 1}}, {{4, 1}}};
  input.bits = weight.bits = output.bits = 16;
  workload.operands = {input, weight, output};
  return workload;
}

/// Row stationary: the buffer keeps a strip of n images and m filters; a pass
/// has p x t filters, q x r channels and a row of filter and output in each
/// element.
Mapping rowStationary(const Layer &layer) {
  Mapping mapping;
  mapping.loops = {{3, layer.e},
                   {0, layer.n},
                   {1, layer.m},
                   {2, layer.q * layer.r},
                   {1, layer.p * layer.t},
                   {0, 1},
                   {4, 1},
                   {6, 1},
                   {2, layer.r},
                   {1, layer.t},
                   {3, 1, 0},
                   {5, 1, 0},
                   {2, 1, 0},
                   {1, 1, 0}};
  constexpr int8_t no = Mapping::bypass;
  // ifmap_spad, weight_spad, psum_spad, glb, dram
  mapping.residence = {
      {7, no, no, 4, 0}, {no, 5, no, no, 0}, {no, no, 7, 3, 0}};
  return mapping;
}

class Eyeriss : public testing::TestWithParam<Layer> {};

TEST_P(Eyeriss, AlexNet) {
  const Layer &layer = GetParam();
  auto machine = machineOf("eyeriss_v1.yaml");
  ASSERT_TRUE(machine);
  Workload workload = convolutionOf(layer);
  std::string why;
  auto cost = estimateSpatial(workload, rowStationary(layer), *machine, why);
  ASSERT_TRUE(cost) << why;
  double groups = double(layer.groups), clock = machine->clockMhz.value;
  // Scratchpads are filled while the array works, but have no second half:
  // their exposed fills, which the estimator adds, are left out.
  double ms = groups * cost->computeCycles / clock * 1e-3;
  double mw = powerMw(*cost, *machine), mb = 0;
  for (const CostItem &item : cost->items)
    if (llvm::StringRef(item.component).starts_with("glb."))
      mb += groups * item.count * 1e-6;
  EXPECT_LE(std::abs(report("power", mw, layer.powerMw, "mW")), 0.25);
  EXPECT_LE(std::abs(report("processing", ms, layer.processingMs, "ms")), 0.25);
  // Not held to a limit: windows of inputs are sent whole, where the chip sends
  // what is new of them, zeros are not sent, and CONV3 ran with another
  // mapping than table III has (docs/validation.md).
  report("buffer", mb, layer.bufferMb, "MB");
}

INSTANTIATE_TEST_SUITE_P(
    Layers, Eyeriss,
    testing::Values(Layer{"CONV1", 227, 11, 55, 3, 96, 1, 4, 0.0001, 96, 1, 7,
                          16, 1, 1, 2, 332, 16.5, 18.5},
                    Layer{"CONV2", 31, 5, 27, 48, 256, 2, 1, 0.387, 64, 1, 27,
                          16, 2, 1, 1, 288, 39.2, 77.6},
                    Layer{"CONV3", 15, 3, 13, 256, 384, 1, 1, 0.725, 64, 4, 13,
                          16, 4, 1, 4, 266, 21.8, 50.2},
                    Layer{"CONV4", 15, 3, 13, 192, 384, 2, 1, 0.793, 64, 4, 13,
                          16, 3, 2, 2, 235, 16.0, 37.4},
                    Layer{"CONV5", 15, 3, 13, 192, 256, 2, 1, 0.776, 64, 4, 13,
                          16, 3, 2, 2, 236, 10.0, 24.9}),
    [](const auto &info) { return info.param.name; });

} // namespace

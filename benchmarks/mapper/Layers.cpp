//===- Layers.cpp - Convolutions of well-known networks -------------------===//

#include "benchmarks/mapper/Layers.h"

using namespace aicc;
using namespace aicc::bench;

Workload Layer::workload() const {
  Workload work;
  work.arithmetic = Arithmetic::I8;
  work.dims = {{k, false},       {c, true},      {outputs, false},
               {outputs, false}, {kernel, true}, {kernel, true}};
  Workload::Operand input, weight, output;
  input.role = OperandRole::Input;
  input.index = {{{C, 1}}, {{P, stride}, {R, 1}}, {{Q, stride}, {S, 1}}};
  weight.role = OperandRole::Weight;
  weight.index = {{{K, 1}}, {{C, 1}}, {{R, 1}}, {{S, 1}}};
  output.role = OperandRole::Output;
  output.index = {{{K, 1}}, {{P, 1}}, {{Q, 1}}};
  input.bits = weight.bits = output.bits = 8;
  output.partialBits = 16;
  work.operands = {input, weight, output};
  return work;
}

std::vector<Layer> bench::threeConvolutions() {
  return {{"conv 56x56 64-64 3x3", 1, 64, 64, 56, 3, 1, 56},
          {"conv 28x28 512-128 1x1", 1, 128, 512, 28, 1, 1, 28},
          {"conv 7x7 512-512 3x3", 1, 512, 512, 7, 3, 1, 7}};
}

namespace {

/// Blocks of one resolution: 1x1 to `narrow` channels, 3x3, 1x1 to four times
/// as many.
struct ResNetStage {
  const char *name;
  int64_t blocks, inChannels, narrow, inputs, stride;
};

} // namespace

static void addStage(const ResNetStage &stage, std::vector<Layer> &layers) {
  int64_t wide = 4 * stage.narrow, outputs = stage.inputs / stage.stride;
  std::string name = stage.name;
  layers.push_back({name + "_0_1x1a", 1, stage.narrow, stage.inChannels,
                    stage.inputs, 1, 1, stage.inputs});
  bool isSame = stage.stride == 1;
  layers.push_back({name + "_0_3x3", isSame ? stage.blocks : 1, stage.narrow,
                    stage.narrow, outputs, 3, stage.stride, stage.inputs});
  layers.push_back({name + "_0_proj", 1, wide, stage.inChannels, outputs, 1,
                    stage.stride, stage.inputs});
  layers.push_back({name + "_1x1b", stage.blocks, wide, stage.narrow, outputs,
                    1, 1, outputs});
  layers.push_back({name + "_1x1a", stage.blocks - 1, stage.narrow, wide,
                    outputs, 1, 1, outputs});
  if (!isSame)
    layers.push_back({name + "_3x3", stage.blocks - 1, stage.narrow,
                      stage.narrow, outputs, 3, 1, outputs});
}

std::vector<Layer> bench::resnet50() {
  std::vector<Layer> layers = {{"conv1", 1, 64, 3, 112, 7, 2, 224}};
  for (const ResNetStage &stage : {ResNetStage{"l2", 3, 64, 64, 56, 1},
                                   ResNetStage{"l3", 4, 256, 128, 56, 2},
                                   ResNetStage{"l4", 6, 512, 256, 28, 2},
                                   ResNetStage{"l5", 3, 1024, 512, 14, 2}})
    addStage(stage, layers);
  layers.push_back({"fc", 1, 1000, 2048, 1, 1, 1, 1});
  return layers;
}

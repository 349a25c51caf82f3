//===- ToyTest.cpp - Does the Target interface carry? ---------------------===//
//
// A family that the compiler has never heard of goes through its interface
// alone: from structured IR to a program that runs.
//
//===----------------------------------------------------------------------===//

#include "test/targets/toy/Toy.h"
#include "aicc/Compiler/Registration.h"
#include "aicc/Energy/MachineFile.h"
#include "aicc/Support/Diagnostics.h"
#include "aicc/Target/Machines.h"
#include "aicc/Target/TargetRegistry.h"
#include "dialects/aicc/IR/Aicc.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "gtest/gtest.h"

using namespace aicc;

namespace {

/// y = (a + b) * b
const char structured[] = R"mlir(
#id = affine_map<(i) -> (i)>
func.func @main(%a: tensor<4xf32> {aicc.name = "a"},
                %b: tensor<4xf32> {aicc.name = "b"})
    -> (tensor<4xf32> {aicc.name = "y"}) {
  %e = tensor.empty() : tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %r = arith.addf %x, %y : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %p = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%s, %b : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %r = arith.mulf %x, %y : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %p : tensor<4xf32>
}
)mlir";

class ToyTest : public testing::Test {
protected:
  ToyTest() : target(toy::createTarget()) {
    registry.add(*target);
    mlir::DialectRegistry dialects;
    registerAllDialects(dialects);
    target->registerDialects(dialects);
    context.appendDialectRegistry(dialects);
    std::optional<MachineDesc> machine =
        findMachine("toy", "", sink, registry.machines());
    if (machine)
      options.machine = std::make_shared<MachineDesc>(std::move(*machine));
  }

  mlir::LogicalResult runTo(mlir::ModuleOp module, Stage from, Stage to) {
    mlir::PassManager pm(&context);
    target->buildPipeline(pm, from, to, options);
    return pm.run(module);
  }

  CollectingDiagnosticSink sink;
  std::unique_ptr<Target> target;
  TargetRegistry registry;
  mlir::MLIRContext context;
  CompileOptions options;
};

TEST_F(ToyTest, IsFoundByNameWithItsMachine) {
  EXPECT_EQ(registry.lookup("toy"), target.get());
  ASSERT_TRUE(options.machine);
  EXPECT_EQ(options.machine->name, "abacus");
}

TEST_F(ToyTest, MappingComesFromEstimate) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(structured, &context);
  ASSERT_TRUE(module);
  ASSERT_TRUE(
      mlir::succeeded(runTo(*module, Stage::Structured, Stage::Mapped)));
  unsigned regions = 0;
  module->walk([&](RegionOp region) {
    ++regions;
    EXPECT_EQ(region.getMachine(), "toy/abacus");
    // The widest tile is the cheapest: 48 bytes at 4 a cycle, and one step.
    EXPECT_EQ(region.getMappingAttr().getLoops().front().tile, 4);
    EXPECT_EQ(region.getCostAttr().getCycles(), 13);
    EXPECT_EQ(region.getCostAttr().getMacs(), 4);
  });
  EXPECT_EQ(regions, 2u);
}

TEST_F(ToyTest, RunsWhatItEmits) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(structured, &context);
  ASSERT_TRUE(module);
  ASSERT_TRUE(
      mlir::succeeded(runTo(*module, Stage::Structured, Stage::Mapped)));
  ASSERT_TRUE(mlir::succeeded(runTo(*module, Stage::Mapped, Stage::Loops)));
  llvm::SmallString<64> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("toy", "txt", path));
  llvm::FileRemover remover(path);
  ASSERT_TRUE(mlir::succeeded(
      target->emit(*module, EmitKind::Lib, options, path, sink)));

  float a[] = {1, 2, 3, 4}, b[] = {10, 20, 30, 40}, y[4] = {};
  TensorView views[] = {{"a", "float32", {4}, a},
                        {"b", "float32", {4}, b},
                        {"y", "float32", {4}, y}};
  std::unique_ptr<Executor> executor = target->createExecutor(*options.machine);
  ASSERT_TRUE(executor);
  llvm::ArrayRef<TensorView> all(views);
  ASSERT_TRUE(mlir::succeeded(
      executor->run(path, all.take_front(2), all.drop_front(2), sink)));
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(y[i], (a[i] + b[i]) * b[i]);
  EXPECT_TRUE(mlir::failed(executor->run(path, all.take_front(1), all, sink)));
}

TEST_F(ToyTest, WhatItCannotRunIsToldWithTheReason) {
  std::string text = structured;
  text.replace(text.find("arith.addf"), 10, "arith.subf");
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  ASSERT_TRUE(module);
  std::vector<std::string> messages;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &d) {
    messages.push_back(d.str());
    return mlir::success();
  });
  EXPECT_TRUE(mlir::failed(runTo(*module, Stage::Structured, Stage::Mapped)));
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0], "the machine adds and multiplies two float32 tensors, "
                         "nothing else");
}

} // namespace

//===- ArenaTest.cpp - Buffers that are needed together lie apart ---------===//

#include "aicc/Mapping/Passes.h"
#include "aicc/Memory/BufferPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace aicc;

/// A chain of elementwise operations that do not fuse (each is reshaped to
/// another rank in between), the first value used again at the end.
static std::string chain(int length) {
  std::string text = R"(
#id = affine_map<(i, j) -> (i, j)>
#tr = affine_map<(i, j) -> (j, i)>
func.func @main(%x: tensor<32x32xf32>) -> tensor<32x32xf32> {
  %e = tensor.empty() : tensor<32x32xf32>
  %zero = arith.constant 0.0 : f32
)";
  auto reduce = [&](int k, llvm::StringRef from) {
    std::string n = std::to_string(k);
    text += "  %f" + n +
            " = linalg.fill ins(%zero : f32) outs(%e : "
            "tensor<32x32xf32>) -> tensor<32x32xf32>\n  %v" +
            n +
            " = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, "
            "k)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = "
            "[\"parallel\", \"parallel\", \"reduction\"]} ins(" +
            from.str() + " : tensor<32x32xf32>) outs(%f" + n +
            " : tensor<32x32xf32>) {\n  ^bb0(%p: f32, %q: f32):\n    %s = "
            "arith.addf %p, %q : f32\n    linalg.yield %s : f32\n  } -> "
            "tensor<32x32xf32>\n";
  };
  reduce(0, "%x");
  for (int k = 1; k < length; ++k)
    reduce(k, "%v" + std::to_string(k - 1));
  text +=
      "  return %v" + std::to_string(length - 1) + " : tensor<32x32xf32>\n}\n";
  return text;
}

TEST(Arena, AChainNeedsTwoBuffers) {
  DialectRegistry registry;
  registry.insert<AICCDialect, arith::ArithDialect, func::FuncDialect,
                  linalg::LinalgDialect, math::MathDialect,
                  tensor::TensorDialect>();
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(chain(6), &context);
  ASSERT_TRUE(module);
  PassManager pm(&context);
  pm.addNestedPass<func::FuncOp>(createFormRegionsPass());
  pm.addNestedPass<func::FuncOp>(createPlanBuffersPass());
  ASSERT_TRUE(succeeded(pm.run(*module)));

  auto func = *module->getOps<func::FuncOp>().begin();
  FailureOr<BufferPlan> plan = BufferPlan::build(func);
  ASSERT_TRUE(succeeded(plan));
  // The input and the result are not in the arena; of the five values between
  // them two are needed at a time.
  EXPECT_EQ(plan->placeArena(), 2 * 32 * 32 * 4);
  for (const RootBuffer &a : plan->roots())
    for (const RootBuffer &b : plan->roots()) {
      if (&a == &b || a.kind != RootBuffer::Kind::Arena ||
          b.kind != RootBuffer::Kind::Arena)
        continue;
      bool together = a.firstUse <= b.lastUse && b.firstUse <= a.lastUse;
      bool apart = a.byteOffset + 4 * a.elements <= b.byteOffset ||
                   b.byteOffset + 4 * b.elements <= a.byteOffset;
      EXPECT_TRUE(!together || apart);
    }
}

//===- ClosedFormTest.cpp - Compute cycles beside SCALE-Sim's -------------===//
//
// Every row of resnet50_cycles.csv as a program: one fold of the array after
// the other. With inputs stationary, the array holds the product's other
// factor: the program is that of the transposed product with weights
// stationary.
//
//===----------------------------------------------------------------------===//

#include "test/unit/Systolic/Testing.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <map>

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

struct Product {
  unsigned array = 0;
  std::string dataflow;
  uint64_t m = 0, n = 0, k = 0;
  auto operator<=>(const Product &) const = default;
};

uint64_t folds(uint64_t x, uint64_t y, uint64_t a) {
  return ((x + a - 1) / a) * ((y + a - 1) / a);
}

uint64_t computeCycles(const Product &product) {
  MachineConfig machine = smallMachine();
  machine.rows = machine.cols = product.array;
  machine.scratchpadRows = machine.accumulatorRows = 1 << 14;
  bool sumsStay = product.dataflow == "os";
  uint64_t rows = sumsStay                   ? product.k
                  : product.dataflow == "is" ? product.n
                                             : product.m;
  uint64_t count = sumsStay ? folds(product.m, product.n, product.array)
                   : product.dataflow == "is"
                       ? folds(product.k, product.m, product.array)
                       : folds(product.k, product.n, product.array);
  std::string shape = " rows=" + std::to_string(rows) + "x1";
  std::string fold = sumsStay ? "execute.outer a=sp[0] b=sp[0]" + shape +
                                    " clear=1\nexecute.flush c=acc[0] m=1 n=1\n"
                              : "execute.weights from=sp[0] k=1 n=1\n"
                                "execute.multiply a=sp[0] c=acc[0]" +
                                    shape + " k=1\n";
  std::string lines = "load.fill to=sp[0] rows=16384x1\nfence\n";
  for (uint64_t i = 0; i < count; ++i)
    lines += fold;
  Launch run(machine);
  EXPECT_TRUE(run.text(lines)) << run.error;
  return run.result.computeCycles;
}

} // namespace

TEST(SystolicClosedForm, ResNet50) {
  auto file =
      llvm::MemoryBuffer::getFile(AICC_TEST_SOURCE_ROOT "/test/unit/Systolic/"
                                                        "resnet50_cycles.csv");
  ASSERT_TRUE(bool(file));
  llvm::SmallVector<llvm::StringRef> lines;
  (*file)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  std::map<Product, uint64_t> known;
  unsigned all = 0;
  for (llvm::StringRef line : lines) {
    llvm::SmallVector<llvm::StringRef> cells;
    line.split(cells, ',');
    if (line.starts_with("#") || cells[0] == "net")
      continue;
    ASSERT_EQ(cells.size(), 13u) << line.str();
    auto number = [&](unsigned cell) {
      uint64_t value = 0;
      EXPECT_FALSE(cells[cell].getAsInteger(10, value)) << line.str();
      return value;
    };
    Product product{unsigned(number(2)), cells[3].str(), number(4), number(5),
                    number(6)};
    auto [found, isNew] = known.try_emplace(product, 0);
    if (isNew)
      found->second = computeCycles(product);
    EXPECT_EQ(found->second, number(9)) << line.str();
    ++all;
  }
  // 54 layers, three arrays, three dataflows.
  EXPECT_EQ(all, 54u * 3 * 3);
}

//===- TargetRegistryTest.cpp ---------------------------------------------===//

#include "aicc/Target/TargetRegistry.h"
#include "aicc/Support/Diagnostics.h"

#include "gtest/gtest.h"

using namespace aicc;

TEST(TargetRegistry, UnknownNameIsNull) {
  TargetRegistry registry;
  EXPECT_EQ(registry.lookup("no-such-family"), nullptr);
}

TEST(TargetRegistry, LoadingAMissingLibraryFails) {
  TargetRegistry registry;
  CollectingDiagnosticSink sink;
  EXPECT_TRUE(mlir::failed(registry.load("/no/such/lib.so", sink)));
  EXPECT_EQ(sink.firstError(), ErrorCode::Usage);
}

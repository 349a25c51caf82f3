//===- TargetRegistryTest.cpp ---------------------------------------------===//

#include "aicc/Target/TargetRegistry.h"

#include "gtest/gtest.h"

using namespace aicc;

TEST(TargetRegistry, UnknownNameIsNull) {
  TargetRegistry registry;
  EXPECT_EQ(registry.lookup("no-such-family"), nullptr);
}

TEST(TargetRegistry, LoadingAMissingLibraryFails) {
  TargetRegistry registry;
  std::string error;
  EXPECT_TRUE(mlir::failed(registry.load("/no/such/lib.so", error)));
  EXPECT_FALSE(error.empty());
}

//===- CompileTest.cpp ----------------------------------------------------===//

#include "aicc-c/aicc.h"

#include "gtest/gtest.h"

#include <memory>
#include <string>

namespace {

struct Destroy {
  void operator()(aicc_options *o) const { aicc_options_destroy(o); }
  void operator()(aicc_compilation *c) const { aicc_compilation_destroy(c); }
};
using Options = std::unique_ptr<aicc_options, Destroy>;
using Compilation = std::unique_ptr<aicc_compilation, Destroy>;

TEST(CAPI, Version) { EXPECT_STRNE(aicc_version(), ""); }

TEST(CAPI, OptionsAreCheckedAsTheyAreSet) {
  Options options(aicc_options_create());
  EXPECT_EQ(aicc_options_set(options.get(), "target", "cpu"), 0);
  EXPECT_EQ(aicc_options_set(options.get(), "O", "2"), 0);
  EXPECT_EQ(aicc_options_set(options.get(), "timing", "false"), 0);
  EXPECT_STREQ(aicc_options_error(options.get()), "");
  EXPECT_EQ(aicc_options_set(options.get(), "nonsense", "1"), 2);
  EXPECT_NE(std::string(aicc_options_error(options.get())).find("nonsense"),
            std::string::npos);
  EXPECT_EQ(aicc_options_set(options.get(), "timing", "maybe"), 2);
  EXPECT_EQ(aicc_options_set(options.get(), "quantize", "int4w"), 2);
  EXPECT_EQ(aicc_options_set(options.get(), "version", "true"), 2);
  EXPECT_EQ(aicc_options_set(options.get(), nullptr, "1"), 2);
}

TEST(CAPI, MissingModel) {
  Compilation c(aicc_compile("/no/such/model.onnx", nullptr, nullptr));
  EXPECT_EQ(aicc_compilation_status(c.get()), 1);
  EXPECT_STREQ(aicc_compilation_output(c.get()), "");
  ASSERT_EQ(aicc_compilation_num_diagnostics(c.get()), 1u);
  const aicc_diagnostic *d = aicc_compilation_diagnostic(c.get(), 0);
  EXPECT_EQ(d->severity, AICC_SEVERITY_ERROR);
  EXPECT_STREQ(d->file, "/no/such/model.onnx");
  EXPECT_STREQ(d->node, "");
  EXPECT_EQ(aicc_compilation_diagnostic(c.get(), 1), nullptr);
}

TEST(CAPI, NoModelIsAUsageError) {
  Compilation c(aicc_compile(nullptr, nullptr, nullptr));
  EXPECT_EQ(aicc_compilation_status(c.get()), 2);
}

TEST(CAPI, UnknownTarget) {
  Options options(aicc_options_create());
  ASSERT_EQ(aicc_options_set(options.get(), "target", "tpu"), 0);
  Compilation c(aicc_compile("m.onnx", nullptr, options.get()));
  EXPECT_EQ(aicc_compilation_status(c.get()), 3);
  ASSERT_EQ(aicc_compilation_num_diagnostics(c.get()), 1u);
  EXPECT_STREQ(aicc_compilation_diagnostic(c.get(), 0)->code, "E_UNSUPPORTED");
}

TEST(CAPI, MachineNamesEndInNull) {
  EXPECT_EQ(aicc_machine_name(aicc_num_machines()), nullptr);
}

} // namespace

//===- EmitTest.cpp - The artefact ----------------------------------------===//

#include "EmitTesting.h"

#include "aicc/Codegen/Passes.h"

#include "llvm/ADT/StringExtras.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <dirent.h>
#include <sys/stat.h>

using namespace aicc;
using namespace aicc::testing;

namespace {

/// `kernels` kernels, y[i] = x[i] + k, one after the other.
std::string program(const std::string &model, int kernels = 3) {
  std::string text = "module attributes {aicc.model = \"" + model +
                     "\", aicc.arena_bytes = 0 : i64} {\n";
  std::string launches;
  for (int k = 0; k < kernels; ++k) {
    std::string n = std::to_string(k);
    text +=
        "func.func private @k" + n +
        R"((%x: memref<64xf32>, %y: memref<64xf32>, %begin: index, %end: index)
      attributes {aicc.kernel} {
    %c1 = arith.constant 1 : index
    %k = arith.constant )" +
        n + R"(.0 : f32
    scf.for %i = %begin to %end step %c1 {
      %0 = memref.load %x[%i] : memref<64xf32>
      %1 = arith.addf %0, %k : f32
      memref.store %1, %y[%i] : memref<64xf32>
    }
    return
  }
)";
    launches += "aicc.launch @k" + n + "(" + (k ? "%y" : "%x") +
                ", %y) trip 64 grain " + std::to_string(k % 2) +
                " : memref<64xf32>, memref<64xf32>\n";
  }
  return text + R"(
  func.func @main(%x: memref<64xf32> {aicc.name = "x", aicc.dtype = "float32", aicc.shape = array<i64: 8, 8>},
                  %y: memref<64xf32> {aicc.name = "y", aicc.dtype = "float32", aicc.shape = array<i64: 64>},
                  %arena: memref<0xi8>, %weights: memref<0xi8>)
      attributes {aicc.entry, aicc.num_inputs = 1 : i64} {
)" + launches +
         "return\n}\n}\n";
}

std::vector<std::string> filesIn(const std::string &folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(folder, error), end; it != end;
       it.increment(error))
    names.push_back(llvm::sys::path::filename(it->path()).str());
  return names;
}

TEST(EmitTest, SameInputSameBytes) {
  TemporaryFolder folder;
  for (EmitKind kind : {EmitKind::Lib, EmitKind::Obj, EmitKind::Asm}) {
    std::string first;
    for (const char *name : {"a", "b"}) {
      CollectingDiagnosticSink sink;
      EmitInputs inputs;
      inputs.kind = kind;
      inputs.outputPath = folder.file(name);
      inputs.manifest["b"] = 1;
      inputs.manifest["a"] = 2;
      ASSERT_TRUE(emitText(program("m", 40), inputs, sink));
      std::string bytes = readFile(inputs.outputPath);
      ASSERT_FALSE(bytes.empty());
      if (first.empty())
        first = bytes;
      EXPECT_EQ(first, bytes);
    }
  }
}

TEST(EmitTest, ManyKernelsAcrossParts) {
  TemporaryFolder folder;
  CollectingDiagnosticSink sink;
  EmitInputs inputs;
  inputs.outputPath = folder.file("m.so");
  ASSERT_TRUE(emitText(program("m", 500), inputs, sink));
  LoadedModel loaded(inputs.outputPath);
  ASSERT_NE(loaded.context, nullptr) << aicc_last_error(nullptr);
  float x[64] = {}, y[64] = {};
  int64_t xShape[] = {8, 8}, yShape[] = {64};
  aicc_tensor in = {x, AICC_FLOAT32, 2, xShape};
  aicc_tensor out = {y, AICC_FLOAT32, 1, yShape};
  ASSERT_EQ(aicc_run(loaded.context, &in, 1, &out, 1), AICC_OK);
  EXPECT_EQ(y[0], 499.f * 500 / 2);
  EXPECT_EQ(y[63], 499.f * 500 / 2);
}

TEST(EmitTest, Prefix) {
  EXPECT_EQ(symbolPrefix("resnet50"), "resnet50");
  EXPECT_EQ(symbolPrefix("v1.2-net"), "v1_2_net");
  EXPECT_EQ(symbolPrefix("3d"), "m_3d");
  EXPECT_EQ(symbolPrefix(""), "model");
  EXPECT_EQ(symbolPrefix("\xc3\xa9t\xc3\xa9"), "__t__");
}

ErrorCode emitTo(const std::string &path, std::string &message) {
  CollectingDiagnosticSink sink;
  EmitInputs inputs;
  inputs.outputPath = path;
  EXPECT_FALSE(emitText(program("m"), inputs, sink));
  EXPECT_EQ(sink.diagnostics().size(), 1u);
  message = sink.diagnostics().empty() ? "" : sink.diagnostics()[0].message;
  return sink.diagnostics().empty() ? ErrorCode::Internal
                                    : sink.diagnostics()[0].code;
}

TEST(EmitTest, OutputThatCannotBeWritten) {
  TemporaryFolder folder;
  std::string message;
  EXPECT_EQ(emitTo(folder.folder(), message), ErrorCode::Io);
  EXPECT_NE(message.find("directory"), std::string::npos) << message;
  EXPECT_EQ(emitTo(folder.file("no/m.so"), message), ErrorCode::Io);
  EXPECT_EQ(emitTo("/dev/full", message), ErrorCode::Io);
  EXPECT_NE(message.find("No space"), std::string::npos) << message;
  EXPECT_TRUE(filesIn(folder.folder()).empty());
}

TEST(EmitTest, NothingIsLeftOfAFailure) {
  TemporaryFolder folder;
  CollectingDiagnosticSink sink;
  EmitInputs inputs;
  inputs.outputPath = folder.file("m.so");
  std::string text = program("m");
  // A weight that does not fit its section.
  text.insert(text.find('\n') + 1,
              "aicc.weight @w at 0 pack <dims = [0], sizes = [4], steps = [1]> "
              "= dense<1.0> : tensor<4xf32>\n");
  EXPECT_FALSE(emitText(text, inputs, sink));
  EXPECT_TRUE(sink.hasErrors());
  EXPECT_TRUE(filesIn(folder.folder()).empty());
}

TEST(EmitTest, AnExistingOutputIsReplacedWhole) {
  TemporaryFolder folder;
  std::string path = folder.file("m.so");
  {
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << "old";
  }
  CollectingDiagnosticSink sink;
  EmitInputs inputs;
  inputs.outputPath = path;
  ASSERT_TRUE(emitText(program("m"), inputs, sink));
  EXPECT_EQ(readFile(path).substr(0, 4), "\x7f"
                                         "ELF");
  EXPECT_EQ(filesIn(folder.folder()).size(), 1u);
}

TEST(EmitTest, LargeWeightsHaveAFileOfTheirOwn) {
  TemporaryFolder folder;
  CollectingDiagnosticSink sink;
  EmitInputs inputs;
  inputs.outputPath = folder.file("temporary");
  inputs.finalPath = folder.file("m.so");
  inputs.maxInlineWeightBytes = 15;
  std::string text = R"(
module attributes {aicc.model = "m", aicc.weight_bytes = 16 : i64} {
  aicc.weight @w at 0 pack <dims = [0], sizes = [4], steps = [1]> = dense<[1., 2., 3., 4.]> : tensor<4xf32>
  func.func @main(%y: memref<4xf32> {aicc.name = "y", aicc.dtype = "float32", aicc.shape = array<i64: 4>},
                  %arena: memref<0xi8>, %weights: memref<16xi8>)
      attributes {aicc.entry, aicc.num_inputs = 0 : i64} {
    %c0 = arith.constant 0 : index
    %w = memref.view %weights[%c0][] : memref<16xi8> to memref<4xf32>
    memref.copy %w, %y : memref<4xf32> to memref<4xf32>
    return
  }
})";
  ASSERT_TRUE(emitText(text, inputs, sink));
  ASSERT_FALSE(llvm::sys::fs::rename(inputs.outputPath, inputs.finalPath));
  EXPECT_EQ(readFile(folder.file("m.so.weights")).size(), 16u);
  {
    LoadedModel loaded(inputs.finalPath);
    ASSERT_NE(loaded.context, nullptr) << aicc_last_error(nullptr);
    std::string manifest(aicc_model_get_desc(loaded.model)->manifest,
                         aicc_model_get_desc(loaded.model)->manifest_bytes);
    EXPECT_NE(manifest.find("m.so.weights"), std::string::npos);
    EXPECT_NE(manifest.find("sha256"), std::string::npos);
    float y[4] = {};
    int64_t shape[] = {4};
    aicc_tensor out = {y, AICC_FLOAT32, 1, shape};
    ASSERT_EQ(aicc_run(loaded.context, nullptr, 0, &out, 1), AICC_OK);
    EXPECT_EQ(y[3], 4.f);
  }
  llvm::sys::fs::remove(folder.file("m.so.weights"));
  LoadedModel alone(inputs.finalPath);
  EXPECT_EQ(alone.model, nullptr);
  // A failure leaves neither file.
  inputs.outputPath = folder.file("no/m.so");
  EXPECT_FALSE(emitText(text, inputs, sink));
  EXPECT_FALSE(llvm::sys::fs::exists(folder.file("m.so.weights")));
}

TEST(EmitTest, WithoutAnEntry) {
  TemporaryFolder folder;
  CollectingDiagnosticSink sink;
  EmitInputs inputs;
  inputs.outputPath = folder.file("m.so");
  EXPECT_FALSE(emitText("module {}", inputs, sink));
  EXPECT_TRUE(sink.hasErrors());
}

} // namespace

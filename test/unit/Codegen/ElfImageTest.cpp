//===- ElfImageTest.cpp - Weights appended to an ELF file -----------------===//

#include "EmitTesting.h"

#include "aicc/Codegen/ElfImage.h"

#include "llvm/Object/ELFObjectFile.h"

#include "gtest/gtest.h"

using namespace aicc;
using namespace aicc::testing;

namespace {

std::string tinyProgram(llvm::StringRef weight) {
  return ("module attributes {aicc.model = \"m\", aicc.weight_bytes = 128 : "
          "i64} {\n" +
          weight +
          R"(
  func.func @main(%x: memref<4xf32> {aicc.name = "x", aicc.dtype = "float32", aicc.shape = array<i64: 4>},
                  %y: memref<4xf32> {aicc.name = "y", aicc.dtype = "float32", aicc.shape = array<i64: 4>},
                  %arena: memref<0xi8>, %weights: memref<128xi8>)
      attributes {aicc.entry, aicc.num_inputs = 1 : i64} {
    memref.copy %x, %y : memref<4xf32> to memref<4xf32>
    return
  }
})")
      .str();
}

std::string emit(llvm::StringRef program, EmitKind kind) {
  TemporaryFolder folder;
  CollectingDiagnosticSink sink;
  EmitInputs inputs;
  inputs.kind = kind;
  inputs.outputPath = folder.file("m");
  EXPECT_TRUE(emitText(program, inputs, sink));
  return readFile(inputs.outputPath);
}

/// Contents of the weights section, as LLVM's reader finds them.
std::string weightsOf(const std::string &image) {
  auto object = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef(image, "image"));
  if (!object) {
    llvm::consumeError(object.takeError());
    return "not an object";
  }
  for (llvm::object::SectionRef section : (*object)->sections())
    if (llvm::cantFail(section.getName()) == weightsSection)
      return llvm::cantFail(section.getContents()).str();
  return "no section";
}

constexpr llvm::StringLiteral bytes =
    "aicc.weight @w at 64 pack <dims = [0], sizes = [4], steps = [1]> = "
    "dense<[1, 2, 3, 4]> : tensor<4xi8>\n";

TEST(ElfImageTest, WeightsAreInTheSection) {
  std::string expected(128, '\0');
  expected.replace(64, 4, "\1\2\3\4");
  EXPECT_EQ(weightsOf(emit(tinyProgram(bytes), EmitKind::Lib)), expected);
  EXPECT_EQ(weightsOf(emit(tinyProgram(bytes), EmitKind::Obj)), expected);
}

TEST(ElfImageTest, BoolsAreBytes) {
  std::string image = emit(
      tinyProgram("aicc.weight @w at 0 pack <dims = [0], sizes = [3], steps = "
                  "[1]> = dense<[true, false, true]> : tensor<3xi1>\n"),
      EmitKind::Lib);
  EXPECT_EQ(weightsOf(image).substr(0, 4), std::string("\1\0\1\0", 4));
}

TEST(ElfImageTest, RefusesWhatItCannotChange) {
  std::string why;
  std::vector<char> text(1000, 'x');
  EXPECT_EQ(appendSection(text, weightsSection, why), 0u);
  EXPECT_NE(why.find("no section"), std::string::npos) << why;

  std::string image = emit(tinyProgram(bytes), EmitKind::Lib);
  std::vector<char> done(image.begin(), image.end());
  EXPECT_EQ(appendSection(done, weightsSection, why), 0u);
  EXPECT_NE(why.find("already has bytes"), std::string::npos) << why;

  // Truncated anywhere, headers pointing outside: never a read out of bounds.
  for (size_t size = 0; size < image.size(); size += 97) {
    std::vector<char> part(image.begin(), image.begin() + size);
    appendSection(part, weightsSection, why);
  }
}

} // namespace

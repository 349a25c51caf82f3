//===- OptionsTest.cpp ----------------------------------------------------===//

#include "aicc/Compiler/Options.h"

#include "gtest/gtest.h"

using namespace aicc;

static CommandLine parse(const std::vector<std::string> &args) {
  CommandLine line;
  std::string error;
  EXPECT_TRUE(parseCommandLine(args, line, error)) << error;
  return line;
}

TEST(Options, Defaults) {
  CommandLine line = parse({"m.onnx"});
  EXPECT_EQ(line.action, CommandLine::Action::Compile);
  EXPECT_EQ(line.request.options.modelPath, "m.onnx");
  EXPECT_EQ(line.request.options.target, "cpu");
  EXPECT_EQ(line.request.options.optLevel, 3u);
  EXPECT_EQ(line.request.emit, EmitKind::Lib);
  EXPECT_FALSE(line.json);
}

TEST(Options, ValuesAfterEqualsSignOrAsNextArgument) {
  EXPECT_EQ(parse({"m.onnx", "--target=a/b"}).request.options.target, "a/b");
  EXPECT_EQ(parse({"--target", "a/b", "m.onnx"}).request.options.target, "a/b");
  EXPECT_EQ(parse({"m.onnx", "-o", "x.so"}).request.output, "x.so");
  EXPECT_EQ(parse({"m.onnx", "-O1"}).request.options.optLevel, 1u);
  EXPECT_EQ(parse({"m.onnx", "--emit=loops"}).request.emit, EmitKind::Loops);
}

TEST(Options, ShapesOfSeveralInputs) {
  auto shapes =
      parse({"m.onnx", "--shape=input:0:1x3x224x224", "--shape", "scalar:"})
          .request.options.shapes;
  ASSERT_EQ(shapes.size(), 2u);
  EXPECT_EQ(shapes["input:0"], (std::vector<int64_t>{1, 3, 224, 224}));
  EXPECT_TRUE(shapes["scalar"].empty());
}

TEST(Options, HugeNumbersAreRefused) {
  CommandLine line;
  std::string error;
  EXPECT_FALSE(
      parseCommandLine({"m", "--shape=x:99999999999999999999"}, line, error));
  EXPECT_FALSE(parseCommandLine({"m", "--threads=99999999999"}, line, error));
}

TEST(Options, ActionsNeedNoModel) {
  EXPECT_EQ(parse({"--list-targets"}).action, CommandLine::Action::ListTargets);
  CommandLine check = parse({"--check-machine=m.yaml"});
  EXPECT_EQ(check.action, CommandLine::Action::CheckMachine);
  EXPECT_EQ(check.machineFile, "m.yaml");
}

TEST(Options, Switches) {
  EXPECT_TRUE(isSwitch("timing"));
  EXPECT_TRUE(isSwitch("v"));
  EXPECT_FALSE(isSwitch("target"));
  EXPECT_FALSE(isSwitch("no-such-option"));
}

TEST(Options, EveryStageNameParses) {
  for (Stage stage : {Stage::Onnx, Stage::Graph, Stage::Structured,
                      Stage::Mapped, Stage::Loops})
    EXPECT_EQ(parseStage(stageName(stage)), stage);
  EXPECT_EQ(parseStage("nonsense"), std::nullopt);
}

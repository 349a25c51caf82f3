//===- DiagnosticsTest.cpp ------------------------------------------------===//

#include "aicc/Support/Diagnostics.h"

#include "llvm/Support/JSON.h"
#include "gtest/gtest.h"

using namespace aicc;

static Diagnostic matmulError() {
  Diagnostic d;
  d.code = ErrorCode::Shape;
  d.file = "model.onnx";
  d.node = "head/mm";
  d.op = "MatMul";
  d.opset = 17;
  d.message = "inner dimensions differ: A is 2x3, B is 2x3";
  d.notes = {"A comes from node 'stem/relu' (Relu)"};
  d.help = "check the model";
  return d;
}

TEST(TextSink, NodeNotesAndHelp) {
  std::string text;
  llvm::raw_string_ostream os(text);
  TextDiagnosticSink sink(os);
  sink.report(matmulError());
  EXPECT_EQ(text, "model.onnx: error: node 'head/mm' (MatMul, opset 17): inner "
                  "dimensions differ: A is 2x3, B is 2x3\n"
                  "model.onnx: note: A comes from node 'stem/relu' (Relu)\n"
                  "help: check the model\n");
  EXPECT_TRUE(sink.hasErrors());
  EXPECT_EQ(sink.firstError(), ErrorCode::Shape);
}

TEST(TextSink, ControlCharactersCannotReachTheTerminal) {
  std::string text;
  llvm::raw_string_ostream os(text);
  TextDiagnosticSink sink(os);
  Diagnostic d = matmulError();
  d.node = "a\n\x1b[31mb";
  d.notes.clear();
  d.help.clear();
  sink.report(d);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("a\\x0a\\x1b[31mb"), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(TextSink, QuietKeepsErrorsOnly) {
  std::string text;
  llvm::raw_string_ostream os(text);
  TextDiagnosticSink sink(os, /*quiet=*/true);
  Diagnostic d = matmulError();
  d.severity = Severity::Warning;
  sink.report(d);
  EXPECT_EQ(text, "");
  EXPECT_FALSE(sink.hasErrors());
}

TEST(JsonSink, OneObjectALineAndValidUtf8) {
  std::string text;
  llvm::raw_string_ostream os(text);
  JsonDiagnosticSink sink(os);
  Diagnostic d = matmulError();
  d.node = "bad\xff\"utf8";
  sink.report(d);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(text);
  ASSERT_TRUE(static_cast<bool>(value));
  EXPECT_EQ(value->getAsObject()->getString("code"), "E_SHAPE");
  EXPECT_EQ(value->getAsObject()->getString("op"), "MatMul");
  EXPECT_EQ(value->getAsObject()->getInteger("opset"), 17);
}

TEST(ExitCodes, FollowTheContract) {
  EXPECT_EQ(exitCode(ErrorCode::Parse), 1);
  EXPECT_EQ(exitCode(ErrorCode::Limit), 1);
  EXPECT_EQ(exitCode(ErrorCode::Io), 1);
  EXPECT_EQ(exitCode(ErrorCode::Usage), 2);
  EXPECT_EQ(exitCode(ErrorCode::Unsupported), 3);
  EXPECT_EQ(exitCode(ErrorCode::Verify), 4);
  EXPECT_EQ(exitCode(ErrorCode::Budget), 5);
  EXPECT_EQ(exitCode(ErrorCode::Internal), 70);
}

//===- MlirDiagnosticsTest.cpp --------------------------------------------===//

#include "aicc/Support/MlirDiagnostics.h"

#include "mlir/IR/Builders.h"
#include "gtest/gtest.h"

using namespace aicc;

namespace {

class MlirDiagnosticsTest : public testing::Test {
protected:
  /// loc("head/mm"(fused<{op_type, index, opset}>["m.onnx":1:0]))
  mlir::Location nodeLoc(llvm::StringRef name) {
    mlir::Builder b(&context);
    mlir::NamedAttrList metadata;
    metadata.set("op_type", b.getStringAttr("MatMul"));
    metadata.set("index", b.getI64IntegerAttr(1));
    metadata.set("opset", b.getI64IntegerAttr(17));
    mlir::Location file = mlir::FileLineColLoc::get(&context, "m.onnx", 1, 0);
    mlir::Location fused =
        mlir::FusedLoc::get({file}, metadata.getDictionary(&context), &context);
    if (name.empty())
      return fused;
    return mlir::NameLoc::get(b.getStringAttr(name), fused);
  }

  mlir::MLIRContext context;
};

TEST_F(MlirDiagnosticsTest, OriginOfANode) {
  NodeOrigin origin = nodeOrigin(nodeLoc("head/mm"));
  EXPECT_EQ(origin.file, "m.onnx");
  EXPECT_EQ(origin.node, "head/mm");
  EXPECT_EQ(origin.op, "MatMul");
  EXPECT_EQ(origin.opset, 17);
}

TEST_F(MlirDiagnosticsTest, UnnamedNodesGoByIndex) {
  EXPECT_EQ(nodeOrigin(nodeLoc("")).node, "#1");
}

TEST_F(MlirDiagnosticsTest, FirstNodeOfAFusionWins) {
  mlir::Location both =
      mlir::FusedLoc::get(&context, {nodeLoc("a"), nodeLoc("b")});
  EXPECT_EQ(nodeOrigin(both).node, "a");
}

TEST_F(MlirDiagnosticsTest, ClassComesFromTheStageUnlessGiven) {
  CollectingDiagnosticSink sink;
  MlirDiagnosticHandler handler(&context, sink, "m.onnx");
  handler.setDefaultCode(ErrorCode::Unsupported);
  mlir::emitError(nodeLoc("a")) << "one";
  (void)(withCode(mlir::emitError(nodeLoc("b")), ErrorCode::Shape) << "two");
  mlir::emitError(mlir::UnknownLoc::get(&context)) << "three";
  ASSERT_EQ(sink.diagnostics().size(), 3u);
  EXPECT_EQ(sink.diagnostics()[0].code, ErrorCode::Unsupported);
  EXPECT_EQ(sink.diagnostics()[0].node, "a");
  EXPECT_EQ(sink.diagnostics()[1].code, ErrorCode::Shape);
  EXPECT_EQ(sink.diagnostics()[1].message, "two");
  EXPECT_EQ(sink.diagnostics()[2].code, ErrorCode::Internal);
  EXPECT_EQ(sink.diagnostics()[2].file, "m.onnx");
}

TEST_F(MlirDiagnosticsTest, NotesAreKept) {
  CollectingDiagnosticSink sink;
  MlirDiagnosticHandler handler(&context, sink, "m.onnx");
  mlir::InFlightDiagnostic d = mlir::emitError(nodeLoc("a")) << "one";
  d.attachNote() << "because";
  d.report();
  ASSERT_EQ(sink.diagnostics().size(), 1u);
  EXPECT_EQ(sink.diagnostics()[0].notes, std::vector<std::string>{"because"});
}

} // namespace

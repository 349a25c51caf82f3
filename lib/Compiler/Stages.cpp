//===- Stages.cpp - The pipeline of each stage ----------------------------===//

#include "lib/Compiler/Stages.h"

#include "aicc/Graph/Passes.h"
#include "dialects/aicc/IR/Aicc.h"
#include "dialects/onnx/Lowering/Passes.h"
#include "dialects/qnn/Transforms/Passes.h"

#include "llvm/ADT/StringSwitch.h"

using namespace aicc;

llvm::StringRef aicc::stageName(Stage stage) {
  switch (stage) {
  case Stage::Onnx:
    return "onnx";
  case Stage::Graph:
    return "graph";
  case Stage::Structured:
    return "structured";
  case Stage::Mapped:
    return "mapped";
  case Stage::Loops:
    return "loops";
  case Stage::Llvm:
    break;
  }
  return "llvm";
}

std::optional<Stage> aicc::parseStage(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Stage>>(name)
      .Case("onnx", Stage::Onnx)
      .Case("graph", Stage::Graph)
      .Case("structured", Stage::Structured)
      .Case("mapped", Stage::Mapped)
      .Case("loops", Stage::Loops)
      .Default(std::nullopt);
}

std::optional<EmitKind> aicc::parseEmitKind(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<EmitKind>>(name)
      .Case("check", EmitKind::Check)
      .Case("onnx", EmitKind::Onnx)
      .Case("graph", EmitKind::Graph)
      .Case("qdq", EmitKind::Qdq)
      .Case("structured", EmitKind::Structured)
      .Case("mapped", EmitKind::Mapped)
      .Case("report", EmitKind::Report)
      .Case("loops", EmitKind::Loops)
      .Case("llvm", EmitKind::Llvm)
      .Case("asm", EmitKind::Asm)
      .Case("obj", EmitKind::Obj)
      .Case("lib", EmitKind::Lib)
      .Case("exe", EmitKind::Exe)
      .Default(std::nullopt);
}

Stage aicc::lastStage(EmitKind kind) {
  switch (kind) {
  case EmitKind::Onnx:
    return Stage::Onnx;
  case EmitKind::Graph:
  case EmitKind::Qdq:
    return Stage::Graph;
  case EmitKind::Check: // What cannot be lowered is known by lowering it.
  case EmitKind::Structured:
    return Stage::Structured;
  case EmitKind::Mapped:
  case EmitKind::Report:
    return Stage::Mapped;
  default:
    return Stage::Loops;
  }
}

bool aicc::isMlirKind(EmitKind kind) {
  switch (kind) {
  case EmitKind::Onnx:
  case EmitKind::Graph:
  case EmitKind::Structured:
  case EmitKind::Mapped:
  case EmitKind::Loops:
    return true;
  default:
    return false;
  }
}

bool aicc::isTextKind(EmitKind kind) {
  return isMlirKind(kind) || kind == EmitKind::Report ||
         kind == EmitKind::Llvm || kind == EmitKind::Asm;
}

bool aicc::isExecutableKind(EmitKind kind) {
  return kind == EmitKind::Lib || kind == EmitKind::Exe;
}

llvm::StringRef aicc::extension(EmitKind kind) {
  switch (kind) {
  case EmitKind::Qdq:
    return ".qdq.onnx";
  case EmitKind::Report:
    return ".report.json";
  case EmitKind::Llvm:
    return ".ll";
  case EmitKind::Asm:
    return ".s";
  case EmitKind::Obj:
    return ".o";
  case EmitKind::Lib:
    return ".so";
  case EmitKind::Exe:
    return "";
  default:
    return ".mlir";
  }
}

Stage aicc::detectStage(mlir::ModuleOp module) {
  if (auto attr = module->getAttrOfType<mlir::StringAttr>(stageAttrName))
    if (std::optional<Stage> stage = parseStage(attr.getValue()))
      return *stage;
  Stage stage = Stage::Structured;
  module.walk([&](mlir::Operation *op) {
    if (op->getName().getDialectNamespace() == "onnx")
      stage = Stage::Onnx;
    else if (op->getName().getDialectNamespace() == "qnn")
      stage = Stage::Graph;
    else if (mlir::isa<RegionOp>(op))
      stage = Stage::Mapped;
    else if (mlir::isa<LaunchOp>(op))
      stage = Stage::Loops;
    else
      return mlir::WalkResult::advance();
    return mlir::WalkResult::interrupt();
  });
  return stage;
}

void aicc::buildStagePipeline(mlir::OpPassManager &pm, Stage stage,
                              const Target &target,
                              const CompileOptions &options) {
  switch (stage) {
  case Stage::Onnx:
    return;
  case Stage::Graph:
    buildGraphPipeline(pm, options);
    return qnn::buildQnnPipeline(pm, options);
  case Stage::Structured:
    return onnx::buildStructuredPipeline(pm, options);
  default:
    target.buildPipeline(pm, static_cast<Stage>(static_cast<int>(stage) - 1),
                         stage, options);
  }
}

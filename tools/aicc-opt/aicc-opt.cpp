//===- aicc-opt.cpp - mlir-opt with everything of ours --------------------===//

#include "dialects/aicc/IR/Aicc.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllPasses();
  registry.insert<aicc::AICCDialect>();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "aicc optimizer driver\n", registry));
}

//===- GraphUtils.cpp - What the graph passes share -----------------------===//

#include "GraphUtils.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace aicc::graph {

onnx::ConstantOp makeConstant(OpBuilder &builder, Location loc,
                              const ConstantTensor &tensor) {
  return onnx::ConstantOp::create(builder, loc, tensor.type(),
                                  tensor.attr("folded"));
}

void eraseDeadOperations(Block &block) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(block.getOperations()))) {
    if (isOpTriviallyDead(&op)) {
      op.erase();
      continue;
    }
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        eraseDeadOperations(inner);
  }
}

void updateFunctionType(func::FuncOp func) {
  Operation *end = func.front().getTerminator();
  func.setFunctionType(FunctionType::get(func.getContext(),
                                         func.front().getArgumentTypes(),
                                         end->getOperandTypes()));
}

} // namespace aicc::graph

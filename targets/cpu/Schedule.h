//===- Schedule.h - Which regions run in turns ------------------*- C++ -*-===//

#ifndef TARGETS_CPU_SCHEDULE_H
#define TARGETS_CPU_SCHEDULE_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Energy/Machine.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace aicc::cpu {

/// Sets `stripes` on the mapped regions of `func` that are cheaper in turns
/// than one after the other, and the cost of every region to what it takes in
/// its place in the program (docs/design/0007).
mlir::LogicalResult chooseSchedule(mlir::func::FuncOp func,
                                   const MachineDesc &machine, int workers,
                                   const Goal &goal);

} // namespace aicc::cpu

#endif // TARGETS_CPU_SCHEDULE_H

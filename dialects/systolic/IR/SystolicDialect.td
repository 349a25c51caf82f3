//===- SystolicDialect.td - The systolic dialect ----------*- tablegen -*-===//

#ifndef SYSTOLIC_DIALECT
#define SYSTOLIC_DIALECT

include "mlir/IR/OpBase.td"

def Systolic_Dialect : Dialect {
  let name = "systolic";
  let cppNamespace = "::aicc::systolic";
  let summary = "Programs for arrays of multiply-accumulators";
  let description = [{
    One operation for each instruction of the family `systolic`
    (docs/targets/systolic-isa.md), on addresses of the scratchpad, the weight
    memory and the accumulator, and `systolic.program` that holds them. The
    fields of an operation are those of the instruction; what they mean and how
    long an instruction takes is said there.

    Local addresses are written `sp[row]`, `wm[row]`, `acc[row]`, and `acc[row]+`
    for a destination that accumulates. `wait [load]` takes a token of another
    unit before the instruction starts, `signal [store]` gives one when it is
    complete.
  }];
}

#endif // SYSTOLIC_DIALECT

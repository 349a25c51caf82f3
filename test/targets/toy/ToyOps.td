//===- ToyOps.td - Instructions of the toy machine --------*- tablegen -*-===//

#ifndef TOY_OPS
#define TOY_OPS

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Toy_Dialect : Dialect {
  let name = "toy";
  let cppNamespace = "::aicc::toy";
  let summary = "Instructions of a machine that adds and multiplies";
}

class Toy_BinaryOp<string mnemonic>
    : Op<Toy_Dialect, mnemonic, [Pure, SameOperandsAndResultType]> {
  let arguments = (ins RankedTensorOf<[F32]>:$lhs, RankedTensorOf<[F32]>:$rhs);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

def Toy_AddOp : Toy_BinaryOp<"add"> {
  let summary = "Element by element sum";
}
def Toy_MulOp : Toy_BinaryOp<"mul"> {
  let summary = "Element by element product";
}

#endif // TOY_OPS

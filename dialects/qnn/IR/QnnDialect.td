//===- QnnDialect.td - The qnn dialect --------------------*- tablegen -*-===//

#ifndef DIALECTS_QNN_IR_QNNDIALECT_TD
#define DIALECTS_QNN_IR_QNNDIALECT_TD

include "mlir/IR/OpBase.td"

def Qnn_Dialect : Dialect {
  let name = "qnn";
  let cppNamespace = "::aicc::qnn";
  let summary = "Quantised operators as integer arithmetic, bit exact";
  let description = [{
    What a quantised model calculates, in integers, with one definition for all
    targets. Values are tensors of ONNX's element types: `i8` and `ui8` hold
    q of real = (q - zero point) * scale, `i32` holds sums. Shapes are static.
    Parameters are attributes: they are known when compiling, for a whole tensor
    or for each channel; where a model calculates them, its `onnx` operators
    stay.

    Sums of products wrap in 32 bits. What rounds, rounds once, half to even, in
    f32, and saturates:

    ```
    requantize(s) = saturate(roundeven(f32(s) * scale) + zero point)
    ```
  }];
}

#endif // DIALECTS_QNN_IR_QNNDIALECT_TD

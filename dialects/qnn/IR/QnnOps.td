//===- QnnOps.td - Operations of the qnn dialect ----------*- tablegen -*-===//

#ifndef DIALECTS_QNN_IR_QNNOPS_TD
#define DIALECTS_QNN_IR_QNNOPS_TD

include "dialects/qnn/IR/QnnDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Qnn_Op<string mnemonic, list<Trait> traits = []>
    : Op<Qnn_Dialect, mnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}

def Qnn_Quantized : StaticShapeTensorOf<[I8, UI8]>;
def Qnn_Sums : StaticShapeTensorOf<[I32]>;

def Qnn_Zero : DefaultValuedAttr<I64Attr, "0">;
def Qnn_List : DefaultValuedAttr<DenseI64ArrayAttr, "{}">;

def Qnn_ConvOp : Qnn_Op<"conv"> {
  let summary = "a convolution of quantised tensors, as sums";
  let description = [{
    y = sum((x - x_zero_point) * (w - w_zero_points)) + bias, in i32. x is
    N x C x spatial, w is M x C/group x kernel, bias one value for each of the M
    output channels. `pads` are the low, then the high paddings of each spatial
    dimension; what is padded counts as x_zero_point, so as 0. `w_zero_points`:
    none (0), one, or one for each output channel.

    ```mlir
    %y = qnn.conv %x, %w, %b {pads = array<i64: 1, 1, 1, 1>, x_zero_point = 128 : i64}
        : (tensor<1x3x8x8xui8>, tensor<16x3x3x3xi8>, tensor<16xi32>) -> tensor<1x16x8x8xi32>
    ```
  }];
  let arguments = (ins Qnn_Quantized:$x, Qnn_Quantized:$w,
    Optional<Qnn_Sums>:$bias, Qnn_List:$strides, Qnn_List:$pads,
    Qnn_List:$dilations, DefaultValuedAttr<I64Attr, "1">:$group,
    Qnn_Zero:$x_zero_point, Qnn_List:$w_zero_points);
  let results = (outs Qnn_Sums:$y);
  let assemblyFormat = [{
    $x `,` $w (`,` $bias^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Qnn_MatMulOp : Qnn_Op<"matmul"> {
  let summary = "a product of quantised matrices, as sums";
  let description = [{
    y = sum over k of (a - a_zero_point) * (b - b_zero_points) + bias, in i32. a
    is ... x M x K, b is ... x K x N; stacks broadcast as NumPy's matmul does.
    bias has one value for each of the N columns. `b_zero_points`: none (0),
    one, or one for each column.

    ```mlir
    %y = qnn.matmul %a, %b {a_zero_point = 3 : i64}
        : (tensor<4x64xui8>, tensor<64x10xi8>) -> tensor<4x10xi32>
    ```
  }];
  let arguments = (ins Qnn_Quantized:$a, Qnn_Quantized:$b,
    Optional<Qnn_Sums>:$bias, Qnn_Zero:$a_zero_point, Qnn_List:$b_zero_points);
  let results = (outs Qnn_Sums:$y);
  let assemblyFormat = [{
    $a `,` $b (`,` $bias^)? attr-dict `:` functional-type(operands, results)
  }];
}

def Qnn_MulOp : Qnn_Op<"mul"> {
  let summary = "products of the elements of two quantised tensors";
  let description = [{
    y = (a - a_zero_point) * (b - b_zero_point) in i32; shapes broadcast.

    ```mlir
    %y = qnn.mul %a, %b {a_zero_point = -3 : i64}
        : (tensor<1x8x4x4xi8>, tensor<1x8x1x1xi8>) -> tensor<1x8x4x4xi32>
    ```
  }];
  let arguments = (ins Qnn_Quantized:$a, Qnn_Quantized:$b,
    Qnn_Zero:$a_zero_point, Qnn_Zero:$b_zero_point);
  let results = (outs Qnn_Sums:$y);
  let assemblyFormat = [{
    $a `,` $b attr-dict `:` functional-type(operands, results)
  }];
}

def Qnn_SumPoolOp : Qnn_Op<"sum_pool"> {
  let summary = "sums over windows of a quantised tensor";
  let description = [{
    y = sum(x - x_zero_point) over each window, in i32: an average pool without
    its division, which is part of the scale. x is N x C x spatial; `kernel` has
    one size for each spatial dimension, `pads` are as those of `qnn.conv`.

    ```mlir
    %y = qnn.sum_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>}
        : (tensor<1x8x4x4xui8>) -> tensor<1x8x2x2xi32>
    ```
  }];
  let arguments = (ins Qnn_Quantized:$x, DenseI64ArrayAttr:$kernel,
    Qnn_List:$strides, Qnn_List:$pads, Qnn_Zero:$x_zero_point);
  let results = (outs Qnn_Sums:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

def Qnn_RequantizeOp : Qnn_Op<"requantize"> {
  let summary = "sums to quantised values of another scale";
  let description = [{
    y = min(max(roundeven(f32(x) * scale) + zero_point, low), high). `scales`:
    one f32, or one for each position of `axis`: the scales of the factors
    multiplied, in f32, then divided by the scale of the result. `low` and
    `high` are those of the result's type unless they are narrower: a Relu or a
    Clip is part of the rounding.

    ```mlir
    %y = qnn.requantize %s {scales = array<f32: 0.0125>, zero_point = -128 : i64}
        : (tensor<4x10xi32>) -> tensor<4x10xi8>
    ```
  }];
  let arguments = (ins Qnn_Sums:$x, DenseF32ArrayAttr:$scales, Qnn_Zero:$axis,
    Qnn_Zero:$zero_point, OptionalAttr<I64Attr>:$low,
    OptionalAttr<I64Attr>:$high);
  let results = (outs Qnn_Quantized:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

def Qnn_AddOp : Qnn_Op<"add"> {
  let summary = "the sum of two quantised tensors, quantised";
  let description = [{
    y = min(max(roundeven(fma(f32(a - a_zero_point), a_scale,
    f32(b - b_zero_point) * b_scale)) + zero_point, low), high). The scales are
    relative to that of the result; the fused multiply-add rounds once, so that
    the result is the same on every machine. Shapes broadcast; `low` and `high`
    are as those of `qnn.requantize`.

    ```mlir
    %y = qnn.add %a, %b {a_scale = 0.5 : f32, b_scale = 1.25 : f32, zero_point = 7 : i64}
        : (tensor<1x8x4x4xi8>, tensor<1x8x4x4xi8>) -> tensor<1x8x4x4xi8>
    ```
  }];
  let arguments = (ins Qnn_Quantized:$a, Qnn_Quantized:$b, F32Attr:$a_scale,
    F32Attr:$b_scale, Qnn_Zero:$a_zero_point, Qnn_Zero:$b_zero_point,
    Qnn_Zero:$zero_point, OptionalAttr<I64Attr>:$low,
    OptionalAttr<I64Attr>:$high);
  let results = (outs Qnn_Quantized:$y);
  let assemblyFormat = [{
    $a `,` $b attr-dict `:` functional-type(operands, results)
  }];
}

def Qnn_LookupOp : Qnn_Op<"lookup"> {
  let summary = "any function of one quantised value";
  let description = [{
    y = table[x - lowest value of x's type]: what the operators between a
    dequantisation and a quantisation give for each of the 256 values.

    ```mlir
    %y = qnn.lookup %x {table = dense<5> : tensor<256xi8>}
        : (tensor<1x8xui8>) -> tensor<1x8xi8>
    ```
  }];
  let arguments = (ins Qnn_Quantized:$x, ElementsAttr:$table);
  let results = (outs Qnn_Quantized:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}

#endif // DIALECTS_QNN_IR_QNNOPS_TD

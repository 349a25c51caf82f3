//===- Passes.td - Passes of the graph stage ------------------------------===//
//
// They work on the onnx dialect. `aicc-graph-pipeline` runs them in the order
// fold, select, CSE, simplify, require-static.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_GRAPH_PASSES_TD
#define AICC_GRAPH_PASSES_TD

include "mlir/Pass/PassBase.td"

def FoldConstantsPass : Pass<"onnx-fold-constants", "::mlir::func::FuncOp"> {
  let summary = "evaluate constant operations and refine static shapes";
  let description = [{
    Visits every operation once, in order: infers its result shapes from those
    of its operands and from constants, then evaluates it if its operands are
    constant. So shapes that a model calculates (`Shape`, `Gather`, `Concat`,
    `Reshape` ...) are static afterwards, if the inputs' are. An `If` with a
    constant condition is replaced by its branch, a `Loop` that never runs by
    its initial values. Loops are never run here.

    ```mlir
    // before, %x : tensor<1x4x8xf32>
    %s = onnx.Shape %x : (tensor<1x4x8xf32>) -> tensor<3xi64>
    %n = onnx.Constant dense<0> : tensor<i64>
    %d = onnx.Gather %s, %n : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
    %u = onnx.Unsqueeze %d, %axis : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
    %t = onnx.Concat %u, %minus1 {axis = 0 : i64}
        : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
    %y = onnx.Reshape %x, %t
        : (tensor<1x4x8xf32>, tensor<2xi64>) -> tensor<?x?xf32>
    // after
    %t = onnx.Constant dense<[1, -1]> : tensor<2xi64>
    %y = onnx.Reshape %x, %t
        : (tensor<1x4x8xf32>, tensor<2xi64>) -> tensor<1x32xf32>
    ```

    A result larger than `max-bytes`, or any once `max-total-bytes` are spent,
    leaves its operation in place. Results that cost nothing (splats, other
    shapes of the same elements) are always made. Errors of class E_SHAPE name
    the node whose shapes do not fit.
  }];
  let options = [
    Option<"maxBytes", "max-bytes", "int64_t", "int64_t(64) << 20",
           "bytes of one folded constant">,
    Option<"maxTotalBytes", "max-total-bytes", "int64_t", "int64_t(1) << 30",
           "bytes of all folded constants, kept or not">
  ];
  let statistics = [
    Statistic<"numFolded", "folded", "operations evaluated">
  ];
  let dependentDialects = ["::aicc::onnx::OnnxDialect"];
}

def SelectBranchesPass
    : Pass<"onnx-select-branches", "::mlir::func::FuncOp"> {
  let summary = "run both branches of an If and select";
  let description = [{
    An `If` whose condition is not known, whose branches run whatever the
    condition, and whose results have the same static type in both, becomes
    both branches and a selection of each result:

    ```mlir
    // before
    %y = onnx.If %c : (tensor<i1>) -> tensor<4xf32> {
      %a = onnx.Relu %x : (tensor<4xf32>) -> tensor<4xf32>
      onnx.Return %a : tensor<4xf32>
    }, {
      onnx.Return %x : tensor<4xf32>
    }
    // after
    %a = onnx.Relu %x : (tensor<4xf32>) -> tensor<4xf32>
    %y = onnx.Where %c, %a, %x
        : (tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::aicc::onnx::OnnxDialect"];
}

def SimplifyPass : Pass<"onnx-simplify", "::mlir::func::FuncOp"> {
  let summary = "algebraic clean-up of the graph";
  let description = [{
    Removes what computes nothing and folds what constants allow:
    `BatchNormalization` and per-channel `Mul`/`Add` into the weights of the
    `Conv` or `Gemm` before and of the `Conv` after, `BatchNormalization` elsewhere into one `Mul` and
    one `Add`; `Identity`, inference `Dropout`, `Reshape`, `Transpose`, `Cast`,
    `Pad`, `Slice`, `Expand` that change nothing; runs of `Transpose` and of
    `Reshape`; `x * 1`, `x + 0`; division by powers of two; decomposed layer
    normalisation and hard-swish; leaky ReLU written as `Max(x, a * x)`. New
    weights are calculated in double precision and rounded once.

    ```mlir
    // before
    %y = onnx.Conv %x, %w, %none : ... -> tensor<1x8x4x4xf32>
    %z = onnx.BatchNormalization %y, %scale, %bias, %mean, %var : ...
    // after
    %z = onnx.Conv %x, %w1, %b1 : ... -> tensor<1x8x4x4xf32>
    ```

    Under `strict-fp` only those rewrites are made that change no result by a
    bit.
  }];
  let options = [
    Option<"strictFp", "strict-fp", "bool", "false",
           "keep every rounding of the model">
  ];
  let statistics = [
    Statistic<"numRewrites", "rewrites", "rewrites applied">
  ];
  let dependentDialects = ["::aicc::onnx::OnnxDialect"];
}

def RequireStaticPass : Pass<"onnx-require-static", "::mlir::ModuleOp"> {
  let summary = "report shapes that are still dynamic";
  let description = [{
    Each dynamic dimension of a model input is an error of class E_UNSUPPORTED
    that names the input, the dimension and the flag that fixes it:
    ```
    model.onnx: error: dimension 0 ('batch') of input 'x' (?x3x224x224) is dynamic
    help: fix it with --shape=x:<batch>x3x224x224
    ```
    If all inputs are static, the first operations with dynamic results are
    reported instead: their shapes depend on data. The types of the function's
    results are those of what it returns, before and after.
  }];
  let options = [
    Option<"maxElements", "max-elements", "int64_t", "int64_t(1) << 36",
           "elements of one tensor; more is an error of class E_LIMIT">
  ];
}

#endif // AICC_GRAPH_PASSES_TD

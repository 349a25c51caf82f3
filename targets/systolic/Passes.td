//===- Passes.td - Passes of the systolic target ----------*- tablegen -*-===//

#ifndef TARGETS_SYSTOLIC_PASSES
#define TARGETS_SYSTOLIC_PASSES

include "mlir/Pass/PassBase.td"

def SystolicSplitGroupsPass : Pass<"systolic-split-groups", "::mlir::func::FuncOp"> {
  let summary = "End groups where the array's results leave it";
  let description = [{
    The array's store unit turns sums of bytes' products into bytes again
    (docs/design/0008-qnn.md, the canonical form) and does nothing after that.
    A group that goes on, with a residual addition or in real numbers, is cut
    in two: behind the first bytes, or where there are none, behind the sums.
    The vector unit pools the bytes of one tensor or joins those of two and then
    leaves bytes, too: groups of these are cut behind the first bytes. What
    computes bytes from one tensor elementwise is a table, however long it is,
    and stays whole, as do groups of other roots and of products in which the
    columns of the array would each need inputs of their own (depthwise).

    Before:
    ```mlir
    %0 = aicc.region ins(%x, %w, %r : ...) { product; requantize; add %r } -> tensor<64x64xi8>
    ```
    After:
    ```mlir
    %0 = aicc.region ins(%x, %w : ...) { product; requantize } -> tensor<64x64xi8>
    %1 = aicc.region ins(%0, %r : ...) { add } -> tensor<64x64xi8>
    ```
  }];
  let dependentDialects = ["::aicc::AICCDialect"];
}

def SystolicCheckHostPass : Pass<"systolic-check-host", "::mlir::func::FuncOp"> {
  let summary = "Refuse models that the array has no part in";
  let description = [{
    Changes nothing. If the array runs no region at all (none has a `machine`),
    that is an error, which says what its products have to look like. With
    `no-fallback` every region that `aicc-map-spatial` left to the host is an
    error with its reason.

    Before and after:
    ```mlir
    %1 = aicc.region ins(%0 : tensor<64xf32>) attributes {
        aicc.placement = "host: the array sums products ...; not priced", layouts = [...]} { ... }
    ```
    With `no-fallback`: `stays with the host: the array sums products ...`.
  }];
  let options = [
    Option<"machineName", "machine", "std::string",
           /*default=*/"\"systolic/gemmini16\"", "FAMILY/MACHINE or FILE.yaml of the array">,
    Option<"noFallback", "no-fallback", "bool", /*default=*/"false",
           "Regions on the host are errors">
  ];
}

def SystolicEmbedProgramsPass : Pass<"systolic-embed-programs", "::mlir::ModuleOp"> {
  let summary = "Encode the device programs of a module";
  let description = [{
    Each `systolic.program` becomes an entry of one device program for
    `machine`, which is kept in the attributes `aicc.device_family` and
    `aicc.device_program` of the module, in the order of the module; the
    `aicc.offload`s get the number of their entry. The operations disappear.

    Before:
    ```mlir
    systolic.program @p0 segments 3 { ... }
    func.func @main(...) {
      aicc.offload @p0 entry 0 (%x, %w, %y) writes [2] : ...
    }
    ```
    After:
    ```mlir
    module attributes {aicc.device_family = "systolic", aicc.device_program = array<i8: 65, ...>} {
      func.func @main(...) {
        aicc.offload @p0 entry 0 (%x, %w, %y) writes [2] : ...
      }
    }
    ```
  }];
  let options = [
    Option<"machineName", "machine", "std::string",
           /*default=*/"\"systolic/gemmini16\"", "FAMILY/MACHINE or FILE.yaml">
  ];
}

#endif // TARGETS_SYSTOLIC_PASSES

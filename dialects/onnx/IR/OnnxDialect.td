//===- OnnxDialect.td - The onnx dialect: types and base classes ----------===//
//
// The operations themselves are generated at build time from the schemas of
// the ONNX library (ODSGen/onnx-ods-gen.cpp); this file holds what they stand
// on, and the few operations that ONNX has no schema for.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_ONNX_IR_ONNXDIALECT_TD
#define DIALECTS_ONNX_IR_ONNXDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def OnnxDialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::aicc::onnx";
  let summary = "ONNX operators, newest opset, on tensors";
  let description = [{
    Every operator of the newest `ai.onnx` opset, as `onnx.Conv`, and of
    `ai.onnx.ml`, as `onnx.ml.Scaler`, with ONNX's own names for operands,
    results and attributes.

    - Tensors are builtin tensors. Element types are signless for ONNX's `int*`
      (`i8` .. `i64`), unsigned for `uint*` (`ui8` ..), `i1` for `bool`,
      `!onnx.string` for `string`.
    - Every formal operand has a position. An absent optional operand is the
      result of `onnx.NoValue`, an absent optional result has type `none`.
    - Attributes with a default in ONNX have it here, so their getters always
      answer. Graph attributes are regions that end in `onnx.Return` and may
      use values from outside.
    - The data of large constants are resources that point into the mapped
      model file.
  }];
  let useDefaultTypePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

class OnnxType<string name, string typeMnemonic> : TypeDef<OnnxDialect, name> {
  let mnemonic = typeMnemonic;
}

def Onnx_StringType : OnnxType<"String", "string"> {
  let summary = "element type of string tensors";
}

def Onnx_SeqType : OnnxType<"Seq", "seq"> {
  let summary = "a sequence of values of one type";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def Onnx_OptType : OnnxType<"Opt", "optional"> {
  let summary = "a value or none";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def Onnx_MapType : OnnxType<"Map", "map"> {
  let summary = "a map from scalars to values of one type";
  let parameters = (ins "::mlir::Type":$keyType, "::mlir::Type":$valueType);
  let assemblyFormat = "`<` $keyType `,` $valueType `>`";
}

/// A value of one of the ONNX types that a schema allows. The masks have one
/// bit an element type (enum class ElementKind in OnnxTypes.h): for tensors,
/// sequences of tensors, optional tensors, optional sequences of tensors.
class OnnxTypeIn<string tensors, string seqs, string opts, string optSeqs,
                 bit maps, bit none, string text>
    : Type<CPred<"::aicc::onnx::isTypeIn($_self, {" # tensors # "ULL, " # seqs
                 # "ULL, " # opts # "ULL, " # optSeqs # "ULL, "
                 # !if(maps, "true", "false") # ", "
                 # !if(none, "true", "false") # "})">, text>;

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// Checks what ODS cannot say: values that share a type variable have one
/// element type, variadic groups have their minimum size, regions end in
/// onnx.Return.
def OnnxNode : NativeOpTrait<"OnnxNode"> {
  let cppNamespace = "::aicc::onnx";
}

class OnnxOp<string mnemonic, list<Trait> traits = []>
    : Op<OnnxDialect, mnemonic, traits>;

def Onnx_NoValueOp : OnnxOp<"NoValue", [Pure, ConstantLike]> {
  let summary = "stands for an absent optional operand";
  let description = [{
    Keeps the position of every formal operand fixed:
    ```mlir
    %none = onnx.NoValue : none
    ```
  }];
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasFolder = 1;
  let builders = [OpBuilder<(ins), [{
    $_state.addTypes($_builder.getNoneType());
  }]>];
}

def Onnx_ReturnOp : OnnxOp<"Return", [Pure, ReturnLike, Terminator]> {
  let summary = "the outputs of a sub-graph";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

def Onnx_ConstantOp
    : OnnxOp<"Constant", [Pure, ConstantLike,
                          AllTypesMatch<["value", "output"]>]> {
  let summary = "a constant tensor";
  let description = [{
    The importer turns every form of ONNX's `Constant` (and initialisers) into
    this one: `value` holds the elements, as a resource that points into the
    model file where they are large.
    ```mlir
    %0 = onnx.Constant dense<[2, -1]> : tensor<2xi64>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyTensor:$output);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value), [{
    build($_builder, $_state, value.getType(), value);
  }]>];
}

#endif // DIALECTS_ONNX_IR_ONNXDIALECT_TD

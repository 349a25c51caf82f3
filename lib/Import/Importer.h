//===- Importer.h - What the steps of the import share ----------*- C++ -*-===//
//
// The steps, in order (Import.cpp): open and scan the file, parse it, check
// the header, tensors and graphs (CheckModel, Tensors, CheckGraph), inline
// model-local functions (Functions), then node by node check and infer types
// (Infer, CheckNode*), and build the module (Build, Upgrade).
//
// These files are built with exceptions, because the ONNX library throws; a
// step that refuses the model throws `Refusal`.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_IMPORT_IMPORTER_H
#define AICC_LIB_IMPORT_IMPORTER_H

#include "WireScanner.h"

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Support/Diagnostics.h"
#include "aicc/Support/MappedFile.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "onnx/defs/schema.h"
#include "onnx/onnx_pb.h"

namespace aicc::import {

/// Thrown to refuse the model, with what to report.
struct Refusal {
  std::vector<Diagnostic> diagnostics;
};

/// A node with what a message about it needs.
struct NodeRef {
  const ::onnx::NodeProto &node;
  int64_t index; ///< In its graph.
  int64_t opset; ///< Version of its domain that the model imports.

  /// Name for users: "#<index>" where the node has none.
  std::string name() const {
    return node.name().empty() ? "#" + std::to_string(index) : node.name();
  }
  /// Op type, with its domain unless that is ai.onnx.
  std::string op() const {
    return node.domain().empty() ? node.op_type()
                                 : node.domain() + "." + node.op_type();
  }
};

/// An error about `node`.
Diagnostic nodeDiagnostic(const NodeRef &node, ErrorCode code,
                          const llvm::Twine &message,
                          const llvm::Twine &help = "");

[[noreturn]] void refuse(ErrorCode code, const llvm::Twine &message,
                         const llvm::Twine &help = "");
[[noreturn]] void refuse(const NodeRef &node, ErrorCode code,
                         const llvm::Twine &message,
                         const llvm::Twine &help = "");

/// Versions of the operator sets, by domain ("" is ai.onnx).
using Opsets = std::map<std::string, int64_t>;

/// Types of the values of one graph, sub-graphs apart.
using ValueTypes = std::unordered_map<std::string, ::onnx::TypeProto>;

/// One model on its way through the steps.
struct Importer {
  const CompileOptions &options;
  DiagnosticSink &sink;
  std::shared_ptr<MappedFile> file;
  std::string folder; ///< Of the model: where external data lie.
  std::vector<CutTensor> cuts;
  ::onnx::ModelProto model;
  Opsets opsets;
  /// External data files that are open, by location.
  std::map<std::string, std::shared_ptr<MappedFile>> externals;
  /// Inferred types by graph.
  std::unordered_map<const ::onnx::GraphProto *, ValueTypes> types;
  /// Whether an operator of a domain is computed as it is; the others are
  /// their function bodies, where they have one.
  std::function<bool(const ::onnx::NodeProto &)> isLowered;
  /// Those bodies.
  std::unordered_map<const ::onnx::NodeProto *, ::onnx::GraphProto> bodies;
  /// What is built in the place of a node: the branch of an If whose condition
  /// is known, or a body.
  std::unordered_map<const ::onnx::NodeProto *, const ::onnx::GraphProto *>
      takenBranches;
  int64_t numResources = 0; ///< Large constants so far.
  int64_t numNodes = 0;     ///< So far, sub-graphs included.

  const Limits &limits() const { return options.limits; }
};

//===----------------------------------------------------------------------===//
// Values.cpp
//===----------------------------------------------------------------------===//

/// Makes initialisers of the inputs that `--value` fixes.
void bindValues(Importer &importer);

//===----------------------------------------------------------------------===//
// Tensors.cpp
//===----------------------------------------------------------------------===//

/// Elements of a tensor in the layout of raw_data: row-major, little-endian,
/// sub-byte types packed.
struct TensorBytes {
  llvm::ArrayRef<uint8_t> bytes;
  std::shared_ptr<const void> owner; ///< Keeps `bytes` alive.
};

/// Bits of one element of type `dataType` in raw_data; 0: string or unknown.
unsigned elementBits(int32_t dataType);
/// Name of a TensorProto.DataType in messages: "float", "int64" ...
std::string dataTypeName(int32_t dataType);
/// Number of elements for `dims`; refuses negative sizes, and products beyond
/// 64 bits or the limit, for the tensor that `what` names.
int64_t countElements(Importer &importer, llvm::ArrayRef<int64_t> dims,
                      const llvm::Twine &what, ErrorCode overflow);
/// Checks type, shape and data of `tensor`, opens its external data, and
/// moves external data of at most 1 KiB into it. `node`: null for
/// initialisers.
void checkTensor(Importer &importer, ::onnx::TensorProto &tensor,
                 const NodeRef *node);
void checkSparseTensor(Importer &importer, ::onnx::SparseTensorProto &tensor,
                       const NodeRef *node);
/// The data of a tensor that `checkTensor` has accepted (not of strings).
TensorBytes tensorBytes(Importer &importer, const ::onnx::TensorProto &tensor);
/// True if the data are in the file or beside it, not in the message.
bool isCut(const ::onnx::TensorProto &tensor);
/// The elements of a small integer tensor; none for other types, or data that
/// are not in the message.
std::optional<std::vector<int64_t>>
smallInts(const ::onnx::TensorProto &tensor);
/// The same for float, double and the integers.
std::optional<std::vector<double>>
smallFloats(const ::onnx::TensorProto &tensor);

//===----------------------------------------------------------------------===//
// CheckModel.cpp, CheckGraph.cpp
//===----------------------------------------------------------------------===//

/// Checks the header, fills `importer.opsets`.
void checkHeader(Importer &importer);
/// Checks operator set imports; `who` is the model or a function.
Opsets
checkOpsets(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto>
                &imports,
            const llvm::Twine &who);

/// Checks the graph and the bodies of the functions: names, order, arity,
/// attributes against the schemas, tensors, nesting, number of nodes. Refuses
/// with all operators that do not exist at once.
void checkGraphs(Importer &importer);

/// The schema of a node at its opset; null if there is none.
const ::onnx::OpSchema *findSchema(const NodeRef &node);
/// Key of a node or function for look-ups: domain, name, overload.
std::string functionKey(const std::string &domain, const std::string &name,
                        const std::string &overload);
/// Checks a node against its schema: number of inputs and outputs, required
/// ones, attributes.
void checkAgainstSchema(const NodeRef &node, const ::onnx::OpSchema &schema,
                        bool inFunction);

//===----------------------------------------------------------------------===//
// CheckContrib.cpp
//===----------------------------------------------------------------------===//

/// Checks the attributes of operators outside of ONNX that are known but not
/// compiled, so that a broken model is called broken, not unsupported.
void checkContribOperator(Importer &importer, const NodeRef &node);

//===----------------------------------------------------------------------===//
// Functions.cpp
//===----------------------------------------------------------------------===//

/// Checks the model's own functions and inlines them under limits.
void inlineFunctions(Importer &importer);

} // namespace aicc::import

#endif // AICC_LIB_IMPORT_IMPORTER_H

//===- Infer.h - Types and shapes, node by node -----------------*- C++ -*-===//

#ifndef AICC_LIB_IMPORT_INFER_H
#define AICC_LIB_IMPORT_INFER_H

#include "Importer.h"

#include <deque>
#include <optional>

namespace aicc::import {

/// What is known of the values of a graph while it is walked.
struct InferScope {
  InferScope *outer;
  ValueTypes *types;
  std::unordered_map<std::string, const ::onnx::TensorProto *> constants;
  /// Integers of which some are known: ONNX's form of partial values.
  std::unordered_map<std::string, ::onnx::TensorShapeProto> partial;

  const ::onnx::TypeProto *type(const std::string &name) const;
  const ::onnx::TensorProto *constant(const std::string &name) const;
};

/// A node with what is known of its inputs, as the checks see it.
struct NodeView {
  const NodeRef &ref;
  const ::onnx::OpSchema &schema;
  std::vector<const ::onnx::TypeProto *> inputs;      ///< Null: absent/unknown.
  std::vector<const ::onnx::TensorProto *> constants; ///< Null: not known.

  bool has(unsigned i) const {
    return i < inputs.size() && inputs[i] != nullptr;
  }
  /// Rank of input `i` if it is known.
  std::optional<int64_t> rank(unsigned i) const;
  /// Size of a dimension of input `i` (negative: from the end) if known.
  std::optional<int64_t> dim(unsigned i, int64_t d) const;
  /// The shape of input `i` if all of it is known.
  std::optional<std::vector<int64_t>> shape(unsigned i) const;
  /// Known value of an integer input.
  std::optional<std::vector<int64_t>> ints(unsigned i) const;
  std::optional<std::vector<double>> floats(unsigned i) const;

  const ::onnx::AttributeProto *attr(const char *name) const;
  /// Value of an attribute, or its default.
  int64_t intAttr(const char *name, int64_t otherwise) const;
  std::string stringAttr(const char *name, const char *otherwise) const;
  /// Null if it is absent.
  std::optional<std::vector<int64_t>> intsAttr(const char *name) const;

  /// "2x3x?" for messages; "unknown" without a rank.
  std::string shapeText(unsigned i) const;

  [[noreturn]] void fail(ErrorCode code, const llvm::Twine &message) const {
    refuse(ref, code, message);
  }
};

/// Checks what the schema and ONNX's own inference do not (CheckNode*.cpp).
void checkNode(Importer &importer, const NodeView &node);

/// The value of a node whose inputs are small constants and whose result has
/// type `result`; none if it is not one of the operators that compute shapes,
/// or not known (Fold.cpp).
std::optional<::onnx::TensorProto> foldNode(const NodeView &node,
                                            const ::onnx::TypeProto &result);

/// The function body of the node's operator as a graph, with the attributes of
/// the node; an output that the node leaves out has no name. None if ONNX
/// defines none (Expand.cpp).
std::optional<::onnx::GraphProto> functionBody(const NodeView &node);
/// The operator sets that the body of a node's operator is written in.
Opsets opsetsOfBody(const Importer &importer, const ::onnx::NodeProto &node);

/// Infers the types of all values, into `importer.types`; applies `--shape`.
void inferTypes(Importer &importer);

/// What stands for the node: the branch of an If whose condition is known, the
/// body of an operator that is expanded, else null.
const ::onnx::GraphProto *takenBranch(const Importer &importer,
                                      const ::onnx::NodeProto &node);

} // namespace aicc::import

#endif // AICC_LIB_IMPORT_INFER_H

//===- Contrib.h - Operators of com.microsoft -------------------*- C++ -*-===//
//
// Operators that ONNX Runtime's tools fuse or quantise models into. Each is
// defined here by operators of ONNX, from its description in ONNX Runtime's
// docs/ContribOperators.md, so that both spellings of a model give the same
// code. Registered with the ONNX library as schemas with a function body.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_IMPORT_CONTRIB_H
#define AICC_LIB_IMPORT_CONTRIB_H

#include "onnx/defs/function.h"
#include "onnx/defs/schema.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace aicc::import {

constexpr char kContribDomain[] = "com.microsoft";
/// The operator set of ai.onnx that the bodies are written in.
constexpr int kContribBodyOpset = 23;

/// A node that becomes its operator's body.
class ContribCall {
public:
  ContribCall(const ::onnx::FunctionBodyBuildContext &context)
      : context(context) {}

  bool has(int input) const { return input >= 0 && context.hasInput(input); }
  /// Shapes that the body depends on; throws if they are not known.
  int64_t rank(int input) const;
  int64_t dim(int input, int64_t axis) const;
  /// Whether an input is of unsigned bytes.
  bool isBytes(int input) const;
  int64_t integer(const char *name, int64_t otherwise) const;
  double number(const char *name, double otherwise) const;
  std::string string(const char *name, const char *otherwise) const;
  std::vector<int64_t> integers(const char *name) const;
  std::vector<double> numbers(const char *name) const;
  /// Throws, with what is not compiled.
  [[noreturn]] static void refuse(const std::string &what);
  void refuseInput(int input, const char *what) const {
    if (has(input))
      refuse(what);
  }
  void refuseOutput(int output, const char *what) const {
    if (context.hasOutput(output))
      refuse(what);
  }
  void refuseAttribute(const char *name) const;
  void refuseUnless(const char *attribute, int64_t only) const;

private:
  const ::onnx::FunctionBodyBuildContext &context;
};

/// One operator. Formals are separated by blanks, in the order of the
/// description; `required` inputs must be given.
struct ContribOperator {
  const char *name;
  int required;
  const char *inputs;
  const char *outputs;
  /// "alpha:f": a name, and i, f, s, or I, F, S for several of them.
  const char *attributes;
  /// Nodes in ONNX's textual syntax that make the outputs of the inputs;
  /// inputs that are left out may be named.
  std::string (*body)(const ContribCall &call);
};

/// A float that the parser of ONNX's syntax takes for one.
std::string literal(double value);
/// `to` is input `from`, with its last two dimensions exchanged if `isWanted`.
std::string transposed(const ContribCall &call, int input, const char *from,
                       const char *to, bool isWanted);
/// Y of Q, K and V, each [batch, length, heads x size], with what the node has
/// of a mask of `keys` keys (numbers of keys, or which ones) and a bias, by
/// the numbers of their inputs.
std::string attend(const ContribCall &call, int mask, const char *maskName,
                   int bias, int64_t keys);

llvm::ArrayRef<ContribOperator> contribFloatOperators();
llvm::ArrayRef<ContribOperator> contribQuantizedOperators();

/// Once for the process.
void registerContribOperators();

} // namespace aicc::import

#endif // AICC_LIB_IMPORT_CONTRIB_H

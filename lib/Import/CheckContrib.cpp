//===- CheckContrib.cpp - Operators outside of ONNX -----------------------===//

#include "Importer.h"

#include "llvm/Support/MathExtras.h"

#include <optional>

using namespace aicc;
using namespace aicc::import;

static std::optional<int64_t> intAttr(const NodeRef &ref, const char *name) {
  for (const auto &attr : ref.node.attribute())
    if (attr.name() == name)
      return attr.i();
  return std::nullopt;
}

/// com.microsoft.MatMulNBits: A [.., K], B [N, ceil(K / block), bytes].
static void checkMatMulNBits(Importer &importer, const NodeRef &ref) {
  int64_t bits = intAttr(ref, "bits").value_or(4);
  if (bits < 1 || bits > 8)
    refuse(ref, ErrorCode::Attr,
           "attribute 'bits' must be from 1 to 8, found " + llvm::Twine(bits));
  int64_t block = intAttr(ref, "block_size").value_or(0);
  if (block < 16 || !llvm::isPowerOf2_64(block))
    refuse(ref, ErrorCode::Attr,
           "attribute 'block_size' must be a power of two from 16, found " +
               llvm::Twine(block));
  int64_t k = intAttr(ref, "K").value_or(0), n = intAttr(ref, "N").value_or(0);
  if (k < 1 || n < 1)
    refuse(ref, ErrorCode::Attr, "attributes 'K' and 'N' must be positive");
  if (ref.node.input_size() < 2)
    return;
  for (const auto &tensor : importer.model.graph().initializer()) {
    if (tensor.name() != ref.node.input(1) || tensor.dims_size() < 2)
      continue;
    int64_t blocks = (k - 1) / block + 1;
    if (tensor.dims(0) != n || tensor.dims(1) != blocks)
      refuse(ref, ErrorCode::Shape,
             "B is " + llvm::Twine(tensor.dims(0)) + "x" +
                 llvm::Twine(tensor.dims(1)) + " blocks where K and N need " +
                 llvm::Twine(n) + "x" + llvm::Twine(blocks));
  }
}

void import::checkContribOperator(Importer &importer, const NodeRef &ref) {
  if (ref.node.domain() == "com.microsoft" &&
      ref.node.op_type() == "MatMulNBits")
    checkMatMulNBits(importer, ref);
}

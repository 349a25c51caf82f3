#include "Infer.h"
using namespace aicc;
using namespace aicc::import;
std::optional<::onnx::TensorProto> import::foldNode(const NodeView &node) {
  return std::nullopt;
}

//===- CheckNode.h - Checks of nodes by operator ----------------*- C++ -*-===//
//
// What ONNX's schemas and inference functions do not check, or report as an
// error of another class. One function for each family of operators, in
// CheckNode*.cpp; CheckNode.cpp has the table.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_LIB_IMPORT_CHECKNODE_H
#define AICC_LIB_IMPORT_CHECKNODE_H

#include "Infer.h"

namespace aicc::import {

/// Sizes in attributes beyond this are refused: no tensor is that large, and
/// sums of a few of them cannot overflow.
constexpr int64_t kMaxSize = int64_t(1) << 31;

/// Refuses `axis`, of attribute or input `what`, outside of [low, high].
void checkAxis(const NodeView &node, int64_t axis, int64_t low, int64_t high,
               ErrorCode code, const llvm::Twine &what);
/// Refuses dimension `d` of input `i` if it is known and not `expected`.
void checkDim(const NodeView &node, unsigned i, int64_t d,
              std::optional<int64_t> expected, const llvm::Twine &why);
/// Refuses input `i` if its rank is known and not `expected`.
void checkRank(const NodeView &node, unsigned i, int64_t expected);

// CheckNodeConv.cpp
void checkConv(const NodeView &node);
void checkConvTranspose(const NodeView &node);
void checkPool(const NodeView &node);
void checkQLinearConv(const NodeView &node);

// CheckNodeIndex.cpp
void checkGather(const NodeView &node);
void checkGatherElements(const NodeView &node);
void checkGatherND(const NodeView &node);
void checkScatterElements(const NodeView &node);
void checkScatterND(const NodeView &node);
void checkTranspose(const NodeView &node);
void checkReshape(const NodeView &node);
void checkPad(const NodeView &node);
void checkSlice(const NodeView &node);
void checkTile(const NodeView &node);
void checkResize(const NodeView &node);
void checkRange(const NodeView &node);
void checkBlocks(const NodeView &node);

// CheckNodeMath.cpp
void checkCast(const NodeView &node);
void checkEinsum(const NodeView &node);
void checkRecurrent(const NodeView &node);
void checkQuantize(const NodeView &node);
void checkChannelParameters(const NodeView &node);

} // namespace aicc::import

#endif // AICC_LIB_IMPORT_CHECKNODE_H

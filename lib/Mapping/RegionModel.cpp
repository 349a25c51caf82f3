//===- RegionModel.cpp - The loop nest of a fused group -------------------===//

#include "aicc/Mapping/RegionModel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace aicc;

//===----------------------------------------------------------------------===//
// Linear forms
//===----------------------------------------------------------------------===//

LinearForm LinearForm::zero(unsigned numDims) {
  LinearForm form;
  form.coeffs.assign(numDims, 0);
  return form;
}

LinearForm LinearForm::dim(unsigned dim, unsigned numDims) {
  LinearForm form = zero(numDims);
  form.coeffs[dim] = 1;
  return form;
}

void LinearForm::accumulate(const LinearForm &other, int64_t factor) {
  for (auto [coeff, add] : llvm::zip(coeffs, other.coeffs))
    coeff += factor * add;
  constant += factor * other.constant;
}

std::optional<unsigned> LinearForm::asDim() const {
  std::optional<unsigned> found;
  for (auto [d, coeff] : llvm::enumerate(coeffs)) {
    if (coeff == 0)
      continue;
    if (coeff != 1 || found)
      return std::nullopt;
    found = d;
  }
  return constant == 0 ? found : std::nullopt;
}

/// form += factor * expr, for an expression without symbols, mod or division.
static LogicalResult addExpr(AffineExpr expr, ArrayRef<LinearForm> dims,
                             int64_t factor, LinearForm &form) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    form.constant += factor * constant.getValue();
    return success();
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    form.accumulate(dims[dim.getPosition()], factor);
    return success();
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return failure();
  if (expr.getKind() == AffineExprKind::Add)
    return success(succeeded(addExpr(binary.getLHS(), dims, factor, form)) &&
                   succeeded(addExpr(binary.getRHS(), dims, factor, form)));
  if (expr.getKind() == AffineExprKind::Mul)
    if (auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS()))
      return addExpr(binary.getLHS(), dims, factor * constant.getValue(), form);
  return failure();
}

static bool isLinear(AffineMap map) {
  SmallVector<LinearForm> dims(map.getNumDims(), LinearForm::zero(0));
  LinearForm scratch;
  return map.getNumSymbols() == 0 &&
         llvm::all_of(map.getResults(), [&](AffineExpr expr) {
           return succeeded(addExpr(expr, dims, 1, scratch));
         });
}

IndexForms aicc::composeForms(AffineMap map, ArrayRef<LinearForm> dims,
                              unsigned numRootDims) {
  IndexForms forms;
  for (AffineExpr expr : map.getResults()) {
    LinearForm form = LinearForm::zero(numRootDims);
    // Linearity was checked when the model was built.
    (void)addExpr(expr, dims, 1, form);
    forms.push_back(form);
  }
  return forms;
}

//===----------------------------------------------------------------------===//
// Operations of a group
//===----------------------------------------------------------------------===//

bool aicc::isPointwise(linalg::GenericOp op) {
  if (op.getNumParallelLoops() != op.getNumLoops())
    return false;
  return llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
    return op.getMatchingIndexingMap(&init).isPermutation();
  });
}

SmallVector<LinearForm, 6> aicc::loopForms(linalg::GenericOp op,
                                           unsigned resultNumber,
                                           const IndexForms &index,
                                           unsigned numRootDims) {
  SmallVector<LinearForm, 6> forms(op.getNumLoops(),
                                   LinearForm::zero(numRootDims));
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(resultNumber));
  for (auto [position, expr] : llvm::enumerate(map.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      forms[dim.getPosition()] = index[position];
  return forms;
}

std::optional<SmallVector<int64_t>>
aicc::matchUnitReshape(RankedTensorType from, RankedTensorType to) {
  SmallVector<int64_t> source;
  int64_t position = 0;
  for (int64_t size : to.getShape()) {
    if (size == 1) {
      source.push_back(-1);
      continue;
    }
    while (position < from.getRank() && from.getDimSize(position) == 1)
      ++position;
    if (position == from.getRank() || from.getDimSize(position) != size)
      return std::nullopt;
    source.push_back(position++);
  }
  for (; position < from.getRank(); ++position)
    if (from.getDimSize(position) != 1)
      return std::nullopt;
  return source;
}

std::optional<IndexForms> aicc::throughUnitReshape(Operation *reshape,
                                                   const IndexForms &index,
                                                   unsigned numRootDims) {
  if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(reshape))
    return std::nullopt;
  auto from = cast<RankedTensorType>(reshape->getOperand(0).getType());
  auto to = cast<RankedTensorType>(reshape->getResult(0).getType());
  auto match = matchUnitReshape(to, from);
  if (!match)
    return std::nullopt;
  IndexForms result;
  for (int64_t position : *match)
    result.push_back(position < 0 ? LinearForm::zero(numRootDims)
                                  : index[position]);
  return result;
}

TypedAttr aicc::getSplat(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>()) {
    Attribute scalar;
    if (matchPattern(fill.getInputs()[0], m_Constant(&scalar)))
      return dyn_cast<TypedAttr>(scalar);
    return {};
  }
  DenseElementsAttr elements;
  if (matchPattern(value, m_Constant(&elements)) && elements.isSplat())
    return dyn_cast<TypedAttr>(elements.getSplatValue<Attribute>());
  return {};
}

Operation *aicc::findCombiner(linalg::GenericOp op) {
  if (op->getNumResults() != 1)
    return nullptr;
  Value accumulator = op.getRegionOutputArgs()[0];
  Operation *last =
      op.getRegion().front().getTerminator()->getOperand(0).getDefiningOp();
  if (!last || !accumulator.hasOneUse() ||
      *accumulator.getUsers().begin() != last)
    return nullptr;
  bool isCombiner =
      isa<arith::AddFOp, arith::AddIOp, arith::MulFOp, arith::MulIOp,
          arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
          arith::MinNumFOp, arith::MaxSIOp, arith::MinSIOp, arith::MaxUIOp,
          arith::MinUIOp, arith::AndIOp, arith::OrIOp, arith::XOrIOp>(last);
  return isCombiner ? last : nullptr;
}

/// The argument that `value` is, widened from a byte to i32.
static BlockArgument widenedByte(Value value, bool &isSigned) {
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp>(op) ||
      !value.getType().isInteger(32) ||
      !op->getOperand(0).getType().isInteger(8))
    return {};
  isSigned = isa<arith::ExtSIOp>(op);
  return dyn_cast<BlockArgument>(op->getOperand(0));
}

std::optional<ByteProduct> aicc::byteProductOf(const RegionModel &model) {
  linalg::GenericOp root = model.root;
  if (isPointwise(root) || root.getNumDpsInputs() != 2)
    return std::nullopt;
  auto add = dyn_cast_or_null<arith::AddIOp>(findCombiner(root));
  if (!add)
    return std::nullopt;
  Value acc = root.getRegionOutputArgs()[0];
  auto mul = (add.getLhs() == acc ? add.getRhs() : add.getLhs())
                 .getDefiningOp<arith::MulIOp>();
  if (!mul)
    return std::nullopt;
  bool leftSigned = false, rightSigned = false;
  BlockArgument left = widenedByte(mul.getLhs(), leftSigned);
  BlockArgument right = widenedByte(mul.getRhs(), rightSigned);
  if (!left || !right || left.getArgNumber() != 0 ||
      right.getArgNumber() != 1 || !rightSigned)
    return std::nullopt;
  SmallVector<const RegionAccess *> factors;
  for (const RegionAccess &access : model.accesses)
    if (access.inReduction)
      factors.push_back(&access);
  ArrayAttr layouts = RegionOp(model.region).getLayoutsAttr();
  if (factors.size() != 2 || !layouts ||
      !isa<LayoutAttr>(layouts[factors[0]->operand]) ||
      !isa<PackAttr>(layouts[factors[1]->operand]))
    return std::nullopt;
  return ByteProduct{leftSigned};
}

//===----------------------------------------------------------------------===//
// Building the model
//===----------------------------------------------------------------------===//

namespace {
/// Walks a group from what it yields to what it reads.
class ModelBuilder {
public:
  ModelBuilder(RegionModel &model, ArrayRef<unsigned> apart, std::string &why)
      : model(model), apart(apart), why(why) {}

  LogicalResult run();

private:
  LogicalResult findRoot();
  LogicalResult visit(Value value, const IndexForms &index, bool inReduction,
                      bool direct);
  LogicalResult visitInputs(linalg::GenericOp op, ArrayRef<LinearForm> loops,
                            bool inReduction, bool direct);
  LogicalResult visitReduction();
  LogicalResult visitYields();
  void computeResultForms();
  void mergeDims();
  bool canMerge(const RegionModel::Dim &outer,
                const RegionModel::Dim &inner) const;

  unsigned rank() const { return model.rootSizes.size(); }
  LogicalResult fail(const Twine &reason) {
    why = reason.str();
    return failure();
  }

  RegionModel &model;
  ArrayRef<unsigned> apart; ///< Dimensions that are not merged.
  std::string &why;
  /// Indices, over the root's loops, at which a value computed from the
  /// root's results is written.
  DenseMap<Value, IndexForms> resultForms;
  /// At which loops the inputs of an operation have been visited.
  using Loops = SmallVector<LinearForm, 6>;
  DenseMap<Operation *, SmallVector<Loops, 1>> visited;
  bool usesIndices = false;
};
} // namespace

LogicalResult ModelBuilder::findRoot() {
  linalg::GenericOp first;
  for (auto op : model.region.getBody().front().getOps<linalg::GenericOp>()) {
    if (op.hasDynamicShape())
      return fail("a dimension is not static");
    for (AffineMap map : op.getIndexingMapsArray())
      if (!isLinear(map))
        return fail("an indexing map is not linear");
    op.walk([&](Operation *nested) {
      usesIndices |= isa<linalg::IndexOp, tensor::ExtractOp>(nested);
    });
    if (isPointwise(op)) {
      for (OpOperand &init : op.getDpsInitsMutable())
        if (op.payloadUsesValueFromOperand(&init))
          return fail("an elementwise operation reads its initial value");
    } else {
      if (model.root)
        return fail("it holds two reductions");
      model.root = op;
    }
    if (!first)
      first = op;
  }
  if (!model.root)
    model.root = first;
  if (!model.root)
    return fail("it computes nothing");
  model.rootSizes = model.root.getStaticLoopRanges();
  return success();
}

LogicalResult ModelBuilder::visitInputs(linalg::GenericOp op,
                                        ArrayRef<LinearForm> loops,
                                        bool inReduction, bool direct) {
  for (OpOperand *input : op.getDpsInputOperands()) {
    // An operand that only gives the loops their extents is never read.
    if (!op.payloadUsesValueFromOperand(input))
      continue;
    IndexForms index =
        composeForms(op.getMatchingIndexingMap(input), loops, rank());
    if (failed(visit(input->get(), index, inReduction, direct)))
      return failure();
  }
  return success();
}

LogicalResult ModelBuilder::visit(Value value, const IndexForms &index,
                                  bool inReduction, bool direct) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    RegionAccess access;
    access.operand = argument.getArgNumber();
    access.inReduction = inReduction;
    access.direct = direct;
    access.index = index;
    model.accesses.push_back(access);
    return success();
  }
  if (getSplat(value))
    return success();
  Operation *op = value.getDefiningOp();
  if (op == model.root.getOperation() && !isPointwise(model.root)) {
    if (inReduction)
      return fail("the reduction reads its own result");
    return success();
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    auto loops = loopForms(generic, cast<OpResult>(value).getResultNumber(),
                           index, rank());
    // What several results or users need is read once.
    SmallVector<Loops, 1> &seen = visited[op];
    if (llvm::is_contained(seen, loops))
      return success();
    seen.push_back(loops);
    return visitInputs(generic, loops, inReduction,
                       op == model.root.getOperation());
  }
  if (auto source = throughUnitReshape(op, index, rank()))
    return visit(op->getOperand(0), *source, inReduction, /*direct=*/false);
  return fail("it holds '" + op->getName().getStringRef() + "'");
}

/// Elementwise consumers may permute the root's result, or reshape it by
/// units: walk down from the root to where each value is written.
void ModelBuilder::computeResultForms() {
  auto setResults = [&](linalg::GenericOp op, ArrayRef<LinearForm> loops) {
    for (OpResult result : op->getResults()) {
      OpOperand *init = op.getDpsInitOperand(result.getResultNumber());
      resultForms[result] =
          composeForms(op.getMatchingIndexingMap(init), loops, rank());
    }
  };
  SmallVector<LinearForm> identity;
  for (unsigned d = 0; d < rank(); ++d)
    identity.push_back(LinearForm::dim(d, rank()));
  setResults(model.root, identity);

  for (Operation &op : model.region.getBody().front()) {
    if (&op == model.root.getOperation())
      continue;
    if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
      for (OpOperand *input : generic.getDpsInputOperands()) {
        auto known = resultForms.find(input->get());
        AffineMap map = generic.getMatchingIndexingMap(input);
        if (known == resultForms.end() || !map.isProjectedPermutation(true))
          continue;
        SmallVector<LinearForm> loops(generic.getNumLoops(),
                                      LinearForm::zero(rank()));
        SmallVector<int64_t> sizes = generic.getStaticLoopRanges();
        for (auto [position, expr] : llvm::enumerate(map.getResults()))
          if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
            loops[dim.getPosition()] = known->second[position];
            sizes[dim.getPosition()] = 1;
          }
        // A loop that this input does not run over is not the root's.
        if (llvm::any_of(sizes, [](int64_t size) { return size != 1; }))
          continue;
        setResults(generic, loops);
        break;
      }
      continue;
    }
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      continue;
    auto known = resultForms.find(op.getOperand(0));
    auto match =
        matchUnitReshape(cast<RankedTensorType>(op.getOperand(0).getType()),
                         cast<RankedTensorType>(op.getResult(0).getType()));
    if (known == resultForms.end() || !match)
      continue;
    IndexForms result;
    for (int64_t position : *match)
      result.push_back(position < 0 ? LinearForm::zero(rank())
                                    : known->second[position]);
    resultForms[op.getResult(0)] = result;
  }
}

LogicalResult ModelBuilder::visitReduction() {
  SmallVector<LinearForm> identity;
  for (unsigned d = 0; d < rank(); ++d)
    identity.push_back(LinearForm::dim(d, rank()));
  if (failed(visitInputs(model.root, identity, /*inReduction=*/true,
                         /*direct=*/true)))
    return failure();
  for (OpOperand &init : model.root.getDpsInitsMutable()) {
    IndexForms index = composeForms(model.root.getMatchingIndexingMap(&init),
                                    identity, rank());
    if (failed(visit(init.get(), index, /*inReduction=*/false,
                     /*direct=*/false)))
      return failure();
  }
  return success();
}

LogicalResult ModelBuilder::visitYields() {
  auto yield = cast<YieldOp>(model.region.getBody().front().getTerminator());
  for (auto [number, value] : llvm::enumerate(yield.getValues())) {
    auto forms = resultForms.find(value);
    if (forms == resultForms.end())
      return fail("a result does not depend on its root");
    RegionAccess access;
    access.operand = model.numArguments() + number;
    access.isStore = true;
    access.index = forms->second;
    if (failed(visit(value, access.index, /*inReduction=*/false,
                     /*direct=*/false)))
      return failure();
    model.accesses.push_back(access);
  }
  return success();
}

/// Two dimensions are one if each access walks them as one. Packed constants
/// follow whatever order is chosen.
bool ModelBuilder::canMerge(const RegionModel::Dim &outer,
                            const RegionModel::Dim &inner) const {
  if (outer.isReduction != inner.isReduction)
    return false;
  for (const RegionModel::Dim *dim : {&outer, &inner})
    if (llvm::any_of(dim->original,
                     [&](unsigned d) { return llvm::is_contained(apart, d); }))
      return false;
  ArrayAttr layouts = model.region.getLayoutsAttr();
  unsigned a = outer.original.back(), b = inner.original.front();
  for (const RegionAccess &access : model.accesses) {
    auto layout = dyn_cast<LayoutAttr>(layouts[access.operand]);
    int64_t strideA = 0, strideB = 0;
    if (!layout) {
      // A packed constant is walked by both dimensions or by neither.
      for (const LinearForm &form : access.index) {
        strideA |= form.coeffs[a];
        strideB |= form.coeffs[b];
      }
      if ((strideA != 0) != (strideB != 0))
        return false;
      continue;
    }
    for (auto [form, stride] : llvm::zip(access.index, layout.getStrides())) {
      strideA += form.coeffs[a] * stride;
      strideB += form.coeffs[b] * stride;
    }
    if (strideA != strideB * model.rootSizes[b])
      return false;
  }
  return true;
}

void ModelBuilder::mergeDims() {
  auto iterators = model.root.getIteratorTypesArray();
  for (auto [d, size] : llvm::enumerate(model.rootSizes))
    if (size != 1)
      model.dims.push_back(
          {size, isReductionLoop(iterators[d]), {unsigned(d)}});
  if (usesIndices || !model.region.getLayoutsAttr())
    return;
  auto mergeOne = [&] {
    for (unsigned a = 0; a < model.dims.size(); ++a)
      for (unsigned b = 0; b < model.dims.size(); ++b) {
        if (a == b || !canMerge(model.dims[a], model.dims[b]))
          continue;
        RegionModel::Dim merged = model.dims[a];
        merged.size *= model.dims[b].size;
        llvm::append_range(merged.original, model.dims[b].original);
        model.dims[std::min(a, b)] = merged;
        model.dims.erase(model.dims.begin() + std::max(a, b));
        return true;
      }
    return false;
  };
  while (mergeOne())
    ;
}

LogicalResult ModelBuilder::run() {
  if (failed(findRoot()))
    return failure();
  if (!isPointwise(model.root) && failed(visitReduction()))
    return failure();
  computeResultForms();
  if (failed(visitYields()))
    return failure();
  mergeDims();
  return success();
}

FailureOr<RegionModel> RegionModel::build(RegionOp region, std::string &why,
                                          ArrayRef<unsigned> apart) {
  RegionModel model;
  model.region = region;
  if (failed(ModelBuilder(model, apart, why).run()))
    return failure();
  return model;
}

unsigned RegionModel::numArguments() const {
  return const_cast<RegionModel *>(this)->region.getBody().getNumArguments();
}

bool RegionModel::lanesMayReduce() const {
  return hasReduction() && findCombiner(root);
}

LinearForm RegionModel::overDims(const LinearForm &form) const {
  LinearForm result;
  for (const Dim &dim : dims)
    result.coeffs.push_back(form.coeffs[dim.original.back()]);
  result.constant = form.constant;
  return result;
}

LinearForm RegionModel::windowAddress(const IndexForms &index,
                                      LayoutAttr layout) const {
  LinearForm form = LinearForm::zero(rootSizes.size());
  for (auto [dim, stride] : llvm::zip(index, layout.getStrides()))
    form.accumulate(dim, stride);
  return form;
}

LinearForm RegionModel::address(const RegionAccess &access,
                                LayoutAttr layout) const {
  LinearForm form = windowAddress(access.index, layout);
  form.constant += layout.getOffset();
  return overDims(form);
}

Type RegionModel::elementType(unsigned operand) const {
  Block &body = const_cast<RegionModel *>(this)->region.getBody().front();
  unsigned numArgs = body.getNumArguments();
  Type type =
      operand < numArgs
          ? body.getArgument(operand).getType()
          : body.getTerminator()->getOperand(operand - numArgs).getType();
  return cast<ShapedType>(type).getElementType();
}

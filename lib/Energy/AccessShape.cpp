//===- AccessShape.cpp - What an operand's index looks like ---------------===//

#include "lib/Energy/TileKinds.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstdlib>

using namespace aicc;
using llvm::ArrayRef;
using llvm::SmallVector;

using Shape = AccessModel::Shape;
using Component = AccessModel::Component;

namespace {

/// One dimension of a tensor: terms of different loop dimensions, no zeros.
using Row = SmallVector<Workload::Term, 2>;

} // namespace

/// Counts are exact in double precision up to here.
static constexpr int64_t mostExact = int64_t(1) << 53;

static SmallVector<Row, 4> rowsOf(const Workload &workload,
                                  const Workload::Operand &operand) {
  SmallVector<Row, 4> rows;
  for (ArrayRef<Workload::Term> index : operand.index) {
    Row row;
    for (const Workload::Term &term : index) {
      auto *same = llvm::find_if(
          row, [&](const auto &other) { return other.dim == term.dim; });
      if (same == row.end())
        row.push_back(term);
      else
        same->coefficient += term.coefficient;
    }
    llvm::erase_if(row, [&](const auto &term) {
      return term.coefficient == 0 || workload.dims[term.dim].size == 1;
    });
    if (!row.empty())
      rows.push_back(std::move(row));
  }
  return rows;
}

/// Whether the dimensions can be told from the rows one after the other, each
/// from a row in which all others are known.
static bool isTriangular(ArrayRef<Row> rows, ArrayRef<unsigned> dims) {
  uint64_t known = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (const Row &row : rows) {
      uint64_t unknown = 0;
      for (const Workload::Term &term : row)
        unknown |= uint64_t(1) << term.dim;
      unknown &= ~known;
      if (unknown && llvm::isPowerOf2_64(unknown)) {
        known |= unknown;
        changed = true;
      }
    }
  }
  return llvm::all_of(dims, [&](unsigned dim) { return known >> dim & 1; });
}

/// Numbers the elements that `rows` name: the rows are the digits. False if
/// the numbers do not fit.
static bool numberElements(const Workload &workload, ArrayRef<Row> rows,
                           Component &component) {
  component.coefficients.assign(component.dims.size(), 0);
  int64_t radix = 1, points = 1;
  for (unsigned dim : component.dims)
    if (llvm::MulOverflow(points, workload.dims[dim].size, points))
      return false;
  for (const Row &row : rows) {
    int64_t values = 1;
    for (const Workload::Term &term : row) {
      int64_t span, part;
      if (term.coefficient == INT64_MIN ||
          llvm::MulOverflow(std::abs(term.coefficient),
                            workload.dims[term.dim].size - 1, span) ||
          llvm::AddOverflow(values, span, values) ||
          llvm::MulOverflow(term.coefficient, radix, part))
        return false;
      size_t at =
          size_t(llvm::find(component.dims, term.dim) - component.dims.begin());
      component.coefficients[at] += part;
    }
    if (llvm::MulOverflow(radix, values, radix) || radix > mostExact)
      return false;
  }
  return true;
}

/// Takes the rows that share dimensions with the first one out of `rows`.
static SmallVector<Row, 4> takeConnected(SmallVector<Row, 4> &rows,
                                         Component &component) {
  SmallVector<Row, 4> taken;
  auto take = [&](size_t i) {
    for (const Workload::Term &term : rows[i])
      if (!llvm::is_contained(component.dims, term.dim))
        component.dims.push_back(term.dim);
    taken.push_back(std::move(rows[i]));
    rows.erase(rows.begin() + i);
  };
  take(0);
  for (size_t i = 0; i < rows.size();) {
    bool shares = llvm::any_of(rows[i], [&](const Workload::Term &term) {
      return llvm::is_contained(component.dims, term.dim);
    });
    if (shares) {
      take(i);
      i = 0;
    } else {
      ++i;
    }
  }
  return taken;
}

static Shape findShape(const Workload &workload,
                       const Workload::Operand &operand) {
  Shape shape;
  // The sets of dimensions are words.
  if (workload.dims.size() > 64) {
    shape.isCountable = false;
    return shape;
  }
  SmallVector<Row, 4> rows = rowsOf(workload, operand);
  while (!rows.empty()) {
    Component component;
    SmallVector<Row, 4> connected = takeConnected(rows, component);
    for (unsigned dim : component.dims)
      shape.movers |= uint64_t(1) << dim;
    component.isInjective = isTriangular(connected, component.dims);
    if (!component.isInjective &&
        !numberElements(workload, connected, component)) {
      component.coefficients.clear();
      shape.isCountable = false;
    }
    shape.components.push_back(std::move(component));
  }
  return shape;
}

AccessModel::AccessModel(const Workload &workload, const MachineDesc &machine)
    : workload(workload), machine(machine) {
  SmallVector<int64_t, 8> extents;
  for (const Workload::Dim &dim : workload.dims)
    extents.push_back(dim.size);
  for (auto [o, operand] : llvm::enumerate(workload.operands)) {
    shapes.push_back(findShape(workload, operand));
    whole.push_back(tileElements(unsigned(o), extents));
    shapes.back().isCountable &= whole.back() > 0;
  }
}

double AccessModel::tileElements(unsigned operand,
                                 ArrayRef<int64_t> extents) const {
  double product = 1;
  for (const Component &component : shapes[operand].components) {
    if (component.isInjective) {
      for (unsigned dim : component.dims)
        product *= double(extents[dim]);
      continue;
    }
    if (component.coefficients.empty())
      return 0;
    SmallVector<IntervalTerm, 4> terms;
    for (auto [dim, coefficient] :
         llvm::zip(component.dims, component.coefficients))
      terms.push_back({coefficient, extents[dim]});
    std::optional<int64_t> values = distinctSums(terms);
    if (!values)
      return 0;
    product *= double(*values);
  }
  return product;
}

double AccessModel::leastSteps() const {
  double positions = 1;
  for (const ArrayDesc::Axis &axis : machine.array.axes)
    positions *= double(axis.size);
  return std::ceil(workload.points() / positions);
}

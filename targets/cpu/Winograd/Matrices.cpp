//===- Matrices.cpp - Minimal filtering of three taps ---------------------===//

#include "targets/cpu/Winograd/Matrices.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace aicc::cpu;

MinimalFilter::MinimalFilter(int64_t results)
    : m(results), n(results + taps - 1) {
  points = {0};
  // Points of small numerators and denominators keep the matrices small.
  for (double a = 1; int64_t(points.size()) < n - 1; a = a > 1 ? 1 / a : 2 / a)
    points.append({a, -a});
}

SmallVector<double> MinimalFilter::polynomial(int without) const {
  SmallVector<double> product{1};
  for (auto [i, a] : llvm::enumerate(points)) {
    if (int(i) == without)
      continue;
    product.push_back(0);
    for (size_t k = product.size() - 1; k > 0; --k)
      product[k] = product[k - 1] - a * product[k];
    product[0] *= -a;
  }
  return product;
}

SmallVector<double> MinimalFilter::filter(ArrayRef<double> g) const {
  SmallVector<double> values;
  for (auto [i, a] : llvm::enumerate(points)) {
    double denominator = 1;
    for (auto [k, other] : llvm::enumerate(points))
      if (k != i)
        denominator *= a - other;
    values.push_back((g[0] + a * (g[1] + a * g[2])) / denominator);
  }
  values.push_back(g[2]);
  return values;
}

namespace {
/// Sums of multiples, with multiply-adds where the machine has them. Equal
/// multiples are made once, as they are once code is generated: what the cost
/// model counts is what runs.
class Sums {
public:
  Sums(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  /// Of every `step`-th value, from `first`.
  Value combine(ArrayRef<double> factors, ValueRange values, unsigned first = 0,
                unsigned step = 1) {
    Value total;
    // The terms with factor 1 first: the others are multiply-adds to them.
    for (bool ones : {true, false})
      for (size_t k = first; k < factors.size(); k += step)
        if ((factors[k] == 1) == ones && factors[k] != 0)
          total = add(total, factors[k], values[k]);
    return total;
  }

private:
  Value add(Value total, double factor, Value value) {
    if (!total)
      return multiple(factor, value);
    Value term = multiple(std::abs(factor), value);
    if (factor > 0)
      return arith::AddFOp::create(b, loc, total, term, contract());
    return arith::SubFOp::create(b, loc, total, term, contract());
  }
  Value multiple(double factor, Value value) {
    if (factor == 1)
      return value;
    Value &product = multiples[{value.getAsOpaquePointer(), factor}];
    if (product)
      return product;
    auto type = cast<FloatType>(value.getType());
    Value constant =
        arith::ConstantOp::create(b, loc, b.getFloatAttr(type, factor));
    return product = arith::MulFOp::create(b, loc, value, constant, contract());
  }
  static arith::FastMathFlags contract() {
    return arith::FastMathFlags::contract;
  }

  OpBuilder &b;
  Location loc;
  std::map<std::pair<const void *, double>, Value> multiples;
};
} // namespace

/// The polynomials of a and of -a differ in the sign of the odd powers.
SmallVector<Value> MinimalFilter::input(OpBuilder &b, Location loc,
                                        ValueRange d) const {
  Sums sums(b, loc);
  SmallVector<Value> values{sums.combine(polynomial(0), d)};
  for (size_t i = 1; i < points.size(); i += 2) {
    SmallVector<double> factors = polynomial(i);
    Value even = sums.combine(factors, d, 0, 2);
    Value odd = sums.combine(factors, d, 1, 2);
    values.push_back(arith::AddFOp::create(b, loc, even, odd));
    values.push_back(arith::SubFOp::create(b, loc, even, odd));
  }
  values.push_back(sums.combine(polynomial(-1), d));
  return values;
}

/// Powers of a and of -a differ in the sign of the odd ones.
SmallVector<Value> MinimalFilter::output(OpBuilder &b, Location loc,
                                         ValueRange p) const {
  Sums combined(b, loc);
  SmallVector<Value> sums, differences;
  for (size_t i = 1; i < points.size(); i += 2) {
    sums.push_back(arith::AddFOp::create(b, loc, p[i], p[i + 1]));
    differences.push_back(arith::SubFOp::create(b, loc, p[i], p[i + 1]));
  }
  SmallVector<Value> values;
  for (int64_t row = 0; row < m; ++row) {
    SmallVector<double> factors;
    SmallVector<Value> terms(row % 2 ? differences : sums);
    for (size_t i = 1; i < points.size(); i += 2)
      factors.push_back(std::pow(points[i], double(row)));
    if (row == 0) {
      factors.push_back(1);
      terms.push_back(p[0]);
    }
    if (row == m - 1) {
      factors.push_back(1);
      terms.push_back(p[n - 1]);
    }
    values.push_back(combined.combine(factors, terms));
  }
  return values;
}

double MinimalFilter::amplification() const {
  double a = 1, b = 0, g = 1; // The column and the row of infinity.
  for (auto [i, point] : llvm::enumerate(points)) {
    for (int64_t row = 0; row < m; ++row)
      a += std::pow(point, 2.0 * double(row));
    for (double c : polynomial(int(i)))
      b += c * c;
  }
  for (double c : polynomial(-1))
    b += c * c;
  for (int tap = 0; tap < taps; ++tap) {
    SmallVector<double> unit(taps, 0);
    unit[tap] = 1;
    SmallVector<double> column = filter(unit);
    for (double c : ArrayRef(column).drop_back())
      g += c * c;
  }
  return a * b * g;
}

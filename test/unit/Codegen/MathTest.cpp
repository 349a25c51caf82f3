//===- MathTest.cpp - Accuracy of the approximated functions --------------===//

#include "EmitTesting.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace aicc;
using namespace aicc::testing;

namespace {

constexpr int64_t count = 1 << 14;
constexpr float infinity = std::numeric_limits<float>::infinity();

/// y = op(x, ...), `count` elements of `type` in vectors of 16.
std::string program(const std::string &op, const std::string &type,
                    unsigned numOperands) {
  std::string tensor = "memref<" + std::to_string(count) + "x" + type + ">";
  std::string dtype = type == "f64" ? "float64" : "float32";
  std::string kernelArgs, mainArgs, launchArgs, launchTypes, loads, operands;
  for (unsigned i = 0; i < numOperands; ++i) {
    std::string n = std::to_string(i);
    kernelArgs += "%x" + n + ": " + tensor + ", ";
    mainArgs += "%x" + n + ": " + tensor + " {aicc.name = \"x" + n +
                "\", aicc.dtype = \"" + dtype +
                "\", aicc.shape = array<i64: 16384>}, ";
    launchArgs += "%x" + n + ", ";
    launchTypes += tensor + ", ";
    loads += "%v" + n + " = vector.load %x" + n + "[%i] : " + tensor +
             ", vector<16x" + type + ">\n";
    operands += (i ? ", %v" : "%v") + n;
  }
  return "module attributes {aicc.model = \"m\"} {\n"
         "func.func private @k(" +
         kernelArgs + "%y: " + tensor +
         ", %begin: index, %end: index) attributes {aicc.kernel} {\n"
         "%c16 = arith.constant 16 : index\n"
         "scf.for %i = %begin to %end step %c16 {\n" +
         loads + "%r = " + op + " " + operands + " : vector<16x" + type +
         ">\n"
         "vector.store %r, %y[%i] : " +
         tensor + ", vector<16x" + type +
         ">\n"
         "}\nreturn\n}\n"
         "func.func @main(" +
         mainArgs + "%y: " + tensor + " {aicc.name = \"y\", aicc.dtype = \"" +
         dtype +
         "\", aicc.shape = array<i64: 16384>}, "
         "%arena: memref<0xi8>, %weights: memref<0xi8>) attributes "
         "{aicc.entry, aicc.num_inputs = " +
         std::to_string(numOperands) +
         " : i64} {\n"
         "aicc.launch @k(" +
         launchArgs + "%y) trip 16384 grain 0 : " + launchTypes + tensor +
         "\nreturn\n}\n}\n";
}

float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

/// Distance from `expected` in units of the last place of T. Results below the
/// smallest normal number may be flushed to zero.
template <typename T> double ulps(T actual, long double expected) {
  T nearest = static_cast<T>(expected);
  if (std::isnan(expected))
    return std::isnan(actual) ? 0 : HUGE_VAL;
  T least = std::numeric_limits<T>::min();
  if (actual == nearest ||
      (std::fabs(nearest) < least && std::fabs(actual) <= least))
    return 0;
  if (std::isinf(nearest) || !std::isfinite(actual))
    return HUGE_VAL;
  T magnitude = std::fmax(std::fabs(nearest), least);
  int exponent;
  std::frexp(magnitude, &exponent);
  double ulp = std::ldexp(1.0, exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(actual - expected)) / ulp;
}

const float special[] = {
    0.f,      -0.f,      infinity,   -infinity, NAN,       1.f,     -1.f,
    88.7228f, 88.7229f,  88.8f,      -87.3f,    -87.4f,    -103.9f, -104.1f,
    -1000.f,  0x1p-126f, -0x1p-126f, 3e38f,     -3e38f,    0.5f,    -0.5f,
    9.f,      -9.f,      4.f,        -4.f,      2.f,       -2.f,    3.f,
    0.99999f, -0.99999f, 1.00001f,   1e-20f,    1e10f,     -1e10f,  7.5f,
    -7.5f,    0.0625f,   0x1p24f,    -0x1p24f,  16777217.f};

/// Runs `program` on T and checks all results against `reference`.
template <typename T, typename Reference>
void check(const std::string &op, const char *type, unsigned numOperands,
           double maxUlps, double largest, Reference reference,
           bool flushDenormals = true) {
  TemporaryFolder folder;
  CollectingDiagnosticSink sink;
  EmitInputs inputs;
  inputs.flushDenormals = flushDenormals;
  inputs.outputPath = folder.file("m.so");
  ASSERT_TRUE(emitText(program(op, type, numOperands), inputs, sink));
  LoadedModel loaded(inputs.outputPath);
  ASSERT_NE(loaded.context, nullptr) << aicc_last_error(nullptr);

  alignas(64) static T x[2][count], y[count];
  int64_t shape[] = {count};
  aicc_dtype dtype = sizeof(T) == 8 ? AICC_FLOAT64 : AICC_FLOAT32;
  aicc_tensor in[] = {{x[0], dtype, 1, shape}, {x[1], dtype, 1, shape}};
  aicc_tensor out = {y, dtype, 1, shape};
  double worst = 0;
  std::string where;
  uint32_t next = 0;
  for (int batch = 0; batch < 64; ++batch) {
    for (int64_t i = 0; i < count; ++i) {
      // Steps through the f32 values, coprime to their number; for a second
      // operand moderate values, where results are finite.
      x[0][i] = fromBits(next += 4194304 / 1024 * 1023 + 23);
      x[1][i] =
          static_cast<T>(static_cast<int32_t>(next * 2654435761u)) * T(0x1p-28);
      if (std::fabs(x[0][i]) > largest ||
          (std::fpclassify(fromBits(next)) == FP_SUBNORMAL))
        x[0][i] = T(1.5);
    }
    constexpr int64_t specials = std::size(special);
    if (batch == 0)
      for (int64_t i = 0; i < specials * specials; ++i) {
        if (std::fabs(special[i % specials]) <= largest)
          x[0][i] = special[i % specials];
        x[1][i] = special[i / specials];
      }
    ASSERT_EQ(aicc_run(loaded.context, in, numOperands, &out, 1), AICC_OK);
    for (int64_t i = 0; i < count; ++i) {
      long double expected = reference(x[0][i], x[1][i]);
      double error = ulps<T>(y[i], expected);
      if (error > worst) {
        worst = error;
        where = llvm::formatv("{0}({1:e8}, {2:e8}) = {3:e8}, expected {4:e8}",
                              op, double(x[0][i]), double(x[1][i]),
                              double(y[i]), double(expected));
      }
    }
  }
  EXPECT_LE(worst, maxUlps) << where;
  ::testing::Test::RecordProperty("worst_ulps", std::to_string(worst));
}

struct Unary {
  const char *op;
  long double (*reference)(long double);
  double maxUlps;    ///< For f32.
  double maxUlpsF64; ///< Negative: f64 is left to libm.
  double largest = HUGE_VAL;
  /// Small results have terms that are subnormal.
  bool needsDenormals = false;
};

class UnaryMathTest : public ::testing::TestWithParam<Unary> {};

TEST_P(UnaryMathTest, F32) {
  Unary function = GetParam();
  check<float>(
      function.op, "f32", 1, function.maxUlps, function.largest,
      [&](float x, float) { return function.reference(x); },
      !function.needsDenormals);
}

TEST_P(UnaryMathTest, F64) {
  Unary function = GetParam();
  if (function.maxUlpsF64 < 0)
    GTEST_SKIP() << "left to libm";
  check<double>(function.op, "f64", 1, function.maxUlpsF64, function.largest,
                [&](double x, double) { return function.reference(x); });
}

using L = long double;

INSTANTIATE_TEST_SUITE_P(
    All, UnaryMathTest,
    ::testing::Values(
        Unary{"math.exp", [](L x) { return expl(x); }, 5, 2},
        Unary{"math.exp2", [](L x) { return exp2l(x); }, 1, 2},
        Unary{"math.expm1", [](L x) { return expm1l(x); }, 5, 5},
        Unary{"math.log", [](L x) { return logl(x); }, 2, 2},
        Unary{"math.log2", [](L x) { return log2l(x); }, 2, 2},
        Unary{"math.log10", [](L x) { return log10l(x); }, 1, 3},
        Unary{"math.log1p", [](L x) { return log1pl(x); }, 4, 4},
        Unary{"math.tanh", [](L x) { return tanhl(x); }, 5, 4},
        Unary{"math.erf", [](L x) { return erfl(x); }, 4, -1},
        Unary{"math.erfc", [](L x) { return erfcl(x); }, 4, -1, HUGE_VAL,
              /*needsDenormals=*/true},
        Unary{"math.sin", [](L x) { return sinl(x); }, 1, 2, 0x1p40},
        Unary{"math.cos", [](L x) { return cosl(x); }, 1, 2, 0x1p40},
        Unary{"math.tan", [](L x) { return tanl(x); }, 1, 4, 0x1p40},
        Unary{"math.asin", [](L x) { return asinl(x); }, 1, 4},
        Unary{"math.acos", [](L x) { return acosl(x); }, 1, 4},
        Unary{"math.atan", [](L x) { return atanl(x); }, 1, 3},
        Unary{"math.sinh", [](L x) { return sinhl(x); }, 1, 4},
        Unary{"math.cosh", [](L x) { return coshl(x); }, 1, 4},
        Unary{"math.asinh", [](L x) { return asinhl(x); }, 1, 4},
        Unary{"math.acosh", [](L x) { return acoshl(x); }, 1, 4},
        Unary{"math.atanh", [](L x) { return atanhl(x); }, 1, 4},
        Unary{"math.sqrt", [](L x) { return sqrtl(x); }, 0.5, 0.5},
        Unary{"math.rsqrt", [](L x) { return 1 / sqrtl(x); }, 1.5, 1.5},
        Unary{"math.cbrt", [](L x) { return cbrtl(x); }, 1, 2},
        Unary{"math.floor", [](L x) { return floorl(x); }, 0, 0},
        Unary{"math.roundeven", [](L x) { return rintl(x); }, 0, 0},
        Unary{"math.round", [](L x) { return roundl(x); }, 0, 0}),
    [](const auto &info) { return std::string(info.param.op + 5); });

TEST(BinaryMathTest, Pow) {
  check<float>("math.powf", "f32", 2, 1, HUGE_VAL,
               [](float x, float y) { return powl(x, y); });
}

TEST(BinaryMathTest, Atan2) {
  check<float>("math.atan2", "f32", 2, 1, HUGE_VAL,
               [](float x, float y) { return atan2l(x, y); });
}

} // namespace

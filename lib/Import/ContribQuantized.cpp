//===- ContribQuantized.cpp - Quantised operators of com.microsoft --------===//
//
// Those of tensors with scale and zero point are their float operators between
// DequantizeLinear and QuantizeLinear, which the qnn dialect makes integer
// arithmetic of; those of products are MatMulInteger and a scale.
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"

#include "llvm/Support/FormatVariadic.h"

using namespace aicc::import;
using llvm::formatv;

static std::string dequantize(const char *from, const char *to) {
  return formatv("{1} = DequantizeLinear ({0}, {0}_scale, {0}_zero_point) ",
                 from, to)
      .str();
}

/// `to` of the float R.
static std::string quantize(const char *to) {
  return formatv("{0} = QuantizeLinear (R, {0}_scale, {0}_zero_point)", to)
      .str();
}

static std::string binary(const char *op) {
  return dequantize("A", "AR") + dequantize("B", "BR") + "R = " + op +
         " (AR, BR) " + quantize("C");
}

static std::string qlinearAdd(const ContribCall &) { return binary("Add"); }
static std::string qlinearMul(const ContribCall &) { return binary("Mul"); }

static std::string unary(const std::string &op) {
  return dequantize("X", "XR") + "R = " + op + " (XR) " + quantize("Y");
}

static std::string qlinearSigmoid(const ContribCall &) {
  return unary("Sigmoid");
}

static std::string qlinearLeakyRelu(const ContribCall &call) {
  return unary(
      formatv("LeakyRelu <alpha = {0:e9}>", call.number("alpha", 0.01)).str());
}

/// Before operator set 13 the dimensions from the axis on are one.
static std::string qlinearSoftmax(const ContribCall &call) {
  int64_t axis = call.integer("axis", -1), rank = call.rank(0);
  if (call.integer("opset", 13) < 13 && axis != -1 && axis != rank - 1)
    call.refuse("the softmax of operator set 12 is compiled over the last "
                "dimension only");
  return unary(formatv("Softmax <axis = {0}>", axis).str());
}

static std::string qlinearAveragePool(const ContribCall &call) {
  call.refuseUnless("channels_last", 0);
  return unary("AveragePool <auto_pad: string = @auto_pad, ceil_mode: int = "
               "@ceil_mode, count_include_pad: int = @count_include_pad, "
               "kernel_shape: ints = @kernel_shape, pads: ints = @pads, "
               "strides: ints = @strides>");
}

static std::string qlinearGlobalAveragePool(const ContribCall &call) {
  call.refuseUnless("channels_last", 0);
  return unary("GlobalAveragePool");
}

static std::string qlinearWhere(const ContribCall &) {
  return dequantize("X", "XR") + dequantize("Y", "YR") +
         "R = Where (condition, XR, YR) " + quantize("Z");
}

/// R = (float of A B, and `addend` as an integer) x the product of the scales.
static std::string scaledProduct(const std::string &a, const std::string &aZero,
                                 const std::string &b, const std::string &bZero,
                                 const std::string &scales,
                                 const std::string &addend = "") {
  std::string body = "Sums = MatMulInteger (" + a + ", " + b + ", " + aZero +
                     ", " + bZero + ") ";
  body += addend.empty() ? "All = Identity (Sums) "
                         : "All = Add (Sums, " + addend + ") ";
  return body + "Real = Cast <to = 1> (All) " + scales +
         "Scaled = Mul (Real, Scales) ";
}

static std::string matMulIntegerToFloat(const ContribCall &call) {
  return scaledProduct("A", "a_zero_point", "B", "b_zero_point",
                       "Scales = Mul (a_scale, b_scale) ") +
         (call.has(6) ? "Y = Add (Scaled, bias)" : "Y = Identity (Scaled)");
}

static std::string dynamicQuantizeMatMul(const ContribCall &call) {
  return "AQ, AScale, AZero = DynamicQuantizeLinear (A) " +
         scaledProduct("AQ", "AZero", "B", "b_zero_point",
                       "Scales = Mul (AScale, b_scale) ") +
         (call.has(4) ? "Y = Add (Scaled, bias)" : "Y = Identity (Scaled)");
}

/// `to` is the matrix `from`, transposed if attribute `name` says so.
static std::string matrix(const ContribCall &call, const char *name,
                          const char *from, const char *to) {
  return formatv(call.integer(name, 0)
                     ? "{0} = Transpose <perm = [1, 0]> ({1}) "
                     : "{0} = Identity ({1}) ",
                 to, from)
      .str();
}

static std::string qgemm(const ContribCall &call) {
  std::string body =
      matrix(call, "transA", "A", "AT") + matrix(call, "transB", "B", "BT");
  std::string scales = formatv("Alpha = Constant <value_float = {0:e9}> () "
                               "Both = Mul (a_scale, b_scale) "
                               "Scales = Mul (Both, Alpha) ",
                               call.number("alpha", 1))
                           .str();
  body += scaledProduct("AT", "a_zero_point", "BT", "b_zero_point", scales,
                        call.has(6) ? "C" : "");
  if (!call.has(7))
    return body + "Y = Identity (Scaled)";
  return body + "Y = QuantizeLinear (Scaled, y_scale, y_zero_point)";
}

llvm::ArrayRef<ContribOperator> aicc::import::contribQuantizedOperators() {
  static constexpr char pairs[] = "A A_scale A_zero_point B B_scale "
                                  "B_zero_point C_scale C_zero_point";
  static constexpr char single[] =
      "X X_scale X_zero_point Y_scale Y_zero_point";
  static const ContribOperator operators[] = {
      {"QLinearAdd", 2, pairs, "C", "", qlinearAdd},
      {"QLinearMul", 2, pairs, "C", "", qlinearMul},
      {"QLinearSigmoid", 2, single, "Y", "", qlinearSigmoid},
      {"QLinearLeakyRelu", 2, single, "Y", "alpha:f", qlinearLeakyRelu},
      {"QLinearSoftmax", 2, single, "Y", "axis:i opset:i", qlinearSoftmax},
      {"QLinearAveragePool", 2, single, "Y",
       "auto_pad:s ceil_mode:i count_include_pad:i kernel_shape:I pads:I "
       "strides:I channels_last:i",
       qlinearAveragePool},
      {"QLinearGlobalAveragePool", 2, single, "Y", "channels_last:i",
       qlinearGlobalAveragePool},
      {"QLinearWhere", 3,
       "condition X X_scale X_zero_point Y Y_scale Y_zero_point Z_scale "
       "Z_zero_point",
       "Z", "", qlinearWhere},
      {"MatMulIntegerToFloat", 4,
       "A B a_scale b_scale a_zero_point b_zero_point bias", "Y", "",
       matMulIntegerToFloat},
      {"DynamicQuantizeMatMul", 3, "A B b_scale b_zero_point bias", "Y", "",
       dynamicQuantizeMatMul},
      {"QGemm", 4,
       "A a_scale a_zero_point B b_scale b_zero_point C y_scale y_zero_point",
       "Y", "alpha:f transA:i transB:i", qgemm},
  };
  return operators;
}

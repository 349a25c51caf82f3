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
  return unary("LeakyRelu <alpha = " + literal(call.number("alpha", 0.01)) +
               ">");
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

/// As Attention, of an integer product.
static std::string qattention(const ContribCall &call) {
  call.refuseInput(8, "input 'past' is not compiled");
  call.refuseUnless("do_rotary", 0);
  return scaledProduct("X", "X_zero_point", "W", "W_zero_point",
                       "Scales = Mul (X_scale, W_scale) ") +
         "Joint = Add (Scaled, bias) "
         "Q, K, V = Split <axis = -1, num_outputs = 3> (Joint) " +
         attend(call, 5, "mask_index", -1, call.dim(0, 1));
}

static std::string qgemm(const ContribCall &call) {
  std::string body = transposed(call, 0, "A", "AT", call.integer("transA", 0)) +
                     transposed(call, 3, "B", "BT", call.integer("transB", 0));
  std::string scales = formatv("Alpha = Constant <value_float = {0}> () "
                               "Both = Mul (a_scale, b_scale) "
                               "Scales = Mul (Both, Alpha) ",
                               literal(call.number("alpha", 1)))
                           .str();
  body += scaledProduct("AT", "a_zero_point", "BT", "b_zero_point", scales,
                        call.has(6) ? "C" : "");
  if (!call.has(7))
    return body + "Y = Identity (Scaled)";
  return body + "Y = QuantizeLinear (Scaled, y_scale, y_zero_point)";
}

/// `to`: LSTM's weights [directions, gates, inputs] of `from` [directions,
/// inputs, gates], bytes with a scale and a zero point for each direction, or
/// for each gate of it.
static std::string lstmWeights(const ContribCall &call, const std::string &from,
                               int zeroPoint, const std::string &to) {
  auto perDirection = [&](const std::string &name) {
    return name + "By = Reshape (" + name + ", ByDirection) ";
  };
  std::string body = from + "Real = Cast <to = 1> (" + from + ") " +
                     perDirection(from + "_scale");
  std::string centred = from + "Real";
  if (call.has(zeroPoint)) {
    body += perDirection(from + "_zero_point") + from +
            "Zero = Cast <to = 1> (" + from + "_zero_pointBy) " + from +
            "Centred = Sub (" + centred + ", " + from + "Zero) ";
    centred = from + "Centred";
  }
  return body + from + "Scaled = Mul (" + centred + ", " + from + "_scaleBy) " +
         to + " = Transpose <perm = [0, 2, 1]> (" + from + "Scaled) ";
}

/// An LSTM of real numbers with the weights' values. X is rounded to bytes, all
/// steps with one scale, as the description has it; the state, which it rounds
/// in every step, is not.
static std::string dynamicQuantizeLstm(const ContribCall &call) {
  call.refuseAttribute("activations");
  std::string body = "ByDirection = Constant <value_ints = [0, 1, -1]> () "
                     "XQ, XScale, XZero = DynamicQuantizeLinear (X) "
                     "XReal = DequantizeLinear (XQ, XScale, XZero) " +
                     lstmWeights(call, "W", 9, "WT") +
                     lstmWeights(call, "R", 11, "RT");
  std::string attributes =
      formatv("hidden_size = {0}, direction = \"{1}\", input_forget = {2}",
              call.integer("hidden_size", 0),
              call.string("direction", "forward"),
              call.integer("input_forget", 0))
          .str();
  if (double clip = call.number("clip", 0); clip > 0)
    attributes += ", clip = " + literal(clip);
  return body + "Y, Y_h, Y_c = LSTM <" + attributes +
         "> (XReal, WT, RT, B, sequence_lens, initial_h, initial_c, P)";
}

/// `to`: the numbers of `bits` bits in the bytes of `from`, the lowest first,
/// as floats of the shape given.
static std::string unpacked(const std::string &from, const std::string &to,
                            int64_t bits, const std::string &shape) {
  std::string body, parts;
  for (int64_t shift = 0; shift < 8; shift += bits) {
    std::string name = to + "P" + std::to_string(shift);
    body += formatv("{0}S = Constant <value = uint8 {{{1}}> () {0}M = Constant "
                    "<value = uint8 {{{2}}> () {0}R = BitShift <direction = "
                    "\"RIGHT\"> ({3}, {0}S) {0}A = BitwiseAnd ({0}R, {0}M) "
                    "{0}Axis = Constant <value_ints = [-1]> () {0} = Unsqueeze "
                    "({0}A, {0}Axis) ",
                    name, shift, (1 << bits) - 1, from)
                .str();
    parts += (parts.empty() ? "" : ", ") + name;
  }
  return body +
         formatv("{0}J = Concat <axis = -1> ({1}) {0}Shape = Constant "
                 "<value_ints = [{2}]> () {0}I = Reshape ({0}J, {0}Shape) "
                 "{0}F = Cast <to = 1> ({0}I) {0} = CastLike ({0}F, A) ",
                 to, parts, shape)
             .str();
}

/// `to`: the first `size` of the last dimension of `from`.
static std::string firstOf(const char *from, const char *to, int64_t size) {
  return formatv("{1}From = Constant <value_ints = [0]> () {1}To = Constant "
                 "<value_ints = [{2}]> () {1}Axis = Constant <value_ints = "
                 "[-1]> () {1} = Slice ({0}, {1}From, {1}To, {1}Axis) ",
                 from, to, size)
      .str();
}

/// B is [N, blocks, bytes]: each block of a column has a scale and a zero
/// point, which is packed as B is, or as A is typed; without it half the range.
static std::string matMulNBits(const ContribCall &call) {
  int64_t bits = call.integer("bits", 4), block = call.integer("block_size", 0);
  int64_t k = call.integer("K", 0), n = call.integer("N", 0);
  if (bits != 2 && bits != 4 && bits != 8)
    call.refuse(std::to_string(bits) + " bits are not compiled; 2, 4 or 8");
  call.refuseInput(4, "input 'g_idx' is not compiled");
  call.refuseUnless("weight_prepacked", 0);
  int64_t blocks = (k - 1) / block + 1;
  std::string each = formatv("{0}, {1}, 1", n, blocks).str();
  std::string body = unpacked("B", "Codes", bits,
                              formatv("{0}, {1}, {2}", n, blocks, block).str());
  body += "Each = Constant <value_ints = [" + each +
          "]> () Factors = Reshape (scales, Each) ";
  if (!call.has(3)) {
    body += formatv("Half = Constant <value_float = {0}> () Zeros = "
                    "CastLike (Half, A) ",
                    literal(1 << (bits - 1)))
                .str();
  } else if (call.isBytes(3)) {
    int64_t row = (blocks * bits + 7) / 8;
    body += formatv("Rows = Constant <value_ints = [{0}, {1}]> () Packed = "
                    "Reshape (zero_points, Rows) ",
                    n, row)
                .str() +
            unpacked("Packed", "Wide", bits,
                     formatv("{0}, {1}", n, row * 8 / bits).str()) +
            firstOf("Wide", "Narrow", blocks) +
            "Zeros = Reshape (Narrow, Each) ";
  } else {
    body += "Zeros = Reshape (zero_points, Each) ";
  }
  body += formatv("Centred = Sub (Codes, Zeros) Weights = Mul (Centred, "
                  "Factors) Flat = Constant <value_ints = [{0}, {1}]> () "
                  "Columns = Reshape (Weights, Flat) ",
                  n, blocks * block)
              .str();
  body += firstOf("Columns", "Used", k) +
          "Matrix = Transpose <perm = [1, 0]> (Used) "
          "Product = MatMul (A, Matrix) ";
  return body +
         (call.has(5) ? "Y = Add (Product, bias)" : "Y = Identity (Product)");
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
      {"DynamicQuantizeLSTM", 3,
       "X W R B sequence_lens initial_h initial_c P W_scale W_zero_point "
       "R_scale R_zero_point",
       "Y Y_h Y_c",
       "activation_alpha:F activation_beta:F activations:S clip:f direction:s "
       "hidden_size:i input_forget:i",
       dynamicQuantizeLstm},
      {"QAttention", 5,
       "X W bias X_scale W_scale mask_index X_zero_point W_zero_point past",
       "Y",
       "num_heads:i unidirectional:i scale:f mask_filter_value:f do_rotary:i "
       "past_present_share_buffer:i",
       qattention},
      {"MatMulNBits", 3, "A B scales zero_points g_idx bias", "Y",
       "K:i N:i bits:i block_size:i accuracy_level:i weight_prepacked:i",
       matMulNBits},
      {"QGemm", 4,
       "A a_scale a_zero_point B b_scale b_zero_point C y_scale y_zero_point",
       "Y", "alpha:f transA:i transB:i", qgemm},
  };
  return operators;
}

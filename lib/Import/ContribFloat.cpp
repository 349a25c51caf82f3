//===- ContribFloat.cpp - Fused operators of com.microsoft ----------------===//

#include "Contrib.h"

#include "llvm/Support/FormatVariadic.h"

using namespace aicc;
using namespace aicc::import;
using llvm::formatv;

std::string import::literal(double value) {
  return formatv("{0:e9}", value).str();
}

/// Y = activation(X), as FusedConv and FusedGemm name it.
static std::string activation(const ContribCall &call, const std::string &name,
                              double alpha, double beta) {
  if (name.empty())
    return "Y = Identity (X)";
  if (name == "Relu" || name == "Tanh" || name == "Sigmoid")
    return "Y = " + name + " (X)";
  if (name == "LeakyRelu")
    return "Y = LeakyRelu <alpha = " + literal(alpha) + "> (X)";
  if (name == "HardSigmoid")
    return "Y = HardSigmoid <alpha = " + literal(alpha) +
           ", beta = " + literal(beta) + "> (X)";
  if (name == "Clip")
    return "Low = Constant <value_float = " + literal(alpha) +
           "> () High = Constant <value_float = " + literal(beta) +
           "> () LowT = CastLike (Low, X) HighT = CastLike (High, X) "
           "Y = Clip (X, LowT, HighT)";
  call.refuse("activation '" + name + "' is not compiled");
}

static std::string gelu(const ContribCall &) { return "Y = Gelu (X)"; }

static std::string biasGelu(const ContribCall &) {
  return "S = Add (A, B) C = Gelu (S)";
}

static std::string fastGelu(const ContribCall &call) {
  std::string sum = call.has(1) ? "S = Add (X, bias)" : "S = Identity (X)";
  return sum + " Y = Gelu <approximate = \"tanh\"> (S)";
}

static std::string quickGelu(const ContribCall &call) {
  return "Alpha = Constant <value_float = " +
         literal(call.number("alpha", 1.702)) +
         "> () AlphaT = CastLike (Alpha, X) Scaled = Mul (X, AlphaT) "
         "Gate = Sigmoid (Scaled) Y = Mul (X, Gate)";
}

std::string import::transposed(const ContribCall &call, int input,
                               const char *from, const char *to,
                               bool isWanted) {
  int64_t rank = call.rank(input);
  if (!isWanted || rank < 2)
    return formatv("{0} = Identity ({1}) ", to, from).str();
  std::string order;
  for (int64_t i = 0; i < rank - 2; ++i)
    order += std::to_string(i) + ", ";
  return formatv("{0} = Transpose <perm = [{1}{2}, {3}]> ({4}) ", to, order,
                 rank - 1, rank - 2, from)
      .str();
}

static std::string fusedMatMul(const ContribCall &call) {
  call.refuseUnless("transBatchA", 0);
  call.refuseUnless("transBatchB", 0);
  return transposed(call, 0, "A", "AT", call.integer("transA", 0)) +
         transposed(call, 1, "B", "BT", call.integer("transB", 0)) +
         "P = MatMul (AT, BT) Alpha = Constant <value_float = " +
         literal(call.number("alpha", 1)) +
         "> () AlphaT = CastLike (Alpha, P) Y = Mul (P, AlphaT)";
}

static std::string fusedGemm(const ContribCall &call) {
  return formatv("X = Gemm <alpha = {0}, beta = {1}, transA = {2}, transB = "
                 "{3}> (A, B, C) ",
                 literal(call.number("alpha", 1)),
                 literal(call.number("beta", 1)), call.integer("transA", 0),
                 call.integer("transB", 0))
             .str() +
         activation(call, call.string("activation", ""),
                    call.number("activation_alpha",
                                call.number("leaky_relu_alpha", 0.01)),
                    call.number("activation_beta", 0.5));
}

static std::string fusedConv(const ContribCall &call) {
  std::vector<double> params = call.numbers("activation_params");
  params.resize(2);
  std::string conv =
      "P = Conv <auto_pad: string = @auto_pad, dilations: ints = @dilations, "
      "group: int = @group, kernel_shape: ints = @kernel_shape, pads: ints = "
      "@pads, strides: ints = @strides> (A, W, B) ";
  return conv + (call.has(3) ? "X = Add (P, Z) " : "X = Identity (P) ") +
         activation(call, call.string("activation", ""), params[0], params[1]);
}

/// S = X + skip, and a bias of both.
static std::string skipSum(const ContribCall &call, int bias) {
  if (!call.has(bias))
    return "S = Add (X, skip) ";
  return "Joined = Add (X, skip) S = Add (Joined, bias) ";
}

/// Y, mean and inv_std_var of S by its last dimension.
static std::string normalized(const ContribCall &call, const char *beta) {
  return formatv("Y, mean, inv_std_var = LayerNormalization <axis = -1, "
                 "epsilon = {0}> (S, gamma, {1}) ",
                 literal(call.number("epsilon", 1e-12)), beta)
      .str();
}

static std::string skipLayerNormalization(const ContribCall &call) {
  return skipSum(call, 4) + normalized(call, "beta") + "sum = Identity (S)";
}

static std::string skipSimplified(const ContribCall &call) {
  call.refuseOutput(1, "output 'mean' is not compiled");
  call.refuseOutput(2, "output 'inv_std_var' is not compiled");
  return skipSum(call, 3) +
         formatv("Y = RMSNormalization <axis = -1, epsilon = {0}> (S, gamma) ",
                 literal(call.number("epsilon", 1e-12)))
             .str() +
         "sum = Identity (S)";
}

static std::string embedLayerNormalization(const ContribCall &call) {
  int64_t batch = call.dim(0, 0), length = call.dim(0, 1);
  std::string body = "Words = Gather (word_embedding, input_ids) ";
  if (call.has(8))
    body += "Places = Gather (position_embedding, position_ids) ";
  else
    body += formatv("From = Constant <value_ints = [0]> () To = Constant "
                    "<value_ints = [{0}]> () Places = Slice "
                    "(position_embedding, From, To, From) ",
                    length)
                .str();
  body += "Placed = Add (Words, Places) ";
  if (call.has(1))
    body += "Segments = Gather (segment_embedding, segment_ids) "
            "S = Add (Placed, Segments) ";
  else
    body += "S = Identity (Placed) ";
  body += normalized(call, "beta");
  if (call.has(7))
    body += "Axis = Constant <value_ints = [1]> () mask_index = ReduceSum "
            "<keepdims = 0> (mask, Axis) ";
  else
    body += formatv("Batch = Constant <value_ints = [{0}]> () mask_index = "
                    "ConstantOfShape <value = int32[1] {{0}> (Batch) ",
                    batch)
                .str();
  return body + "embedding_sum = Identity (S)";
}

static std::string rotaryEmbedding(const ContribCall &call) {
  call.refuseUnless("is_packed_batching", 0);
  if (call.number("scale", 1) != 1)
    call.refuse("attribute 'scale' is compiled as 1 only");
  int64_t rank = call.rank(0), half = call.dim(2, 1);
  int64_t heads = call.integer("num_heads", 0);
  int64_t rotated = call.integer("rotary_embedding_dim", 0);
  if (half < 1)
    call.refuse("input 'cos_cache' has no columns");
  if (rank == 3 && heads == 0)
    heads = call.dim(0, 2) / (2 * half);
  int64_t batch = call.dim(0, 0), length = call.dim(0, rank == 3 ? 1 : 2);
  std::string body;
  if (call.rank(1) == 2)
    body = "Places = Identity (position_ids) ";
  else // One number: where the sequence begins.
    body = formatv("Zero = Constant <value_int = 0> () One = Constant "
                   "<value_int = 1> () Length = Constant <value_int = {0}> () "
                   "Steps = Range (Zero, Length, One) Run = Add (Steps, "
                   "position_ids) Shape = Constant <value_ints = [{1}, {0}]> "
                   "() Places = Expand (Run, Shape) ",
                   length, batch)
               .str();
  return body +
         formatv("Y = RotaryEmbedding <interleaved = {0}, num_heads = {1}, "
                 "rotary_embedding_dim = {2}> (X, cos_cache, sin_cache, "
                 "Places)",
                 call.integer("interleaved", 0), heads, rotated)
             .str();
}

std::string import::attend(const ContribCall &call, int mask,
                           const char *maskName, int bias, int64_t keys) {
  int64_t heads = call.integer("num_heads", 0);
  std::string scale;
  if (double factor = call.number("scale", 0))
    scale = ", scale = " + literal(factor);
  std::string body, added = call.has(bias) ? "attention_bias" : "";
  if (call.has(mask)) {
    if (call.rank(mask) == 2)
      body = formatv("Keep = Cast <to = 9> ({0}) ", maskName).str();
    else if (call.rank(mask) == 1 && call.dim(mask, 0) == call.dim(0, 0))
      body = formatv("First = Constant <value_int = 0> () One = Constant "
                     "<value_int = 1> () Keys = Constant <value_int = {1}> () "
                     "Places = Range (First, Keys, One) Last = Constant "
                     "<value_ints = [-1]> () Wide = Cast <to = 7> ({0}) "
                     "Lengths = Unsqueeze (Wide, Last) Keep = Less (Places, "
                     "Lengths) ",
                     maskName, keys)
                 .str();
    else
      call.refuse(std::string("input '") + maskName +
                  "' is compiled as [batch] or [batch, keys] only");
    body += formatv("Inner = Constant <value_ints = [1, 2]> () Spread = "
                    "Unsqueeze (Keep, Inner) Zero = Constant <value_float = "
                    "0.0> () Least = Constant <value_float = {0}> () Masked = "
                    "Where (Spread, Zero, Least) MaskedT = CastLike (Masked, "
                    "Q) ",
                    literal(call.number("mask_filter_value", -10000)))
                .str();
    if (!added.empty())
      body += "MaskedAll = Add (MaskedT, attention_bias) ";
    added = added.empty() ? "MaskedT" : "MaskedAll";
  }
  return body + formatv("Y = Attention <q_num_heads = {0}, kv_num_heads = {0}, "
                        "is_causal = {1}{2}> (Q, K, V, {3})",
                        heads, call.integer("unidirectional", 0) ? 1 : 0, scale,
                        added)
                    .str();
}

/// Query, key and value are one product with the input.
static std::string attention(const ContribCall &call) {
  call.refuseInput(4, "input 'past' is not compiled");
  call.refuseInput(6, "input 'past_sequence_length' is not compiled");
  call.refuseUnless("do_rotary", 0);
  if (!call.integers("qkv_hidden_sizes").empty())
    call.refuse("attribute 'qkv_hidden_sizes' is not compiled");
  std::string body = "Product = MatMul (X, weights) ";
  body +=
      call.has(2) ? "All = Add (Product, bias) " : "All = Identity (Product) ";
  body += "Q, K, V = Split <axis = -1, num_outputs = 3> (All) ";
  return body + attend(call, 3, "mask_index", 5, call.dim(0, 1));
}

static std::string multiHeadAttention(const ContribCall &call) {
  if (call.rank(0) != 3 || !call.has(1) || !call.has(2) || call.rank(1) != 3 ||
      call.rank(2) != 3)
    call.refuse("packed queries, keys or values are not compiled");
  for (int past : {6, 7, 8, 9})
    call.refuseInput(past, "keys and values of the past are not compiled");
  std::string body;
  if (!call.has(3)) {
    body = "Q = Identity (query) K = Identity (key) V = Identity (value) ";
  } else {
    int64_t width = call.dim(0, 2), values = call.dim(2, 2);
    body = formatv("Sizes = Constant <value_ints = [{0}, {0}, {1}]> () "
                   "BQ, BK, BV = Split <axis = 0> (bias, Sizes) "
                   "Q = Add (query, BQ) K = Add (key, BK) V = Add (value, BV) ",
                   width, values)
               .str();
  }
  return body + attend(call, 4, "key_padding_mask", 5, call.dim(1, 1));
}

llvm::ArrayRef<ContribOperator> aicc::import::contribFloatOperators() {
  static const ContribOperator operators[] = {
      {"Gelu", 1, "X", "Y", "", gelu},
      {"BiasGelu", 2, "A B", "C", "", biasGelu},
      {"FastGelu", 1, "X bias", "Y", "", fastGelu},
      {"QuickGelu", 1, "X", "Y", "alpha:f", quickGelu},
      {"FusedMatMul", 2, "A B", "Y",
       "alpha:f transA:i transB:i transBatchA:i transBatchB:i", fusedMatMul},
      {"FusedGemm", 2, "A B C", "Y",
       "alpha:f beta:f transA:i transB:i activation:s activation_alpha:f "
       "activation_beta:f leaky_relu_alpha:f",
       fusedGemm},
      {"FusedConv", 2, "A W B Z", "Y",
       "auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I "
       "activation:s activation_params:F",
       fusedConv},
      {"SkipLayerNormalization", 3, "X skip gamma beta bias",
       "Y mean inv_std_var sum", "epsilon:f", skipLayerNormalization},
      {"SkipSimplifiedLayerNormalization", 3, "X skip gamma bias",
       "Y mean inv_std_var sum", "epsilon:f", skipSimplified},
      {"EmbedLayerNormalization", 1,
       "input_ids segment_ids word_embedding position_embedding "
       "segment_embedding gamma beta mask position_ids",
       "Y mask_index embedding_sum", "epsilon:f mask_index_type:i",
       embedLayerNormalization},
      {"RotaryEmbedding", 4, "X position_ids cos_cache sin_cache", "Y",
       "interleaved:i num_heads:i rotary_embedding_dim:i scale:f "
       "is_packed_batching:i",
       rotaryEmbedding},
      {"Attention", 2,
       "X weights bias mask_index past attention_bias past_sequence_length",
       "Y",
       "num_heads:i unidirectional:i scale:f do_rotary:i qkv_hidden_sizes:I "
       "mask_filter_value:f past_present_share_buffer:i rotary_embedding_dim:i",
       attention},
      {"MultiHeadAttention", 1,
       "query key value bias key_padding_mask attention_bias past_key "
       "past_value past_sequence_length cache_indirection",
       "Y", "num_heads:i unidirectional:i scale:f mask_filter_value:f",
       multiHeadAttention},
  };
  return operators;
}

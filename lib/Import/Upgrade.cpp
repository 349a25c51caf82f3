//===- Upgrade.cpp - Nodes in the form of the newest operator set ---------===//
//
// One rule for each change between versions of an operator that is more than
// wider types. It works on a node at a time, after types are inferred in the
// model's own operator set; so sub-graphs, names and locations stay as they
// are (docs/design/0004-import.md says why ONNX's version converter is not
// used). To add a rule: a function and a line in `kRules`.
//
//===----------------------------------------------------------------------===//

#include "Build.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringSwitch.h"

#include <cfloat>

using namespace mlir;
using namespace aicc;
using namespace aicc::import;
using ::onnx::AttributeProto;

namespace {

AttributeProto *find(Draft &d, const char *name) {
  auto it = d.attributes.find(name);
  return it == d.attributes.end() ? nullptr : &it->second;
}

int64_t takeInt(Draft &d, const char *name, int64_t otherwise) {
  AttributeProto *attr = find(d, name);
  int64_t value = attr ? attr->i() : otherwise;
  d.attributes.erase(name);
  return value;
}

void setInt(Draft &d, const char *name, int64_t value) {
  AttributeProto attr;
  attr.set_name(name);
  attr.set_type(AttributeProto::INT);
  attr.set_i(value);
  d.attributes[name] = attr;
}

void setString(Draft &d, const char *name, const char *value) {
  AttributeProto attr;
  attr.set_name(name);
  attr.set_type(AttributeProto::STRING);
  attr.set_s(value);
  d.attributes[name] = attr;
}

void setInput(Draft &d, size_t i, Value value) {
  if (d.inputs.size() <= i)
    d.inputs.resize(i + 1);
  d.inputs[i] = value;
}

/// Turns the INTS attribute `name` into input `i`.
void intsToInput(Draft &d, Emitter &e, const char *name, size_t i) {
  if (AttributeProto *attr = find(d, name))
    setInput(
        d, i,
        e.ints({attr->ints().data(), static_cast<size_t>(attr->ints_size())}));
  d.attributes.erase(name);
}

Type elementTypeOf(Value value) {
  return cast<TensorType>(value.getType()).getElementType();
}

RankedTensorType rankedTypeOf(Value value) {
  return dyn_cast<RankedTensorType>(value.getType());
}

[[noreturn]] void unsupported(Draft &d, const llvm::Twine &what) {
  refuse(d.ref, ErrorCode::Unsupported,
         what + " in this version of the operator",
         "export the model for a newer operator set");
}

//===----------------------------------------------------------------------===//
// Attributes that became inputs
//===----------------------------------------------------------------------===//

void axesToInput(Draft &d, Emitter &e) { intsToInput(d, e, "axes", 1); }
void shapeToInput(Draft &d, Emitter &e) { intsToInput(d, e, "shape", 1); }

void upgradeSplit(Draft &d, Emitter &e) {
  intsToInput(d, e, "split", 1);
  // Since 18 equal parts must be asked for.
  if (d.inputs.size() < 2 || !d.inputs[1])
    setInt(d, "num_outputs", static_cast<int64_t>(d.results.size()));
}

void upgradeSlice(Draft &d, Emitter &e) {
  intsToInput(d, e, "starts", 1);
  intsToInput(d, e, "ends", 2);
  intsToInput(d, e, "axes", 3);
}

void upgradeTopK(Draft &d, Emitter &e) {
  setInput(d, 1, e.ints({takeInt(d, "k", 1)}));
}

void upgradeDft(Draft &d, Emitter &e) {
  setInput(d, 2,
           e.scalarOf(double(takeInt(d, "axis", 1)), e.builder.getI64Type()));
}

/// Clip-6: absent limits are those of float.
void upgradeClip(Draft &d, Emitter &e) {
  Type element = elementTypeOf(d.inputs[0]);
  if (AttributeProto *min = find(d, "min"))
    if (min->f() > -FLT_MAX)
      setInput(d, 1, e.scalarOf(min->f(), element));
  if (AttributeProto *max = find(d, "max"))
    if (max->f() < FLT_MAX)
      setInput(d, 2, e.scalarOf(max->f(), element));
}

void upgradeDropout(Draft &d, Emitter &e) {
  float ratio = find(d, "ratio") ? find(d, "ratio")->f() : 0.5f;
  setInput(d, 1, e.scalarOf(ratio, e.builder.getF32Type()));
  // The mask was of the type of the data.
  if (d.results.size() > 1)
    if (auto mask = dyn_cast<TensorType>(d.results[1]))
      if (!mask.getElementType().isInteger(1))
        d.results[1] = e.builder.getNoneType();
}

void upgradePad(Draft &d, Emitter &e) {
  if (AttributeProto *old = find(d, "paddings")) { // Pad-1
    AttributeProto pads = *old;
    d.attributes["pads"] = pads;
  }
  intsToInput(d, e, "pads", 1);
  if (AttributeProto *value = find(d, "value"))
    setInput(d, 2, e.scalarOf(value->f(), elementTypeOf(d.inputs[0])));
  d.attributes.erase("value");
}

//===----------------------------------------------------------------------===//
// Broadcasting before operator set 7
//===----------------------------------------------------------------------===//

/// `broadcast` with `axis`: B's dimensions lie along A's from `axis` on.
void upgradeBroadcast(Draft &d, Emitter &e) {
  bool hasAxis = find(d, "axis") != nullptr;
  int64_t axis = takeInt(d, "axis", 0);
  if (!takeInt(d, "broadcast", 0) || !hasAxis || d.inputs.size() < 2)
    return;
  RankedTensorType a = rankedTypeOf(d.inputs[0]), b = rankedTypeOf(d.inputs[1]);
  if (!a || !b)
    unsupported(d, "broadcasting along an axis without known ranks");
  if (axis < 0)
    axis += a.getRank();
  int64_t trailing = a.getRank() - axis - b.getRank();
  if (trailing <= 0)
    return;
  llvm::SmallVector<int64_t> axes, dims(b.getShape());
  for (int64_t i = 0; i < trailing; ++i) {
    axes.push_back(b.getRank() + i);
    dims.push_back(1);
  }
  d.inputs[1] = e.emit("Unsqueeze", {d.inputs[1], e.ints(axes)},
                       RankedTensorType::get(dims, b.getElementType()));
}

/// PRelu-6: a 1-D slope lies along the channels.
void upgradePRelu(Draft &d, Emitter &e) {
  RankedTensorType x = rankedTypeOf(d.inputs[0]);
  RankedTensorType slope = rankedTypeOf(d.inputs[1]);
  if (!x || !slope || slope.getRank() != 1 || x.getRank() < 3)
    return;
  setInt(d, "broadcast", 1);
  setInt(d, "axis", 1);
  upgradeBroadcast(d, e);
}

//===----------------------------------------------------------------------===//
// Softmax, Resize and others whose meaning changed
//===----------------------------------------------------------------------===//

/// Before 13 the input was a matrix: dimensions before and from `axis`.
void upgradeSoftmax(Draft &d, Emitter &e) {
  int64_t axis = takeInt(d, "axis", 1);
  RankedTensorType type = rankedTypeOf(d.inputs[0]);
  if (!type)
    unsupported(d, "an input without a known rank");
  if (axis < 0)
    axis += type.getRank();
  if (axis == type.getRank() - 1)
    return setInt(d, "axis", axis);
  if (!type.hasStaticShape())
    unsupported(d, "an input whose shape is not known");
  int64_t rows = 1, columns = 1;
  for (int64_t i = 0; i < type.getRank(); ++i)
    (i < axis ? rows : columns) *= type.getDimSize(i);
  auto matrix = RankedTensorType::get({rows, columns}, type.getElementType());
  d.inputs[0] =
      e.emit("Flatten", d.inputs[0], matrix,
             e.builder.getNamedAttr("axis", e.builder.getI64IntegerAttr(axis)));
  setInt(d, "axis", 1);
  d.reshaped = dyn_cast<RankedTensorType>(d.results[0]);
  d.results[0] = matrix;
}

/// Resize-10 and Upsample: coordinates divided by the scale, rounded down.
void upgradeResize(Draft &d, Emitter &e) {
  d.op = "Resize";
  AttributeProto *mode = find(d, "mode");
  if (mode && mode->s() == "bilinear")
    mode->set_s("linear");
  setString(d, "coordinate_transformation_mode", "asymmetric");
  setString(d, "nearest_mode", "floor");
  Value scales = d.inputs.size() > 1 ? d.inputs[1] : Value();
  if (AttributeProto *attr = find(d, "scales")) // Upsample-7
    scales = e.floats(
        {attr->floats().data(), static_cast<size_t>(attr->floats_size())});
  if (AttributeProto *height = find(d, "height_scale")) { // Upsample-1
    AttributeProto *width = find(d, "width_scale");
    scales = e.floats({1.0f, 1.0f, height->f(), width ? width->f() : 1.0f});
  }
  d.inputs.resize(1);
  setInput(d, 2, scales);
}

/// Cast-1 names its type.
void upgradeCast(Draft &d, Emitter &) {
  AttributeProto *to = find(d, "to");
  if (!to || to->type() != AttributeProto::STRING)
    return;
  ::onnx::TensorProto::DataType type;
  if (!::onnx::TensorProto_DataType_Parse(llvm::StringRef(to->s()).upper(),
                                          &type))
    refuse(d.ref, ErrorCode::Attr,
           "attribute 'to' is '" + to->s() + "', which is no element type");
  setInt(d, "to", type);
}

/// Concat-1 joins along dimension 1 unless it is told otherwise.
void upgradeConcat(Draft &d, Emitter &) {
  if (!find(d, "axis"))
    setInt(d, "axis", 1);
}

/// Outputs 3 and 4 were for training.
void upgradeBatchNormalization(Draft &d, Emitter &) {
  if (d.results.size() > 3)
    d.results.resize(3);
  if (AttributeProto *spatial = find(d, "spatial"))
    if (spatial->i() == 0)
      unsupported(d, "'spatial' of 0");
}

void upgradeScatter(Draft &d, Emitter &) { d.op = "ScatterElements"; }

void upgradeGridSample(Draft &d, Emitter &) {
  AttributeProto *mode = find(d, "mode");
  if (!mode)
    return;
  if (mode->s() == "bilinear")
    mode->set_s("linear");
  else if (mode->s() == "bicubic")
    mode->set_s("cubic");
}

/// Scale and bias were one for each group; now one for each channel.
void upgradeGroupNormalization(Draft &d, Emitter &e) {
  RankedTensorType x = rankedTypeOf(d.inputs[0]);
  int64_t groups = find(d, "num_groups") ? find(d, "num_groups")->i() : 0;
  if (!x || x.getRank() < 2 || x.isDynamicDim(1) || groups < 1 ||
      x.getDimSize(1) % groups)
    unsupported(d, "channels that are not known");
  int64_t channels = x.getDimSize(1);
  for (size_t i : {1, 2}) {
    Type element = elementTypeOf(d.inputs[i]);
    Value column = e.emit("Unsqueeze", {d.inputs[i], e.ints({1})},
                          RankedTensorType::get({groups, 1}, element));
    Value wide =
        e.emit("Expand", {column, e.ints({groups, channels / groups})},
               RankedTensorType::get({groups, channels / groups}, element));
    d.inputs[i] = e.emit("Reshape", {wide, e.ints({channels})},
                         RankedTensorType::get({channels}, element));
  }
}

/// MeanVarianceNormalization-1 says whether channels count, not the axes.
void upgradeMeanVariance(Draft &d, Emitter &) {
  bool across = takeInt(d, "across_channels", 0);
  AttributeProto axes;
  axes.set_name("axes");
  axes.set_type(AttributeProto::INTS);
  for (int64_t axis : {0, 1, 2, 3})
    if (axis != 1 || across)
      axes.add_ints(axis);
  d.attributes["axes"] = axes;
}

void refuseScan8(Draft &d, Emitter &) { unsupported(d, "Scan over batches"); }

//===----------------------------------------------------------------------===//
// The rules
//===----------------------------------------------------------------------===//

struct Rule {
  llvm::StringLiteral op;
  int before; ///< Applies to schemas older than this operator set.
  void (*apply)(Draft &, Emitter &);
};

const Rule kRules[] = {
    {"Add", 7, upgradeBroadcast},
    {"And", 7, upgradeBroadcast},
    {"BatchNormalization", 14, upgradeBatchNormalization},
    {"Cast", 6, upgradeCast},
    {"Clip", 11, upgradeClip},
    {"Concat", 4, upgradeConcat},
    {"DFT", 20, upgradeDft},
    {"Div", 7, upgradeBroadcast},
    {"Dropout", 12, upgradeDropout},
    {"Equal", 7, upgradeBroadcast},
    {"Greater", 7, upgradeBroadcast},
    {"GridSample", 20, upgradeGridSample},
    {"GroupNormalization", 21, upgradeGroupNormalization},
    {"Hardmax", 13, upgradeSoftmax},
    {"Less", 7, upgradeBroadcast},
    {"LogSoftmax", 13, upgradeSoftmax},
    {"MeanVarianceNormalization", 9, upgradeMeanVariance},
    {"Mul", 7, upgradeBroadcast},
    {"Or", 7, upgradeBroadcast},
    {"PRelu", 7, upgradePRelu},
    {"Pad", 11, upgradePad},
    {"Pow", 7, upgradeBroadcast},
    {"ReduceL1", 18, axesToInput},
    {"ReduceL2", 18, axesToInput},
    {"ReduceLogSum", 18, axesToInput},
    {"ReduceLogSumExp", 18, axesToInput},
    {"ReduceMax", 18, axesToInput},
    {"ReduceMean", 18, axesToInput},
    {"ReduceMin", 18, axesToInput},
    {"ReduceProd", 18, axesToInput},
    {"ReduceSum", 13, axesToInput},
    {"ReduceSumSquare", 18, axesToInput},
    {"Reshape", 5, shapeToInput},
    {"Resize", 11, upgradeResize},
    {"Scan", 9, refuseScan8},
    {"Scatter", 28, upgradeScatter},
    {"Slice", 10, upgradeSlice},
    {"Softmax", 13, upgradeSoftmax},
    {"Split", 18, upgradeSplit},
    {"Squeeze", 13, axesToInput},
    {"Sub", 7, upgradeBroadcast},
    {"TopK", 10, upgradeTopK},
    {"Unsqueeze", 13, axesToInput},
    {"Upsample", 28, upgradeResize},
    {"Xor", 7, upgradeBroadcast},
};

/// Defaults that are others in the newest schema are written out.
void keepDefaults(Draft &d) {
  const ::onnx::OpSchema *newest =
      ::onnx::OpSchemaRegistry::Schema(d.op, 1 << 20, d.ref.node.domain());
  if (!newest)
    return;
  for (const auto &[name, attr] : d.schema.attributes()) {
    if (attr.default_value.type() == AttributeProto::UNDEFINED ||
        d.attributes.count(name))
      continue;
    auto it = newest->attributes().find(name);
    if (it == newest->attributes().end() ||
        it->second.default_value.SerializeAsString() ==
            attr.default_value.SerializeAsString())
      continue;
    d.attributes[name] = attr.default_value;
    d.attributes[name].set_name(name);
  }
}

} // namespace

void import::upgrade(Draft &draft, Emitter &emitter) {
  keepDefaults(draft);
  if (!draft.ref.node.domain().empty())
    return;
  for (const Rule &rule : kRules)
    if (draft.op == rule.op && draft.schema.SinceVersion() < rule.before)
      return rule.apply(draft, emitter);
}

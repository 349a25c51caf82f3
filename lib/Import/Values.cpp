//===- Values.cpp - Inputs that are fixed when compiling ------------------===//
//
// `--value` gives an input a value: it becomes an initialiser, which is no
// longer asked for, and shapes may depend on it.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

#include "aicc/Runtime/Npy.h"

#include <type_traits>

using namespace aicc;
using namespace aicc::import;
using ::onnx::TensorProto;
using ::onnx::ValueInfoProto;

static TensorProto::DataType typeOf(aicc_dtype dtype) {
  switch (dtype) {
  case AICC_BOOL:
    return TensorProto::BOOL;
  case AICC_INT8:
    return TensorProto::INT8;
  case AICC_UINT8:
    return TensorProto::UINT8;
  case AICC_INT16:
    return TensorProto::INT16;
  case AICC_UINT16:
    return TensorProto::UINT16;
  case AICC_INT32:
    return TensorProto::INT32;
  case AICC_UINT32:
    return TensorProto::UINT32;
  case AICC_INT64:
    return TensorProto::INT64;
  case AICC_UINT64:
    return TensorProto::UINT64;
  case AICC_FLOAT16:
    return TensorProto::FLOAT16;
  case AICC_BFLOAT16:
    return TensorProto::BFLOAT16;
  case AICC_FLOAT32:
    return TensorProto::FLOAT;
  case AICC_FLOAT64:
    return TensorProto::DOUBLE;
  default: // What a file of numpy cannot say.
    break;
  }
  return TensorProto::UNDEFINED;
}

namespace {
/// One `--value`.
class Binder {
public:
  Binder(Importer &importer, const std::string &name, llvm::StringRef text)
      : importer(importer), name(name), text(text) {}

  TensorProto run();

private:
  [[noreturn]] void fail(const llvm::Twine &message) const {
    refuse(ErrorCode::Usage, "--value=" + name + ": " + message);
  }
  const ValueInfoProto &findInput() const;
  TensorProto fromFile(llvm::StringRef path) const;
  TensorProto fromNumbers() const;
  std::vector<int64_t> shapeFor(int64_t count) const;
  void checkShape(const TensorProto &tensor) const;
  template <typename T>
  void append(TensorProto &tensor, llvm::StringRef number) const;

  Importer &importer;
  const std::string &name;
  llvm::StringRef text;
  const ::onnx::TypeProto::Tensor *type = nullptr;
};
} // namespace

const ValueInfoProto &Binder::findInput() const {
  std::string inputs;
  for (const ValueInfoProto &input : importer.model.graph().input()) {
    if (input.name() == name)
      return input;
    inputs += (inputs.empty() ? "" : ", ") + input.name();
  }
  fail("the model has no such input; it has " + inputs);
}

/// The dimensions of `count` numbers: those of --shape, or of the model; one
/// that is not known is what is left.
std::vector<int64_t> Binder::shapeFor(int64_t count) const {
  auto given = importer.options.shapes.find(name);
  if (given != importer.options.shapes.end())
    return given->second;
  if (!type->has_shape())
    return count == 1 ? std::vector<int64_t>() : std::vector<int64_t>{count};
  std::vector<int64_t> dims;
  int64_t known = 1, open = -1;
  for (const auto &dim : type->shape().dim()) {
    if (dim.has_dim_value()) {
      known *= std::max<int64_t>(dim.dim_value(), 1);
    } else if (open >= 0) {
      fail("several dimensions of the input are not known: pass --shape=" +
           name + ":..., or a file");
    } else {
      open = int64_t(dims.size());
    }
    dims.push_back(dim.has_dim_value() ? dim.dim_value() : 1);
  }
  if (open >= 0)
    dims[open] = std::max<int64_t>(count / known, 1);
  return dims;
}

template <typename T>
void Binder::append(TensorProto &tensor, llvm::StringRef number) const {
  T value = T();
  if constexpr (std::is_floating_point_v<T>) {
    double real;
    if (number.getAsDouble(real))
      fail("'" + number + "' is no number");
    value = T(real);
  } else if (number.getAsInteger(10, value)) {
    fail("'" + number + "' is no " + dataTypeName(tensor.data_type()));
  }
  tensor.mutable_raw_data()->append(reinterpret_cast<const char *>(&value),
                                    sizeof(T));
}

TensorProto Binder::fromNumbers() const {
  llvm::SmallVector<llvm::StringRef> numbers;
  if (!text.empty())
    text.split(numbers, ',');
  TensorProto tensor;
  tensor.set_data_type(type->elem_type());
  for (llvm::StringRef number : numbers)
    switch (type->elem_type()) {
    case TensorProto::INT64:
      append<int64_t>(tensor, number);
      break;
    case TensorProto::INT32:
      append<int32_t>(tensor, number);
      break;
    case TensorProto::FLOAT:
      append<float>(tensor, number);
      break;
    case TensorProto::DOUBLE:
      append<double>(tensor, number);
      break;
    case TensorProto::BOOL:
      if (number != "0" && number != "1")
        fail("'" + number + "' is no bool: expected 0 or 1");
      tensor.mutable_raw_data()->push_back(char(number == "1"));
      break;
    default:
      fail("numbers of type " + dataTypeName(type->elem_type()) +
           " come from a file: --value=" + name + ":@FILE.npy");
    }
  auto count = int64_t(numbers.size());
  int64_t wanted = 1;
  for (int64_t dim : shapeFor(count)) {
    tensor.add_dims(dim);
    wanted *= dim;
  }
  if (wanted != count)
    fail("expected " + llvm::Twine(wanted) + " numbers, found " +
         llvm::Twine(count));
  return tensor;
}

TensorProto Binder::fromFile(llvm::StringRef path) const {
  HostTensor array;
  std::string error;
  if (!readNpy(path.str(), array, error))
    fail("'" + path + "' " + error);
  TensorProto tensor;
  tensor.set_data_type(typeOf(array.dtype));
  if (tensor.data_type() != type->elem_type())
    fail("expected " + dataTypeName(type->elem_type()) + ", '" + path +
         "' holds " + dataTypeName(tensor.data_type()));
  for (int64_t dim : array.shape)
    tensor.add_dims(dim);
  tensor.set_raw_data(array.data(), array.bytes());
  return tensor;
}

void Binder::checkShape(const TensorProto &tensor) const {
  if (!type->has_shape())
    return;
  const auto &declared = type->shape().dim();
  if (declared.size() != tensor.dims_size())
    fail("expected " + llvm::Twine(declared.size()) + " dimensions, found " +
         llvm::Twine(tensor.dims_size()));
  for (int i = 0; i < declared.size(); ++i)
    if (declared[i].has_dim_value() &&
        declared[i].dim_value() != tensor.dims(i))
      fail("dimension " + llvm::Twine(i) + " is " +
           llvm::Twine(tensor.dims(i)) + ", the model fixes it to " +
           llvm::Twine(declared[i].dim_value()));
}

TensorProto Binder::run() {
  const ValueInfoProto &input = findInput();
  if (!input.type().has_tensor_type())
    fail("the input is no tensor");
  type = &input.type().tensor_type();
  TensorProto tensor =
      text.starts_with("@") ? fromFile(text.drop_front()) : fromNumbers();
  checkShape(tensor);
  tensor.set_name(name);
  return tensor;
}

/// An input that is an initialiser, too, is the constant.
void import::bindValues(Importer &importer) {
  for (const auto &[name, text] : importer.options.values) {
    TensorProto tensor = Binder(importer, name, text).run();
    auto &initializers = *importer.model.mutable_graph()->mutable_initializer();
    for (const TensorProto &known : initializers)
      if (known.name() == name)
        refuse(ErrorCode::Usage,
               "--value=" + name + ": the model has a value for this input");
    *initializers.Add() = std::move(tensor);
  }
}

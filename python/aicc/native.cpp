//===- native.cpp - The part of the Python package in C++ -------*- C++ -*-===//
//
// A thin layer over the C interfaces of the compiler (aicc-c/aicc.h) and of the
// runtime (aicc-c/runtime.h). It converts values and releases the GIL; what
// users see is in the Python files beside it.
//
//===----------------------------------------------------------------------===//

#include "aicc-c/aicc.h"
#include "aicc-c/runtime.h"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace nb = nanobind;

namespace {

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

nb::dict toDict(const aicc_diagnostic &diagnostic) {
  static const char *const severities[] = {"error", "warning", "remark",
                                           "note"};
  nb::list notes;
  for (size_t i = 0; i < diagnostic.num_notes; ++i)
    notes.append(nb::str(diagnostic.notes[i]));
  nb::dict dict;
  dict["severity"] = severities[diagnostic.severity];
  dict["code"] = diagnostic.code;
  dict["file"] = diagnostic.file;
  dict["node"] = diagnostic.node;
  dict["op"] = diagnostic.op;
  dict["opset"] = diagnostic.opset;
  dict["message"] = diagnostic.message;
  dict["help"] = diagnostic.help;
  dict["notes"] = notes;
  return dict;
}

using Settings = std::vector<std::pair<std::string, std::string>>;
using Options = std::unique_ptr<aicc_options, void (*)(aicc_options *)>;
using Compilation =
    std::unique_ptr<aicc_compilation, void (*)(aicc_compilation *)>;

/// Raises ValueError for an option that does not exist or a value that it does
/// not take.
Options toOptions(const Settings &settings) {
  Options options(aicc_options_create(), aicc_options_destroy);
  for (const auto &[name, value] : settings)
    if (aicc_options_set(options.get(), name.c_str(), value.c_str()) != 0)
      throw nb::value_error(aicc_options_error(options.get()));
  return options;
}

/// (status, `text`, diagnostics)
nb::tuple outcome(const Compilation &result, const char *text) {
  nb::list diagnostics;
  size_t count = aicc_compilation_num_diagnostics(result.get());
  for (size_t i = 0; i < count; ++i)
    diagnostics.append(toDict(*aicc_compilation_diagnostic(result.get(), i)));
  return nb::make_tuple(aicc_compilation_status(result.get()), text,
                        diagnostics);
}

/// (status, path of what was written, diagnostics)
nb::tuple compile(const std::string &model, const std::string &output,
                  const Settings &settings) {
  Options options = toOptions(settings);
  Compilation result(nullptr, aicc_compilation_destroy);
  {
    nb::gil_scoped_release release;
    result.reset(aicc_compile(model.c_str(), output.c_str(), options.get()));
  }
  return outcome(result, aicc_compilation_output(result.get()));
}

/// (status, report as JSON, diagnostics)
nb::tuple estimate(const std::string &model, const Settings &settings) {
  Options options = toOptions(settings);
  Compilation result(nullptr, aicc_compilation_destroy);
  {
    nb::gil_scoped_release release;
    result.reset(aicc_estimate(model.c_str(), options.get()));
  }
  return outcome(result, aicc_compilation_report(result.get()));
}

/// A model for many estimates, one at a time.
class Prepared {
public:
  /// As `estimate`.
  nb::tuple estimate(const std::string &model, const Settings &settings) {
    Options options = toOptions(settings);
    Compilation result(nullptr, aicc_compilation_destroy);
    {
      nb::gil_scoped_release release;
      result.reset(
          aicc_estimate_prepared(prepared.get(), model.c_str(), options.get()));
    }
    return outcome(result, aicc_compilation_report(result.get()));
  }

private:
  std::unique_ptr<aicc_prepared, void (*)(aicc_prepared *)> prepared{
      aicc_prepared_create(), aicc_prepared_destroy};
};

/// (status, page, diagnostics) of a report as JSON
nb::tuple reportPage(const std::string &json) {
  Compilation result(nullptr, aicc_compilation_destroy);
  {
    nb::gil_scoped_release release;
    result.reset(aicc_report_page(json.c_str()));
  }
  return outcome(result, aicc_compilation_report(result.get()));
}

std::vector<std::string> machines() {
  std::vector<std::string> names;
  for (size_t i = 0, e = aicc_num_machines(); i < e; ++i)
    names.emplace_back(aicc_machine_name(i));
  return names;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Raises the Python exception that fits a status of the runtime.
[[noreturn]] void raise(aicc_status status, const char *text) {
  PyObject *type = PyExc_RuntimeError;
  switch (status) {
  case AICC_ERROR_DTYPE:
    type = PyExc_TypeError;
    break;
  case AICC_ERROR_ARGUMENT:
  case AICC_ERROR_FORMAT:
  case AICC_ERROR_COUNT:
  case AICC_ERROR_RANK:
  case AICC_ERROR_SHAPE:
  case AICC_ERROR_ALIGNMENT:
  case AICC_ERROR_NAME:
    type = PyExc_ValueError;
    break;
  case AICC_ERROR_IO:
    type = PyExc_OSError;
    break;
  case AICC_ERROR_MEMORY:
    type = PyExc_MemoryError;
    break;
  default:
    break;
  }
  PyErr_SetString(type, text);
  throw nb::python_error();
}

/// An array of the caller and its element type, given apart because numpy has
/// not all types of its own (bfloat16 comes as uint16, smaller ones as uint8).
using Input =
    std::pair<nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>, int>;
using Output = std::pair<nb::ndarray<nb::c_contig, nb::device::cpu>, int>;

/// Tensors over arrays, which they do not own.
class Tensors {
public:
  template <typename Array>
  explicit Tensors(const std::vector<std::pair<Array, int>> &arrays) {
    for (const auto &[array, dtype] : arrays) {
      std::vector<int64_t> shape;
      for (size_t axis = 0; axis < array.ndim(); ++axis)
        shape.push_back(static_cast<int64_t>(array.shape(axis)));
      shapes.push_back(std::move(shape));
      // The runtime only reads its inputs.
      tensors.push_back(
          {const_cast<void *>(static_cast<const void *>(array.data())),
           static_cast<aicc_dtype>(dtype), static_cast<int32_t>(array.ndim()),
           shapes.back().data()});
    }
  }
  const aicc_tensor *data() const { return tensors.data(); }
  size_t size() const { return tensors.size(); }

private:
  /// Moving an inner vector leaves its elements where they are.
  std::vector<std::vector<int64_t>> shapes;
  std::vector<aicc_tensor> tensors;
};

/// A loaded model. May be run from several threads at once: each run takes a
/// context that is free, or a new one.
class Model {
public:
  explicit Model(const std::string &path) {
    aicc_status status;
    {
      nb::gil_scoped_release release;
      status = aicc_model_load(path.c_str(), &model);
    }
    if (status != AICC_OK)
      raise(status, aicc_last_error(nullptr));
  }
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;
  ~Model() {
    for (aicc_context *context : idle)
      aicc_context_free(context);
    aicc_model_free(model);
  }

  std::string name() const { return desc()->name; }
  nb::bytes manifest() const {
    return nb::bytes(desc()->manifest, desc()->manifest_bytes);
  }
  nb::list inputs() const { return specs(desc()->inputs, desc()->num_inputs); }
  nb::list outputs() const {
    return specs(desc()->outputs, desc()->num_outputs);
  }

  void run(const std::vector<Input> &inputs, const std::vector<Output> &outputs,
           int threads) {
    Tensors ins(inputs), outs(outputs);
    aicc_context *context = take();
    aicc_status status = aicc_context_set_threads(context, threads);
    if (status == AICC_OK) {
      nb::gil_scoped_release release;
      status =
          aicc_run(context, ins.data(), ins.size(), outs.data(), outs.size());
    }
    std::string error = status == AICC_OK ? "" : aicc_last_error(context);
    {
      std::lock_guard<std::mutex> lock(mutex);
      idle.push_back(context);
    }
    if (status != AICC_OK)
      raise(status, error.c_str());
  }

private:
  const aicc_model_desc *desc() const { return aicc_model_get_desc(model); }

  /// [(name, element type, shape)]
  static nb::list specs(const aicc_tensor_desc *descs, uint32_t count) {
    nb::list list;
    for (const aicc_tensor_desc *d = descs; d != descs + count; ++d) {
      nb::list shape;
      for (int32_t axis = 0; axis < d->rank; ++axis)
        shape.append(d->shape[axis]);
      list.append(nb::make_tuple(d->name, static_cast<int>(d->dtype),
                                 nb::tuple(shape)));
    }
    return list;
  }

  aicc_context *take() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!idle.empty()) {
        aicc_context *context = idle.back();
        idle.pop_back();
        return context;
      }
    }
    aicc_context *context = nullptr;
    aicc_status status = aicc_context_create(model, &context);
    if (status != AICC_OK)
      raise(status, aicc_last_error(nullptr));
    return context;
  }

  aicc_model *model = nullptr;
  std::mutex mutex;
  std::vector<aicc_context *> idle;
};

/// Element types by the name that numpy gives them.
nb::dict dtypes() {
  nb::dict dict;
  for (int dtype = AICC_BOOL; dtype <= AICC_UINT2; ++dtype)
    dict[aicc_dtype_name(static_cast<aicc_dtype>(dtype))] = dtype;
  return dict;
}

} // namespace

NB_MODULE(_native, m) {
  m.attr("version") = aicc_version();
  m.attr("dtypes") = dtypes();
  m.def("compile", &compile, nb::arg("model"), nb::arg("output"),
        nb::arg("options"));
  m.def("estimate", &estimate, nb::arg("model"), nb::arg("options"));
  nb::class_<Prepared>(m, "Prepared")
      .def(nb::init<>())
      .def("estimate", &Prepared::estimate, nb::arg("model"),
           nb::arg("options"));
  m.def("report_page", &reportPage, nb::arg("json"));
  m.def("machines", &machines);
  m.def("set_budget", &aicc_set_budget, nb::arg("threads"));
  nb::class_<Model>(m, "Model")
      .def(nb::init<const std::string &>(), nb::arg("path"))
      .def_prop_ro("name", &Model::name)
      .def_prop_ro("manifest", &Model::manifest)
      .def_prop_ro("inputs", &Model::inputs)
      .def_prop_ro("outputs", &Model::outputs)
      .def("run", &Model::run, nb::arg("inputs"), nb::arg("outputs"),
           nb::arg("threads"));
}

//===- CompileOptions.h - What a compilation is asked for -------*- C++ -*-===//

#ifndef AICC_COMPILER_COMPILEOPTIONS_H
#define AICC_COMPILER_COMPILEOPTIONS_H

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace aicc {

struct MachineDesc;

/// The stages a model goes through, in order; `--emit=` names them.
enum class Stage { Onnx, Graph, Structured, Mapped, Loops, Llvm };

/// What `aicc --emit=` may ask for.
enum class EmitKind {
  Check, ///< Import and check only; nothing is written.
  Onnx,
  Graph,
  Qdq, ///< The quantised graph as an ONNX model.
  Structured,
  Mapped,
  Report, ///< What the cost model says; nothing is generated.
  Loops,
  Llvm,
  Asm,
  Obj,
  Lib,
  Exe
};

/// What the cost model minimises.
enum class Objective { Latency, Energy, Edp };

/// What a mapping minimises: an objective or, to keep a budget, the energy plus
/// the time at a price, which stands between two of them.
struct Goal {
  Goal(Objective objective = Objective::Latency, double timePrice = 0)
      : objective(objective), timePrice(timePrice) {}

  /// That objective alone.
  bool is(Objective other) const {
    return timePrice <= 0 && objective == other;
  }

  Objective objective;
  /// In the unit of the energy, for one unit of time; 0: only `objective`
  /// counts.
  double timePrice;
};

/// What is minimised of a cost; energy and time in any unit, which a price of
/// time is in too.
inline double valueOf(const Goal &goal, double energy, double time) {
  if (goal.timePrice > 0)
    return energy + goal.timePrice * time;
  switch (goal.objective) {
  case Objective::Latency:
    return time;
  case Objective::Energy:
    return energy;
  case Objective::Edp:
    break;
  }
  return energy * time;
}

/// Limits on untrusted input, each with an error that names it (E_LIMIT).
/// The defaults hold every model in common use.
struct Limits {
  int64_t maxFileBytes = int64_t(64) << 30;
  /// Bytes of the protobuf message once large tensors are left in the file.
  int64_t maxProtoBytes = int64_t(256) << 20;
  int64_t maxNodes = 16384; ///< After inlining, sub-graphs included.
  int64_t maxNodeInputs = 4096;
  int64_t maxNesting = 24; ///< Sub-graph depth.
  int64_t maxRank = 64;
  int64_t maxTensorElements = int64_t(1) << 36;
  int64_t maxValueBytes = int64_t(2) << 30; ///< One computed tensor.
  int64_t maxFoldBytes = int64_t(64) << 20; ///< One folded constant.
  int64_t maxFunctionDepth = 64;
};

/// What a result may cost at most, by the cost model. Not set: any amount.
struct Budgets {
  double energyUj = std::numeric_limits<double>::infinity();  ///< Of one run.
  double latencyUs = std::numeric_limits<double>::infinity(); ///< Of one run.
  double memoryBytes = std::numeric_limits<double>::infinity();

  bool any() const {
    constexpr double none = std::numeric_limits<double>::infinity();
    return energyUj < none || latencyUs < none || memoryBytes < none;
  }
};

/// How the ranges of tensors follow from what was seen of them.
enum class CalibrationMethod {
  MinMax,    ///< All that was seen.
  Percentile ///< Without the outermost values; see Quantize/Ranges.h.
};

/// Post-training quantisation.
struct QuantizeOptions {
  bool int8 = false;
  bool bf16 = false;       ///< Weights, where that is cheaper.
  std::string calibration; ///< Folder of samples; empty: none given.
  CalibrationMethod method = CalibrationMethod::MinMax;
  double percentile = 99.99; ///< Of the values of a tensor that are kept.
  bool biasCorrection = true;
};

struct CompileOptions {
  std::string modelPath;
  std::string target = "cpu"; ///< FAMILY, FAMILY/MACHINE or FILE.yaml.
  /// What `target` stands for; the driver sets it.
  std::shared_ptr<const MachineDesc> machine;
  /// Fixed shape by input name (`--shape`).
  std::map<std::string, std::vector<int64_t>> shapes;
  /// Inputs that are fixed: numbers with commas, or @FILE.npy (`--value`).
  std::map<std::string, std::string> values;
  std::string cpu;    ///< `--mcpu`; empty: the host's.
  std::string triple; ///< `--mtriple`; empty: the host's.
  unsigned optLevel = 3;
  Objective objective = Objective::Latency;
  Budgets budgets;
  /// Above 0: the energy plus the time at this price is minimised in place of
  /// `objective`. The driver sets it where a budget asks for it.
  double timePriceWatts = 0;
  int threads = 0; ///< Workers the mapping plans for; 0: those of the machine.
  bool strictFp = false;
  /// Something past stage `mapped` is made: what no target lowers has to run on
  /// the host. The driver sets it.
  bool generatesCode = false;
  bool noFallback = false; ///< What a device cannot run is an error.
  QuantizeOptions quantize;
  /// The file that the user asked for; what is emitted may be written under
  /// another name first. The driver sets it.
  std::string outputPath;
  /// What the artefact's manifest says of its making, as a JSON object: hashes
  /// of model and machine, options. The driver sets it for `Target::emit`.
  std::string manifest;
  Limits limits;

  /// What is minimised of picojoules and cycles of a clock of `clockMhz`.
  Goal goalAt(double clockMhz) const {
    return {objective, clockMhz > 0 ? timePriceWatts * 1e6 / clockMhz : 0};
  }
};

} // namespace aicc

#endif // AICC_COMPILER_COMPILEOPTIONS_H

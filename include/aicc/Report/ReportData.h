//===- ReportData.h - What is said of a compiled model ----------*- C++ -*-===//
//
// Everything that a report shows, as plain data: no IR, nothing of a target
// family. Whoever compiles fills it, the writers of Report.h show it. What
// follows from other members (totals, bytes by memory, live bytes, carbon) is
// computed by the functions below, so that it cannot contradict them.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_REPORT_REPORTDATA_H
#define AICC_REPORT_REPORTDATA_H

#include "aicc/Energy/Cost.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aicc {

struct MachineDesc;

/// An input or output of the model.
struct ReportTensor {
  std::string name;
  std::string type;           ///< "f32", "i8".
  std::vector<int64_t> shape; ///< -1: known at run time only.
};

struct ReportModel {
  std::string name;
  std::string blake3; ///< Of the file, in hexadecimal; empty: not known.
  std::vector<ReportTensor> inputs;
  std::vector<ReportTensor> outputs;
};

/// One number of a machine file.
struct ReportFigure {
  std::string part; ///< "machine", or the name of a memory, "array" ...
  std::string name; ///< Its key in the file, with the unit: "mac_f32_pj".
  double value = 0; ///< In use: after scaling.
  std::string source;
  /// Process and supply of the source where stated, and the value there where
  /// it was scaled.
  std::optional<double> processNm;
  std::optional<double> supplyV;
  std::optional<double> unscaled;
};

/// What one memory can move at most, of one worker.
struct ReportBandwidth {
  std::string memory;
  double bytesPerSecond = 0;
};

struct ReportMachine {
  std::string family;
  std::string name;
  std::string source; ///< Of all structural integers.
  std::optional<double> processNm;
  std::optional<double> supplyV;
  double clockMhz = 0; ///< 0: not known.
  /// Multiply-accumulates a second of one worker at full use, of the type that
  /// is fastest; 0: not known.
  double peakMacsPerSecond = 0;
  std::vector<ReportBandwidth> bandwidths; ///< Innermost first.
  std::vector<ReportFigure> figures;
};

/// A mapping or placement that was considered and not taken.
struct ReportAlternative {
  std::string what;
  double energyPj = 0;
  double cycles = 0;
  std::string why; ///< Not taken.
};

/// Stands for a node where none asked for the work: copies between layouts.
inline constexpr llvm::StringLiteral layoutNodeName = "(layout)";

/// One ONNX node. Of a fused group each node has its own part of the cost.
struct ReportNode {
  std::string name; ///< As in the model, or "#<index>" where it has none.
  std::string op;
  std::vector<std::string> outputs; ///< Names of the values it computes.
  int64_t group = -1;  ///< Nodes with the same number run fused; -1: alone.
  std::string target;  ///< "cpu/x86_64_v4".
  std::string reason;  ///< Why there.
  std::string mapping; ///< The chosen one, as text of one or more lines.
  double macs = 0;
  double cycles = 0;        ///< Of one worker, stalls included.
  double computeCycles = 0; ///< Of these, what arithmetic alone takes.
  double timeUs = 0;        ///< With the workers that the mapping uses.
  std::vector<CostItem> items;
  std::vector<ReportAlternative> alternatives;

  double energyPj() const {
    double sum = 0;
    for (const CostItem &item : items)
      sum += item.energyPj();
    return sum;
  }
};

/// A group of nodes that one program of an array's runs: what its counters
/// would say of it.
struct ReportLaunch {
  std::string node;     ///< That it is named after.
  int64_t group = -1;   ///< As in ReportNode.
  std::string dataflow; ///< "weight_stationary"; empty: nothing stays.
  double macs = 0;
  double cycles = 0;        ///< Stalls included.
  double computeCycles = 0; ///< Of these, what arithmetic alone takes.
  /// Multiply-accumulates over what the whole array can do in `cycles`, of the
  /// type that they are priced as; 0 to 1.
  double utilization = 0;
  std::vector<CostItem> items;

  double stallCycles() const { return std::max(0.0, cycles - computeCycles); }
};

/// A part of the arena, in use from one step to another (both included).
struct ReportBuffer {
  std::string name;
  int64_t offsetBytes = 0;
  int64_t bytes = 0;
  int64_t firstStep = 0;
  int64_t lastStep = 0;
};

/// The arena over one run. A step is a launch, in the order of execution.
struct ReportMemory {
  int64_t arenaBytes = 0;
  int64_t weightBytes = 0;
  std::vector<std::string> steps; ///< Name of the node that runs.
  std::vector<ReportBuffer> buffers;
};

/// What did not run where it was asked to.
struct ReportFallback {
  std::string node;
  std::string op;
  std::string wanted; ///< The target asked for.
  std::string ranOn;
  std::string reason;
};

/// How far predictions were off where they could be checked.
struct ReportUncertainty {
  double energyPercent = 0;
  double timePercent = 0;
  std::string basis; ///< Against what, and of how many cases.
};

/// What making the hardware emitted, by ISO/IEC 21031's M = TE * TS * RS.
struct ReportEmbodied {
  double totalGrams = 0; ///< TE, gCO2e.
  double lifespanHours = 0;
  double resourceShare = 1;
  std::string source;
};

struct ReportData {
  std::string compilerVersion;
  ReportModel model;
  ReportMachine machine;
  std::string objective; ///< "latency", "energy", "edp".
  /// Everything else that was asked for: flag without dashes, value.
  std::vector<std::pair<std::string, std::string>> options;
  std::vector<ReportNode> nodes;      ///< In the order of execution.
  std::vector<ReportLaunch> launches; ///< Of a machine with an array.
  ReportMemory memory;
  std::vector<ReportFallback> fallbacks;
  std::optional<ReportUncertainty> uncertainty; ///< Not set: not established.
  std::optional<ReportEmbodied> embodied;       ///< Not set: absent.
};

/// Bytes between a memory and what is inside of it.
struct ReportTraffic {
  std::string memory;
  double read = 0;
  double written = 0;
};

/// Sum of the energy of all items of one component.
struct ReportShare {
  std::string component;
  double energyPj = 0;
};

struct ReportTotals {
  double energyPj = 0;
  double timeUs = 0;
  double cycles = 0;
  double macs = 0;
  std::vector<ReportShare> components; ///< In order of first appearance.
  std::vector<ReportTraffic> traffic;
};

/// Carbon of electricity in one region.
struct GridIntensity {
  llvm::StringLiteral region;
  int year;
  double gramsPerKwh; ///< gCO2e, whole life cycle, of what is generated there.
};

/// The numbers of a machine that a report shows.
ReportMachine describeMachine(const MachineDesc &machine);

/// The name of the memory furthest out: "dram" where none is known.
llvm::StringRef outermostMemory(const ReportMachine &machine);

/// From the items that count bytes: "dram.read", "l2.write". In order of first
/// appearance.
std::vector<ReportTraffic> trafficOf(llvm::ArrayRef<CostItem> items);
std::vector<ReportShare> sharesOf(llvm::ArrayRef<CostItem> items);
ReportTotals totalsOf(const ReportData &data);

/// Bytes of the buffers in use at each step.
std::vector<int64_t> liveBytes(const ReportMemory &memory);

/// Ember, yearly electricity data; docs/report.md says where from.
llvm::ArrayRef<GridIntensity> gridIntensities();
llvm::StringRef gridIntensitySource();
/// O = E * I of ISO/IEC 21031, in gCO2e.
double operationalGrams(double energyPj, double gramsPerKwh);
/// M of one inference, in gCO2e, where the hardware is reserved for as long as
/// the inference takes; 0 where the embodied part is absent.
double embodiedGrams(const ReportData &data, double timeUs);

} // namespace aicc

#endif // AICC_REPORT_REPORTDATA_H

//===- MapperBench.cpp - How well and how fast the mapper maps ------------===//
//
//   aicc-mapper-bench --machine=FILE.yaml [--network=resnet50|convolutions]
//                     [--objective=edp|energy|latency] [--free] [--perfect]
//                     [--json]
//
// Prints a table, or with --json what test/oracle/zigzag_score.py reads. The
// time is of one core.
//
//===----------------------------------------------------------------------===//

#include "aicc/Mapping/SpatialMapper.h"
#include "aicc/Support/Diagnostics.h"
#include "benchmarks/mapper/Layers.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace aicc;
using namespace aicc::bench;

namespace cl = llvm::cl;

static cl::opt<std::string> machinePath("machine", cl::Required,
                                        cl::desc("Machine file"));
static cl::opt<std::string> network("network", cl::init("resnet50"),
                                    cl::desc("resnet50 or convolutions"));
static cl::opt<Objective>
    objective("objective", cl::init(Objective::Edp),
              cl::values(clEnumValN(Objective::Edp, "edp", ""),
                         clEnumValN(Objective::Energy, "energy", ""),
                         clEnumValN(Objective::Latency, "latency", "")));
static cl::opt<bool>
    isFree("free", cl::desc("Any dimension along any axis; otherwise input "
                            "channels along the first, output channels along "
                            "the second"));
static cl::opt<bool> isPerfect("perfect",
                               cl::desc("Only factors without remainder"));
static cl::opt<bool> asJson("json", cl::desc("For zigzag_score.py"));

static const char *const zigzagDims[] = {"K", "C", "OY", "OX", "FY", "FX"};
static const char *const roleNames[] = {"I", "W", "O"};

/// The loops innermost first, and how many of them each memory holds.
static llvm::json::Object toZigzag(const Layer &layer,
                                   const MachineDesc &machine,
                                   const SpatialCandidate &best) {
  Workload work = layer.workload();
  llvm::SmallVector<int64_t, 8> left;
  for (const Workload::Dim &dim : work.dims)
    left.push_back(dim.size);
  llvm::json::Array loops;
  llvm::json::Object spatial;
  int64_t temporal = 0;
  for (const Mapping::Loop &loop : best.mapping.loops) {
    int64_t trips = int64_t(llvm::divideCeil(left[loop.dim], loop.tile));
    left[loop.dim] = loop.tile;
    const char *dim = zigzagDims[loop.dim];
    if (loop.isSpatial()) {
      llvm::json::Object &axis =
          *spatial
               .try_emplace("D" + std::to_string(2 - loop.axis),
                            llvm::json::Object())
               .first->second.getAsObject();
      axis[dim] = trips;
    } else {
      loops.insert(loops.begin(), llvm::json::Array{dim, trips});
      ++temporal;
    }
  }
  llvm::json::Object levels;
  for (auto [operand, residence] :
       llvm::zip(work.operands, best.mapping.residence)) {
    llvm::json::Array counts;
    int64_t inner = temporal;
    for (int8_t at : residence) {
      if (at == Mapping::bypass)
        continue;
      counts.push_back(inner - std::min<int64_t>(at, temporal));
      inner = std::min<int64_t>(at, temporal);
    }
    levels[roleNames[unsigned(operand.role)]] = std::move(counts);
  }
  llvm::json::Object dims{{"B", 1}};
  for (auto [name, dim] : llvm::zip(zigzagDims, work.dims))
    dims[name] = dim.size;
  return llvm::json::Object{{"name", layer.name},
                            {"count", layer.count},
                            {"dims", std::move(dims)},
                            {"stride", layer.stride},
                            {"pad", layer.pad()},
                            {"input", llvm::json::Array{layer.inputs}},
                            {"spatial", std::move(spatial)},
                            {"loops", std::move(loops)},
                            {"levels", std::move(levels)},
                            {"energy_pj", best.energyPj},
                            {"cycles", best.cycles}};
}

static void printTable(llvm::ArrayRef<Layer> layers,
                       llvm::ArrayRef<SpatialMapperResult> results,
                       llvm::ArrayRef<double> seconds) {
  double energy = 0, cycles = 0, time = 0;
  llvm::outs() << "| layer | x | uJ | cycles | second best | nodes | "
                  "evaluated | optimal | ms |\n"
                  "|---|---|---|---|---|---|---|---|---|\n";
  for (auto [layer, result, spent] : llvm::zip(layers, results, seconds)) {
    time += spent;
    if (result.candidates.empty()) {
      llvm::outs() << "| " << layer.name << " | " << result.why << " |\n";
      continue;
    }
    const SpatialCandidate &best = result.candidates[0];
    energy += double(layer.count) * best.energyPj;
    cycles += double(layer.count) * best.cycles;
    double second =
        result.candidates.size() > 1
            ? 100 * (result.candidates[1].value(objective.getValue()) /
                         best.value(objective.getValue()) -
                     1)
            : 0;
    llvm::outs() << "| " << layer.name << " | " << layer.count << " | "
                 << llvm::format("%.3f | %.0f | +%.3f %% | %llu | %llu | %s | "
                                 "%.1f |\n",
                                 best.energyPj * 1e-6, best.cycles, second,
                                 (unsigned long long)result.stats.nodes,
                                 (unsigned long long)result.stats.evaluated,
                                 result.isOptimal ? "yes" : "no", spent * 1e3);
  }
  llvm::outs() << llvm::format("total: %.4f mJ, %.0f cycles, %.3f s\n",
                               energy * 1e-9, cycles, time);
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv);
  TextDiagnosticSink sink(llvm::errs());
  std::optional<MachineDesc> machine = loadMachine(machinePath, sink);
  if (!machine)
    return 1;
  std::vector<Layer> layers =
      network == "convolutions" ? threeConvolutions() : resnet50();
  SpatialMapperOptions options;
  options.objective = objective.getValue();
  options.perfectFactors = isPerfect;
  if (!isFree)
    options.axisDims = {uint64_t(1) << C, uint64_t(1) << K};
  std::vector<SpatialMapperResult> results;
  std::vector<double> seconds;
  llvm::json::Array rows;
  for (const Layer &layer : layers) {
    auto begin = std::chrono::steady_clock::now();
    results.push_back(mapSpatial(layer.workload(), *machine, options));
    std::chrono::duration<double> spent =
        std::chrono::steady_clock::now() - begin;
    seconds.push_back(spent.count());
    if (!results.back().candidates.empty())
      rows.push_back(toZigzag(layer, *machine, results.back().candidates[0]));
  }
  if (!asJson) {
    printTable(layers, results, seconds);
    return 0;
  }
  const char *name = objective == Objective::Edp      ? "edp"
                     : objective == Objective::Energy ? "energy"
                                                      : "latency";
  llvm::outs() << llvm::formatv(
      "{0:2}\n", llvm::json::Value(llvm::json::Object{
                     {"objective", name}, {"layers", std::move(rows)}}));
  return 0;
}

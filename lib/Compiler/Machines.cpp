//===- Machines.cpp - Which machines there are ----------------------------===//

#include "aicc/Target/Machines.h"

#include "aicc/Energy/MachineFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace aicc;

std::vector<std::string>
aicc::machineNames(llvm::ArrayRef<BuiltinMachine> machines) {
  std::vector<std::string> names;
  for (const BuiltinMachine &machine : machines)
    names.push_back((machine.family + "/" + machine.name).str());
  return names;
}

bool aicc::isMachineFile(llvm::StringRef spec) {
  return spec.ends_with(".yaml") || spec.ends_with(".yml");
}

static std::optional<MachineDesc> parse(const BuiltinMachine &machine,
                                        DiagnosticSink &sink) {
  std::string path = (machine.family + "/" + machine.name + ".yaml").str();
  return parseMachine(machine.text, path, sink);
}

static void reportUnsupported(const std::string &message,
                              DiagnosticSink &sink) {
  Diagnostic d;
  d.code = ErrorCode::Unsupported;
  d.message = message;
  sink.report(std::move(d));
}

/// Every feature that a machine of the tree names, and `more`, once.
static llvm::SmallVector<std::string>
namedFeatures(DiagnosticSink &sink, llvm::ArrayRef<std::string> more) {
  llvm::SmallVector<std::string> features;
  for (const std::string &feature : more)
    if (!feature.empty())
      features.push_back(feature);
  for (const BuiltinMachine &builtin : builtinMachines())
    if (std::optional<MachineDesc> machine = parse(builtin, sink))
      for (const std::string &feature :
           {machine->requiredFeature, machine->newerFeature,
            machine->vector.byteDotFeature})
        if (!feature.empty() && !llvm::is_contained(features, feature))
          features.push_back(feature);
  return features;
}

std::optional<std::string>
aicc::machineFeatures(llvm::StringRef cpu, llvm::StringRef triple,
                      DiagnosticSink &sink, llvm::ArrayRef<std::string> more) {
  std::string present;
  auto add = [&](const std::string &feature) {
    present += (present.empty() ? "+" : ",+") + feature;
  };
  if (cpu.empty() && triple.empty()) {
    // What the processor says counts, not its name: a hypervisor may hide
    // features.
    llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
    for (const std::string &feature : namedFeatures(sink, more))
      if (host.lookup(feature))
        add(feature);
    return present;
  }
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargetMCs();
  llvm::Triple platform(triple.empty() ? llvm::sys::getDefaultTargetTriple()
                                       : llvm::Triple::normalize(triple));
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(platform, error);
  if (!target) {
    reportUnsupported("there is no platform '" + platform.str() + "'", sink);
    return std::nullopt;
  }
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(platform, "", ""));
  if (!cpu.empty()) {
    if (!subtarget || !subtarget->isCPUStringValid(cpu)) {
      reportUnsupported("there is no processor '" + cpu.str() + "' of " +
                            platform.getArchName().str(),
                        sink);
      return std::nullopt;
    }
    subtarget.reset(target->createMCSubtargetInfo(platform, cpu, ""));
  }
  for (const std::string &feature : namedFeatures(sink, more)) {
    // A feature of another architecture is no feature of this one.
    bool known = llvm::any_of(
        subtarget->getAllProcessorFeatures(),
        [&](const llvm::SubtargetFeatureKV &kv) { return kv.Key == feature; });
    if (known && subtarget->checkFeatures("+" + feature))
      add(feature);
  }
  return present;
}

static bool hasFeature(llvm::StringRef features, llvm::StringRef feature) {
  llvm::SmallVector<llvm::StringRef> list;
  features.split(list, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  return llvm::is_contained(list, ("+" + feature).str());
}

void aicc::dropMissing(MachineDesc &machine, llvm::StringRef features) {
  VectorUnitDesc &vector = machine.vector;
  // Those that code is generated for, on vectors that they work on.
  bool isKnown =
      (vector.byteDotFeature == "avx512vnni" && vector.bits <= 512) ||
      (vector.byteDotFeature == "avxvnni" && vector.bits <= 256);
  if (!isKnown || vector.bits < 128 || !llvm::isPowerOf2_64(vector.bits) ||
      !hasFeature(features, vector.byteDotFeature))
    vector.byteDotsPerCycle = {};
}

static void reportUnknown(llvm::StringRef spec, const std::string &why,
                          llvm::ArrayRef<BuiltinMachine> machines,
                          DiagnosticSink &sink) {
  Diagnostic d;
  d.code = ErrorCode::Unsupported;
  d.message = "there is no machine '" + spec.str() + "'" + why;
  d.help = "machines: " + llvm::join(machineNames(machines), ", ");
  sink.report(std::move(d));
}

/// The widest machine of `family` that runs on a processor with `features`; of
/// several, the one that does most in a cycle.
static std::optional<MachineDesc>
defaultMachine(llvm::StringRef family, llvm::StringRef features,
               llvm::ArrayRef<BuiltinMachine> machines, DiagnosticSink &sink) {
  std::optional<MachineDesc> best;
  for (const BuiltinMachine &builtin : machines) {
    if (builtin.family != family)
      continue;
    std::optional<MachineDesc> machine = parse(builtin, sink);
    if (!machine)
      return std::nullopt;
    bool suits = (machine->requiredFeature.empty() ||
                  hasFeature(features, machine->requiredFeature)) &&
                 (machine->newerFeature.empty() ||
                  !hasFeature(features, machine->newerFeature));
    auto width = [](const MachineDesc &desc) {
      return std::pair(desc.vector.bits, desc.vector.fmasPerCycle.value);
    };
    if (suits && (!best || width(*machine) > width(*best)))
      best = std::move(machine);
  }
  if (!best)
    reportUnknown(family, " that suits this processor", machines, sink);
  return best;
}

std::optional<MachineDesc>
aicc::findMachine(llvm::StringRef spec, llvm::StringRef features,
                  DiagnosticSink &sink,
                  llvm::ArrayRef<BuiltinMachine> machines) {
  if (isMachineFile(spec))
    return loadMachine(spec, sink);
  auto [family, name] = spec.split('/');
  if (name.empty())
    return defaultMachine(family, features, machines, sink);
  for (const BuiltinMachine &machine : machines)
    if (machine.family == family && machine.name == name)
      return parse(machine, sink);
  reportUnknown(spec, "", machines, sink);
  return std::nullopt;
}

std::shared_ptr<const MachineDesc> aicc::findMachine(llvm::StringRef spec,
                                                     std::string &why) {
  CollectingDiagnosticSink sink;
  std::optional<MachineDesc> found = findMachine(spec, "", sink);
  if (found)
    return std::make_shared<MachineDesc>(std::move(*found));
  for (const Diagnostic &diagnostic : sink.diagnostics())
    if (diagnostic.severity == Severity::Error) {
      why = diagnostic.message;
      break;
    }
  return nullptr;
}

std::shared_ptr<const MachineDesc> aicc::hostMachine(llvm::StringRef cpu,
                                                     llvm::StringRef triple) {
  CollectingDiagnosticSink sink;
  std::optional<std::string> features = machineFeatures(cpu, triple, sink);
  std::optional<MachineDesc> found =
      features ? findMachine("cpu", *features, sink) : std::nullopt;
  if (!found)
    return nullptr;
  dropMissing(*found, *features);
  return std::make_shared<MachineDesc>(std::move(*found));
}

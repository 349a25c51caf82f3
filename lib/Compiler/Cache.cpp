//===- Cache.cpp - Artefacts of earlier compilations ----------------------===//

#include "lib/Compiler/Cache.h"

#include "lib/Compiler/Manifest.h"
#include "lib/Compiler/Stages.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/Chrono.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

#include <dlfcn.h>
#include <map>

using namespace aicc;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// What is removed has such a name (llvm::pruneCache).
static constexpr llvm::StringLiteral filePrefix = "llvmcache-";

/// The program or library that this code is in, as it is now.
static std::string compilerIdentity() {
  Dl_info info;
  fs::file_status status;
  if (!dladdr(reinterpret_cast<const void *>(&filePrefix), &info) ||
      fs::status(info.dli_fname, status))
    return "";
  return version().str() + ';' + std::to_string(status.getSize()) + ';' +
         std::to_string(
             status.getLastModificationTime().time_since_epoch().count());
}

static bool isKept(const CompileRequest &request) {
  bool isCode = request.emit > EmitKind::Report && !isMlirKind(request.emit);
  return isCode && !request.cache.empty() && request.loadTargets.empty() &&
         request.dumpStages.empty() && !request.timing && !request.verbose &&
         request.reportFile.empty() && request.explainNode.empty() &&
         !request.reportJson && !request.prepared &&
         request.verifyFile.empty() && !request.options.quantize.int8 &&
         llvm::none_of(request.options.values, [](const auto &value) {
           return llvm::StringRef(value.second).starts_with("@");
         });
}

static void printProcessor(llvm::raw_ostream &os,
                           const CompileOptions &options) {
  os << options.cpu << ';' << options.triple << ';';
  if (!options.cpu.empty())
    return;
  os << llvm::sys::getHostCPUName() << ';';
  std::map<std::string, bool> sorted;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    sorted[feature.getKey().str()] = feature.getValue();
  for (const auto &[name, has] : sorted)
    os << (has ? '+' : '-') << name;
  os << ';';
}

static void printLimits(llvm::raw_ostream &os, const CompileOptions &options) {
  const Limits &limits = options.limits;
  for (int64_t limit :
       {limits.maxFileBytes, limits.maxProtoBytes, limits.maxNodes,
        limits.maxNodeInputs, limits.maxNesting, limits.maxRank,
        limits.maxTensorElements, limits.maxValueBytes, limits.maxFoldBytes,
        limits.maxFunctionDepth})
    os << limit << ',';
  const Budgets &budgets = options.budgets;
  for (double budget :
       {budgets.energyUj, budgets.latencyUs, budgets.memoryBytes})
    os << budget << ',';
}

std::optional<ArtifactCache>
ArtifactCache::open(const CompileRequest &request,
                    const CompileOptions &options, llvm::StringRef outputPath,
                    llvm::function_ref<const std::string &()> hashOfModel) {
  if (!isKept(request) || outputPath == "-")
    return std::nullopt;
  std::string compiler = compilerIdentity();
  if (compiler.empty())
    return std::nullopt;
  const std::string &model = hashOfModel();
  if (model.empty()) // The import says why.
    return std::nullopt;
  std::string key;
  llvm::raw_string_ostream os(key);
  os << compiler << ';' << model << ';' << int(request.emit) << ';'
     << (request.from ? int(*request.from) : -1) << ';' << options.noFallback
     << ';' << path::filename(options.modelPath) << ';'
     << path::filename(outputPath) << ';';
  printProcessor(os, options);
  printLimits(os, options);
  // Machine, shapes, and the options that change the code.
  os << makeManifest(options, ReportData());
  llvm::BLAKE3 hash;
  hash.update(key);
  llvm::SmallString<128> file(request.cache);
  path::append(file,
               filePrefix + llvm::toHex(hash.final(), /*LowerCase=*/true));
  return ArtifactCache(request.cache, file.str().str());
}

bool ArtifactCache::fetch(const std::string &path) const {
  // Pruning goes by the time of the last use.
  int fd = -1;
  if (!fs::openFileForRead(file, fd)) {
    (void)fs::setLastAccessAndModificationTime(
        fd, std::chrono::system_clock::now());
    llvm::sys::fs::file_t handle = fs::convertFDToNativeFile(fd);
    fs::closeFile(handle);
  }
  return !fs::copy_file(file, path);
}

void ArtifactCache::store(const std::string &path, DiagnosticSink &sink) const {
  llvm::SmallString<128> temporary;
  std::error_code error = fs::create_directories(folder);
  int fd = -1;
  if (!error)
    error = fs::createUniqueFile(file + ".%%%%%%%%.tmp", fd, temporary);
  if (!error) {
    error = fs::copy_file(path, fd);
    llvm::sys::fs::file_t handle = fs::convertFDToNativeFile(fd);
    fs::closeFile(handle);
    if (!error)
      error = fs::rename(temporary, file);
    if (error)
      (void)fs::remove(temporary);
  }
  if (error) {
    Diagnostic warning;
    warning.severity = Severity::Warning;
    warning.code = ErrorCode::Io;
    warning.file = folder;
    warning.message = "the artefact cannot be kept here: " + error.message();
    sink.report(std::move(warning));
    return;
  }
  // At most 10 GB, and nothing that was not used for four weeks.
  llvm::CachePruningPolicy policy;
  policy.Expiration = std::chrono::hours(4 * 7 * 24);
  policy.MaxSizeBytes = uint64_t(10) * 1000 * 1000 * 1000;
  llvm::pruneCache(folder, policy);
}

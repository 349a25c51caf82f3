//===- Manifest.h - What an artefact says of its making ---------*- C++ -*-===//

#ifndef LIB_COMPILER_MANIFEST_H
#define LIB_COMPILER_MANIFEST_H

#include "aicc/Compiler/CompileOptions.h"
#include "aicc/Report/ReportData.h"

namespace aicc {

/// BLAKE3 of the file, in hexadecimal; "" if it cannot be read, which the
/// importer has reported.
std::string hashOfModel(const std::string &path);

/// "latency", "energy" or "edp".
llvm::StringRef objectiveName(Objective objective);

/// What was minimised: an objective or, to keep a budget, "energy + time x
/// 0.412 W".
std::string goalName(const CompileOptions &options);

/// A JSON object with `model` (BLAKE3 of the file), `machine` (name, BLAKE3 of
/// all that it says), `options` (those that change the code) and `report`
/// (docs/report.schema.json). Nothing in it depends on when or where the
/// compiler ran.
std::string makeManifest(const CompileOptions &options,
                         const ReportData &report);

} // namespace aicc

#endif // LIB_COMPILER_MANIFEST_H

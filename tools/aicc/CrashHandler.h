//===- CrashHandler.h - One line and exit code 70 ---------------*- C++ -*-===//

#ifndef TOOLS_AICC_CRASHHANDLER_H
#define TOOLS_AICC_CRASHHANDLER_H

#include <functional>
#include <string>

namespace aicc {

/// How a defect that ends the process is told: in the form of the other
/// diagnostics, with the model, and the reproducer if there will be one.
struct CrashReport {
  std::string model;
  std::string reproducer;
  bool json = false;
};

/// Runs `work` on a thread with a large stack. If the process gets a signal
/// that a defect of ours causes (SIGSEGV, SIGABRT ...), or LLVM gives up, one
/// line is written, temporary files are removed and the process ends with exit
/// code 70.
int runGuarded(const CrashReport &report, const std::function<int()> &work);

} // namespace aicc

#endif // TOOLS_AICC_CRASHHANDLER_H

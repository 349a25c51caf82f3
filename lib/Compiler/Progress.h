//===- Progress.h - What the compiler is doing ------------------*- C++ -*-===//

#ifndef LIB_COMPILER_PROGRESS_H
#define LIB_COMPILER_PROGRESS_H

#include "aicc/Compiler/CompileOptions.h"

#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/ADT/StringRef.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace aicc {

/// Knows the stage and pass that run. On a terminal it says so after a second,
/// on one line that changes and is gone at the end.
class Progress {
public:
  explicit Progress(bool showOnTerminal);
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  void enter(llvm::StringRef stage, llvm::StringRef pass = {});

  /// Takes the line away, so that other output does not mix with it.
  void pause();

  /// Seconds since the compilation began.
  double seconds() const;

  /// Tells this object of each pass.
  std::unique_ptr<mlir::PassInstrumentation>
  instrumentation(llvm::StringRef stage);

private:
  void show();

  std::chrono::steady_clock::time_point begin;
  std::mutex mutex;
  std::condition_variable wake;
  bool done = false;
  bool shown = false;
  std::thread painter;
};

} // namespace aicc

#endif // LIB_COMPILER_PROGRESS_H

//===- Progress.cpp - What the compiler is doing --------------------------===//

#include "lib/Compiler/Progress.h"

#include "aicc/Compiler/Compiler.h"

#include "mlir/Pass/Pass.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cstring>

using namespace aicc;

/// Read by a crash handler, which can take no lock: always terminated, at
/// worst a mixture of two activities.
static char activity[128] = "start";
static std::mutex activityMutex;

const char *aicc::currentActivity() { return activity; }

static void setActivity(llvm::StringRef stage, llvm::StringRef pass) {
  std::lock_guard<std::mutex> lock(activityMutex);
  size_t size = 0;
  auto append = [&](llvm::StringRef text) {
    size_t count = std::min(text.size(), sizeof(activity) - 1 - size);
    std::memcpy(activity + size, text.data(), count);
    size += count;
  };
  append(stage);
  if (!pass.empty()) {
    append(": ");
    append(pass);
  }
  activity[size] = 0;
}

Progress::Progress(bool showOnTerminal)
    : begin(std::chrono::steady_clock::now()) {
  if (showOnTerminal && llvm::errs().is_displayed())
    painter = std::thread([this] { show(); });
}

Progress::~Progress() {
  if (painter.joinable()) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      done = true;
    }
    wake.notify_all();
    painter.join();
  }
  pause();
  setActivity("done", "");
}

double Progress::seconds() const {
  std::chrono::duration<double> elapsed =
      std::chrono::steady_clock::now() - begin;
  return elapsed.count();
}

void Progress::enter(llvm::StringRef stage, llvm::StringRef pass) {
  setActivity(stage, pass);
}

void Progress::pause() {
  std::lock_guard<std::mutex> lock(mutex);
  if (shown)
    llvm::errs() << "\r\033[K";
  shown = false;
}

void Progress::show() {
  std::unique_lock<std::mutex> lock(mutex);
  // Fast compilations stay silent.
  std::chrono::milliseconds wait(1000);
  while (!wake.wait_for(lock, wait, [this] { return done; })) {
    std::string text;
    {
      std::lock_guard<std::mutex> activityLock(activityMutex);
      text = activity;
    }
    llvm::errs() << "\r\033[K" << llvm::format("%5.1f s  ", seconds()) << text;
    llvm::errs().flush();
    shown = true;
    wait = std::chrono::milliseconds(200);
  }
}

namespace {
class TellProgress : public mlir::PassInstrumentation {
public:
  TellProgress(Progress &progress, llvm::StringRef stage)
      : progress(progress), stage(stage) {}

  void runBeforePass(mlir::Pass *pass, mlir::Operation *) override {
    llvm::StringRef name = pass->getArgument();
    progress.enter(stage, name.empty() ? pass->getName() : name);
  }

private:
  Progress &progress;
  llvm::StringRef stage;
};
} // namespace

std::unique_ptr<mlir::PassInstrumentation>
Progress::instrumentation(llvm::StringRef stage) {
  return std::make_unique<TellProgress>(*this, stage);
}

//===- CrashHandler.cpp - One line and exit code 70 -----------------------===//

#include "tools/aicc/CrashHandler.h"

#include "aicc/Compiler/Compiler.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>
#include <cstring>
#include <pthread.h>
#include <unistd.h>
#include <vector>

using namespace aicc;

/// Deep models recurse deeply; only touched pages cost memory.
static constexpr size_t stackBytes = size_t(1) << 30;
static constexpr size_t signalStackBytes = size_t(64) << 10;

/// The message around the activity, made before anything can go wrong: a
/// signal handler may not allocate.
static std::string messageBegin;
static std::string messageEnd;

static void prepareMessages(const CrashReport &report) {
  std::string help =
      report.reproducer.empty()
          ? "this is a defect of aicc; run again with "
            "--reproducer=FILE to get the IR that shows it"
          : "this is a defect of aicc; reproducer: " + report.reproducer;
  // The sinks know both forms; the activity goes where the marker is.
  const char marker[] = "@ACTIVITY@";
  Diagnostic d;
  d.file = report.model;
  d.message = std::string("internal error during ") + marker;
  d.help = help;
  std::string text;
  llvm::raw_string_ostream os(text);
  if (report.json)
    JsonDiagnosticSink(os).report(d);
  else
    TextDiagnosticSink(os).report(d);
  size_t at = text.find(marker);
  messageBegin = text.substr(0, at);
  messageEnd = text.substr(at + sizeof(marker) - 1);
}

/// Writes what `write` can; there is nobody to tell if it cannot.
static void writeError(const char *text, size_t size) {
  ssize_t written = write(STDERR_FILENO, text, size);
  (void)written;
}

[[noreturn]] static void reportAndExit() {
  writeError(messageBegin.data(), messageBegin.size());
  const char *activity = currentActivity();
  writeError(activity, std::strlen(activity));
  writeError(messageEnd.data(), messageEnd.size());
  _exit(exitCode(ErrorCode::Internal));
}

static void onCrash(void *) { reportAndExit(); }

static void onFatalError(void *, const char *, bool) {
  llvm::sys::RunInterruptHandlers(); // Removes temporary files.
  reportAndExit();
}

namespace {
struct GuardedWork {
  const std::function<int()> *work;
  int result = 0;
};
} // namespace

static void *runOnThread(void *argument) {
  // A stack overflow is told from another stack.
  static std::vector<char> signalStack(signalStackBytes);
  stack_t stack = {};
  stack.ss_sp = signalStack.data();
  stack.ss_size = signalStack.size();
  sigaltstack(&stack, nullptr);

  auto *guarded = static_cast<GuardedWork *>(argument);
  guarded->result = (*guarded->work)();

  stack.ss_flags = SS_DISABLE;
  sigaltstack(&stack, nullptr);
  return nullptr;
}

int aicc::runGuarded(const CrashReport &report,
                     const std::function<int()> &work) {
  prepareMessages(report);
  llvm::sys::AddSignalHandler(onCrash, nullptr);
  llvm::install_fatal_error_handler(onFatalError);
  llvm::install_bad_alloc_error_handler(onFatalError);
  // A file size limit shows as a failed write, which is reported as one.
  std::signal(SIGXFSZ, SIG_IGN);

  GuardedWork guarded{&work};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stackBytes);
  pthread_t thread;
  if (pthread_create(&thread, &attributes, runOnThread, &guarded) == 0)
    pthread_join(thread, nullptr);
  else // Address space is limited: the stack at hand must do.
    guarded.result = work();
  pthread_attr_destroy(&attributes);
  return guarded.result;
}

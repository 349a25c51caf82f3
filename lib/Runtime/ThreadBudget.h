//===- ThreadBudget.h - Threads shared by all runs --------------*- C++ -*-===//

#ifndef AICC_LIB_RUNTIME_THREADBUDGET_H
#define AICC_LIB_RUNTIME_THREADBUDGET_H

#include "aicc-c/runtime.h"

namespace aicc::runtime {

/// Threads of one run, taken from the budget of the process for as long as
/// this lives. The caller's own thread always counts and is never refused.
class ThreadLease {
public:
  /// At most `wanted` threads (0: no limit of its own).
  explicit ThreadLease(int wanted);
  ~ThreadLease();
  ThreadLease(const ThreadLease &) = delete;
  ThreadLease &operator=(const ThreadLease &) = delete;

  int threads() const { return count; }

private:
  int count = 1;
};

/// Sets the budget; returns the former one. 0 only asks.
int setBudget(int threads);

/// aicc_parallel_for on a pool that is a ThreadLease.
void parallelFor(void *lease, aicc_body body, void *const *args, int64_t trip,
                 int64_t grain);

} // namespace aicc::runtime

#endif // AICC_LIB_RUNTIME_THREADBUDGET_H

//===- ThreadBudget.cpp - Threads shared by all runs ----------------------===//

#include "lib/Runtime/ThreadBudget.h"

#include <algorithm>
#include <atomic>
#include <omp.h>

using namespace aicc::runtime;

namespace {

struct Budget {
  std::atomic<int> limit{std::max(1, omp_get_num_procs())};
  std::atomic<int> used{0};
};

Budget &budget() {
  static Budget instance;
  return instance;
}

} // namespace

ThreadLease::ThreadLease(int wanted) {
  Budget &b = budget();
  int used = b.used.load(std::memory_order_relaxed);
  do {
    int left = b.limit.load(std::memory_order_relaxed) - used;
    count = std::max(1, wanted > 0 ? std::min(wanted, left) : left);
  } while (!b.used.compare_exchange_weak(used, used + count));
}

ThreadLease::~ThreadLease() { budget().used.fetch_sub(count); }

int aicc::runtime::setBudget(int threads) {
  Budget &b = budget();
  return threads > 0 ? b.limit.exchange(threads) : b.limit.load();
}

void aicc::runtime::parallelFor(void *lease, aicc_body body, void *const *args,
                                int64_t trip, int64_t grain) {
  grain = std::max<int64_t>(grain, 1);
  int64_t threads = std::min<int64_t>(
      static_cast<ThreadLease *>(lease)->threads(), trip / grain);
  if (threads <= 1) {
    body(args, 0, trip);
    return;
  }
  // Equal shares: consecutive launches give a worker the same part of the
  // data, which is then in its cache.
#pragma omp parallel num_threads(static_cast<int>(threads))
  {
    int64_t team = omp_get_num_threads(), self = omp_get_thread_num();
    int64_t begin = trip * self / team, end = trip * (self + 1) / team;
    if (begin < end)
      body(args, begin, end);
  }
}

//===- peak.cpp - What one core of this machine can do --------------------===//
//
// Prints, as JSON, the fp32 FMA rate of one thread in GFLOP/s and the rate of
// reading and of copying buffers of given sizes in GB/s (copying counts each
// byte once read and once written). Each is the best of a few tries; run it
// several times, between what is held against it.
//
//   peak [COPY_BYTES ...]
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

using Vector = float __attribute__((vector_size(64)));

static double seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

template <typename Fn> static double bestOf(int tries, Fn &&run) {
  double best = 1e30;
  for (int i = 0; i < tries; ++i) {
    double start = seconds();
    run();
    best = std::min(best, seconds() - start);
  }
  return best;
}

/// Twelve independent chains hide the latency of an FMA on any core so far.
static double fmaGflops() {
  constexpr int chains = 12, steps = 2000000;
  Vector acc[chains];
  Vector a, b;
  std::memset(acc, 0, sizeof(acc));
  for (int lane = 0; lane < 16; ++lane) {
    a[lane] = 0.999f;
    b[lane] = 1e-3f;
  }
  double time = bestOf(7, [&] {
    for (int i = 0; i < steps; ++i) {
      for (int c = 0; c < chains; ++c)
        acc[c] = acc[c] * a + b;
      asm volatile("" ::: "memory");
    }
  });
  volatile float sink = 0;
  for (Vector v : acc)
    sink = sink + v[0];
  return 2.0 * 16 * chains * steps / time / 1e9;
}

static double copyGbPerSecond(size_t bytes) {
  size_t count = bytes / sizeof(Vector);
  auto *from = static_cast<Vector *>(std::aligned_alloc(64, bytes));
  auto *to = static_cast<Vector *>(std::aligned_alloc(64, bytes));
  std::memset(from, 1, bytes);
  std::memset(to, 1, bytes);
  // The buffers escape, or the copies, which nothing reads, are removed.
  asm volatile("" : : "r"(from), "r"(to) : "memory");
  int rounds = std::max<int>(1, (size_t(64) << 20) / bytes);
  double time = bestOf(15, [&] {
    for (int r = 0; r < rounds; ++r) {
      for (size_t i = 0; i < count; ++i)
        to[i] = from[i];
      asm volatile("" ::: "memory");
    }
  });
  std::free(from);
  std::free(to);
  return 2.0 * bytes * rounds / time / 1e9;
}

int main(int argc, char **argv) {
  std::printf("{\"fma_gflops\": %.1f, \"copy_gb_per_s\": {", fmaGflops());
  for (int i = 1; i < argc; ++i) {
    size_t bytes = std::strtoull(argv[i], nullptr, 10) / 64 * 64;
    if (bytes)
      std::printf("%s\"%s\": %.1f", i > 1 ? ", " : "", argv[i],
                  copyGbPerSecond(bytes));
  }
  std::printf("}}\n");
}

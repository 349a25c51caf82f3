//===- RuntimeTest.cpp - libaicc_runtime on a hand-written model ----------===//

#include "aicc-c/runtime.h"

#include "gtest/gtest.h"

#include <atomic>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr int64_t rows = 64, columns = 256;

struct Args {
  const float *x;
  float *y;
};

std::atomic<int> bodies{0}, running{0}, mostRunning{0};

/// y = 2 x + row, rows [begin, end).
void body(void *const *args, int64_t begin, int64_t end) {
  ++bodies;
  int now = ++running;
  int most = mostRunning.load();
  while (most < now && !mostRunning.compare_exchange_weak(most, now))
    ;
  auto *x = static_cast<const float *>(args[0]);
  auto *y = static_cast<float *>(args[1]);
  for (int64_t r = begin; r < end; ++r)
    for (int64_t c = 0; c < columns; ++c)
      y[r * columns + c] = 2 * x[r * columns + c] + static_cast<float>(r);
  --running;
}

/// As a compiled model does it, by way of the arena.
int32_t invoke(const aicc_invocation *invocation) {
  void *first[] = {invocation->inputs[0], invocation->arena};
  void *second[] = {invocation->arena, invocation->outputs[0]};
  for (auto &args : {first, second}) {
    if (invocation->parallel_for)
      invocation->parallel_for(invocation->pool, body, args, rows, 8);
    else
      body(args, 0, rows);
  }
  return 0;
}

const int64_t shape[] = {rows, columns};
const aicc_tensor_desc inputs[] = {{"x", AICC_FLOAT32, 2, shape}};
const aicc_tensor_desc outputs[] = {{"y", AICC_FLOAT32, 2, shape}};
const aicc_model_desc desc = {AICC_ABI_VERSION,
                              sizeof(aicc_model_desc),
                              "test",
                              invoke,
                              nullptr,
                              nullptr,
                              0,
                              rows * columns * 4,
                              "{}",
                              2,
                              inputs,
                              outputs,
                              1,
                              1};

class RuntimeTest : public ::testing::Test {
protected:
  RuntimeTest() : x(rows * columns), y(rows * columns) {
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(i);
    in = {x.data(), AICC_FLOAT32, 2, shape};
    out = {y.data(), AICC_FLOAT32, 2, shape};
    EXPECT_EQ(aicc_model_from_desc(&desc, nullptr, &model), AICC_OK);
    EXPECT_EQ(aicc_context_create(model, &context), AICC_OK);
  }
  ~RuntimeTest() override {
    aicc_context_free(context);
    aicc_model_free(model);
  }
  aicc_status run() { return aicc_run(context, &in, 1, &out, 1); }
  std::string error() { return aicc_last_error(context); }

  std::vector<float> x, y;
  aicc_tensor in, out;
  aicc_model *model = nullptr;
  aicc_context *context = nullptr;
};

float expected(const std::vector<float> &x, int64_t i) {
  int64_t whole = i / columns;
  auto row = static_cast<float>(whole);
  return 2 * (2 * x[i] + row) + row;
}

TEST_F(RuntimeTest, Runs) {
  for (int threads : {0, 1, 2, 7}) {
    ASSERT_EQ(aicc_context_set_threads(context, threads), AICC_OK);
    std::fill(y.begin(), y.end(), -1.f);
    ASSERT_EQ(run(), AICC_OK) << error();
    for (int64_t i = 0; i < rows * columns; ++i)
      ASSERT_EQ(y[i], expected(x, i));
  }
}

TEST_F(RuntimeTest, GrainLimitsThreads) {
  int32_t budget = aicc_set_budget(16);
  aicc_context_set_threads(context, 16);
  bodies = 0;
  ASSERT_EQ(run(), AICC_OK);
  EXPECT_LE(bodies, 2 * rows / 8); // No range below the grain of 8.
  EXPECT_GT(bodies, 2);
  aicc_context_set_threads(context, 1);
  bodies = 0;
  ASSERT_EQ(run(), AICC_OK);
  EXPECT_EQ(bodies, 2);
  EXPECT_EQ(aicc_set_budget(budget), 16);
}

TEST_F(RuntimeTest, RefusesWrongTensors) {
  std::fill(y.begin(), y.end(), -1.f);
  int64_t other[] = {rows, columns + 1};
  in.shape = other;
  EXPECT_EQ(run(), AICC_ERROR_SHAPE);
  EXPECT_EQ(error(), "input 'x': shape is 64x257, the model has 64x256");
  in.rank = 1;
  EXPECT_EQ(run(), AICC_ERROR_RANK);
  EXPECT_EQ(error(), "input 'x': shape is 64, the model has 64x256");
  in = {x.data(), AICC_FLOAT64, 2, shape};
  EXPECT_EQ(run(), AICC_ERROR_DTYPE);
  EXPECT_EQ(error(),
            "input 'x': element type is float64, the model has float32");
  in = {nullptr, AICC_FLOAT32, 2, shape};
  EXPECT_EQ(run(), AICC_ERROR_ARGUMENT);
  in = {x.data(), AICC_FLOAT32, 2, nullptr};
  EXPECT_EQ(run(), AICC_ERROR_ARGUMENT);
  in = {reinterpret_cast<char *>(x.data()) + 1, AICC_FLOAT32, 2, shape};
  EXPECT_EQ(run(), AICC_ERROR_ALIGNMENT);
  in = {x.data(), AICC_FLOAT32, 2, shape};
  out.rank = 0;
  EXPECT_EQ(run(), AICC_ERROR_RANK);
  EXPECT_EQ(error(), "output 'y': shape is scalar, the model has 64x256");
  out = {y.data(), AICC_FLOAT32, 2, shape};
  EXPECT_EQ(aicc_run(context, &in, 2, &out, 1), AICC_ERROR_COUNT);
  EXPECT_EQ(error(), "2 inputs given, the model has 1");
  EXPECT_EQ(aicc_run(context, &in, 1, nullptr, 1), AICC_ERROR_COUNT);
  for (float value : y)
    ASSERT_EQ(value, -1.f);
  EXPECT_EQ(run(), AICC_OK);
}

TEST_F(RuntimeTest, RefusesWrongArguments) {
  EXPECT_EQ(aicc_context_set_threads(context, -1), AICC_ERROR_ARGUMENT);
  EXPECT_EQ(aicc_run(nullptr, &in, 1, &out, 1), AICC_ERROR_ARGUMENT);
  EXPECT_EQ(aicc_model_load(nullptr, &model), AICC_ERROR_ARGUMENT);
  EXPECT_STREQ(aicc_last_error(nullptr), "null pointer");
  aicc_model_free(nullptr);
  aicc_context_free(nullptr);
}

TEST_F(RuntimeTest, RefusesOtherVersions) {
  aicc_model_desc newer = desc;
  newer.abi_version = AICC_ABI_VERSION + 1;
  aicc_model *other = nullptr;
  EXPECT_EQ(aicc_model_from_desc(&newer, nullptr, &other), AICC_ERROR_FORMAT);
  EXPECT_EQ(other, nullptr);
  EXPECT_EQ(std::string(aicc_last_error(nullptr)),
            "the model has version " + std::to_string(AICC_ABI_VERSION + 1) +
                " of the binary interface, this runtime " +
                std::to_string(AICC_ABI_VERSION));
}

TEST_F(RuntimeTest, SideFileIsMissing) {
  aicc_model_desc apart = desc;
  apart.weights_file = "m.weights";
  apart.weight_bytes = 100;
  aicc_model *other = nullptr;
  EXPECT_EQ(aicc_model_from_desc(&apart, "/nowhere", &other), AICC_ERROR_IO);
  EXPECT_NE(std::string(aicc_last_error(nullptr)).find("/nowhere/m.weights"),
            std::string::npos);
}

TEST_F(RuntimeTest, FindsNames) {
  EXPECT_EQ(aicc_model_find_input(model, "x"), 0);
  EXPECT_EQ(aicc_model_find_input(model, "y"), -1);
  EXPECT_EQ(aicc_model_find_output(model, "y"), 0);
  EXPECT_EQ(aicc_tensor_bytes(&inputs[0]),
            static_cast<size_t>(rows * columns * 4));
}

TEST_F(RuntimeTest, ConcurrentCallersShareTheBudget) {
  constexpr int callers = 8, repeats = 50, threads = 4;
  int32_t budget = aicc_set_budget(threads);
  mostRunning = 0;
  std::atomic<int> wrong{0};
  std::vector<std::thread> pool;
  for (int n = 0; n < callers; ++n)
    pool.emplace_back([&, n] {
      aicc_context *own = nullptr;
      if (aicc_context_create(model, &own) != AICC_OK)
        ++wrong;
      std::vector<float> a(rows * columns, static_cast<float>(n)),
          b(rows * columns);
      aicc_tensor i = {a.data(), AICC_FLOAT32, 2, shape};
      aicc_tensor o = {b.data(), AICC_FLOAT32, 2, shape};
      for (int r = 0; r < repeats; ++r) {
        if (aicc_run(own, &i, 1, &o, 1) != AICC_OK)
          ++wrong;
        for (int64_t k = 0; k < rows * columns; ++k)
          wrong += b[k] != expected(a, k);
      }
      aicc_context_free(own);
    });
  for (std::thread &thread : pool)
    thread.join();
  EXPECT_EQ(wrong, 0);
  // Each caller's own thread, and the workers of the budget beside the first.
  EXPECT_LE(mostRunning, callers + threads - 1);
  aicc_set_budget(budget);
}

} // namespace

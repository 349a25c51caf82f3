/*===- runtime.h - Run a model compiled by aicc ----------------*- C99 -*-===*\
|*
|* The C interface of libaicc_runtime, and the binary interface between it and
|* a compiled model. Needs C99 and neither LLVM nor the compiler.
|*
|*   aicc_model *model;
|*   aicc_context *context;
|*   if (aicc_model_load("m.so", &model) != AICC_OK ||
|*       aicc_context_create(model, &context) != AICC_OK) {
|*     fprintf(stderr, "%s\n", aicc_last_error(NULL));
|*     return 1;
|*   }
|*   int64_t shape[] = {1, 3, 224, 224}, outShape[] = {1, 1000};
|*   aicc_tensor in = {pixels, AICC_FLOAT32, 4, shape};
|*   aicc_tensor out = {scores, AICC_FLOAT32, 2, outShape};
|*   if (aicc_run(context, &in, 1, &out, 1) != AICC_OK)
|*     fprintf(stderr, "%s\n", aicc_last_error(context));
|*
|* Threads: a model is immutable and may be shared. A context belongs to one
|* caller at a time; callers that run at the same time use one context each.
|* All contexts of a process share one budget of threads (aicc_set_budget): a
|* run that finds it used does its work on the calling thread alone.
|*
|* Memory: creating a context allocates what its runs need; running allocates
|* nothing.
|*
\*===----------------------------------------------------------------------===*/

#ifndef AICC_C_RUNTIME_H
#define AICC_C_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define AICC_RUNTIME_API
#else
#define AICC_RUNTIME_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*===----------------------------------------------------------------------===*\
|* Tensors
\*===----------------------------------------------------------------------===*/

/** Element types. Elements are dense, row-major and in the byte order of the
 *  machine; a bool is one byte, 0 or 1. Those of two and four bits take a byte
 *  each: results have zeros above them, and inputs may have anything there. The
 *  values never change. */
typedef enum aicc_dtype {
  AICC_BOOL = 1,
  AICC_INT8 = 2,
  AICC_UINT8 = 3,
  AICC_INT16 = 4,
  AICC_UINT16 = 5,
  AICC_INT32 = 6,
  AICC_UINT32 = 7,
  AICC_INT64 = 8,
  AICC_UINT64 = 9,
  AICC_FLOAT16 = 10,
  AICC_BFLOAT16 = 11,
  AICC_FLOAT32 = 12,
  AICC_FLOAT64 = 13,
  AICC_FLOAT8E4M3FN = 14,
  AICC_FLOAT8E4M3FNUZ = 15,
  AICC_FLOAT8E5M2 = 16,
  AICC_FLOAT8E5M2FNUZ = 17,
  AICC_FLOAT8E8M0 = 18,
  AICC_FLOAT4E2M1 = 19,
  AICC_INT4 = 20,
  AICC_UINT4 = 21,
  AICC_INT2 = 22,
  AICC_UINT2 = 23
} aicc_dtype;

/** Name of `dtype` as numpy, or its extension ml_dtypes, spells it ("float32",
 *  "float8_e4m3fn"), "?" if there is none. */
AICC_RUNTIME_API const char *aicc_dtype_name(aicc_dtype dtype);

/** Bytes of one element, 0 for an unknown type. */
AICC_RUNTIME_API size_t aicc_dtype_size(aicc_dtype dtype);

/** A tensor of the caller. `data` is aligned to the element size (64 bytes is
 *  fastest); it may be null if the tensor has no elements. */
typedef struct aicc_tensor {
  void *data;
  aicc_dtype dtype;
  int32_t rank;
  const int64_t *shape; /**< `rank` extents; may be null if `rank` is 0. */
} aicc_tensor;

/** What a model says of one of its inputs or outputs. */
typedef struct aicc_tensor_desc {
  const char *name; /**< As in the ONNX model, UTF-8. */
  aicc_dtype dtype;
  int32_t rank;
  const int64_t *shape;
} aicc_tensor_desc;

/*===----------------------------------------------------------------------===*\
|* The compiled model: what the compiler emits
\*===----------------------------------------------------------------------===*/

/** Version of the structures in this section. */
#define AICC_ABI_VERSION 2

/** A range [begin, end) of the iterations of a kernel. */
typedef void (*aicc_body)(void *const *args, int64_t begin, int64_t end);

/** Runs `body` on ranges that cover [0, trip) exactly once and returns when
 *  all are done. No range but the last is shorter than `grain` (at least 1).
 *  `pool` is that of the invocation. */
typedef void (*aicc_parallel_for)(void *pool, aicc_body body, void *const *args,
                                  int64_t trip, int64_t grain);

/** Memory of the program that a device may read, and write if `writable`. */
typedef struct aicc_buffer {
  void *data;
  uint64_t bytes;
  uint64_t writable; /**< 0 or 1. */
} aicc_buffer;

/** Runs entry `entry` of the model's device program on `buffers` and returns
 *  when it is done. `device` is that of the invocation, which keeps errors. */
typedef void (*aicc_offload)(void *device, uint64_t entry,
                             const aicc_buffer *buffers, uint64_t count);

/** Everything that one run of a compiled model reads and writes. Inputs and
 *  outputs are in model order. */
typedef struct aicc_invocation {
  void *const *inputs;
  void *const *outputs;
  void *arena;         /**< `arena_bytes` of scratch memory, 64-byte aligned. */
  const void *weights; /**< Those of the description, or a copy of them. */
  aicc_parallel_for parallel_for; /**< Null: serial. */
  void *pool;                     /**< Handed to `parallel_for`. */
  aicc_offload offload; /**< Needed by models with a device program. */
  void *device;         /**< Handed to `offload`. */
} aicc_invocation;

/** A compiled model. An object or library emitted from `net.onnx` defines one
 *  named `net_model` (its file stem as a C identifier); declare it as
 *  `extern const aicc_model_desc net_model;`. */
typedef struct aicc_model_desc {
  uint32_t abi_version; /**< AICC_ABI_VERSION. */
  uint32_t struct_bytes;
  const char *name;
  /** Returns 0, or 1 if it needs a device and the invocation has none. */
  int32_t (*invoke)(const aicc_invocation *);
  const void *weights;      /**< Null if there are none or in a side file. */
  const char *weights_file; /**< Name of the side file, or null. */
  uint64_t weight_bytes;
  uint64_t arena_bytes;
  const char *manifest; /**< JSON, not null-terminated. */
  uint64_t manifest_bytes;
  const aicc_tensor_desc *inputs;
  const aicc_tensor_desc *outputs;
  uint32_t num_inputs;
  uint32_t num_outputs;
  const char *device_family;  /**< Of its device program; null: it has none. */
  const void *device_program; /**< In the format of that family. */
  uint64_t device_program_bytes;
} aicc_model_desc;

/*===----------------------------------------------------------------------===*\
|* Status
\*===----------------------------------------------------------------------===*/

typedef enum aicc_status {
  AICC_OK = 0,
  AICC_ERROR_ARGUMENT = 1,  /**< A null pointer or a number out of range. */
  AICC_ERROR_IO = 2,        /**< A file cannot be read. */
  AICC_ERROR_FORMAT = 3,    /**< Not a compiled model, or one of another ABI. */
  AICC_ERROR_MEMORY = 4,    /**< Out of memory. */
  AICC_ERROR_COUNT = 5,     /**< Wrong number of inputs or outputs. */
  AICC_ERROR_DTYPE = 6,     /**< Wrong element type. */
  AICC_ERROR_RANK = 7,      /**< Wrong rank. */
  AICC_ERROR_SHAPE = 8,     /**< Wrong shape. */
  AICC_ERROR_ALIGNMENT = 9, /**< Data not aligned to its element size. */
  AICC_ERROR_NAME = 10,     /**< No input or output of that name. */
  AICC_ERROR_DEVICE = 11,   /**< No device for the model, or it failed. */
  AICC_ERROR_INTERNAL = 70  /**< A defect of ours. */
} aicc_status;

/** "AICC_ERROR_SHAPE" and so on. */
AICC_RUNTIME_API const char *aicc_status_name(aicc_status status);

typedef struct aicc_model aicc_model;
typedef struct aicc_context aicc_context;

/** Text of the last error of `context`, or with null of the last error on this
 *  thread in a function that takes no context. Never null; valid until the
 *  next call with that context (on this thread). */
AICC_RUNTIME_API const char *aicc_last_error(const aicc_context *context);

/*===----------------------------------------------------------------------===*\
|* Models
\*===----------------------------------------------------------------------===*/

/** Loads the shared library at `path`. Runs its code: load only what you
 *  trust. */
AICC_RUNTIME_API aicc_status aicc_model_load(const char *path,
                                             aicc_model **model);

/** The model described by `desc`, which is linked into the program and outlives
 *  the result. A side file of weights is looked for in `folder` (null: the
 *  current one). */
AICC_RUNTIME_API aicc_status aicc_model_from_desc(const aicc_model_desc *desc,
                                                  const char *folder,
                                                  aicc_model **model);

/** Releases `model` (null is allowed), after all its contexts. */
AICC_RUNTIME_API void aicc_model_free(aicc_model *model);

/** The description of a loaded model, valid as long as the model. */
AICC_RUNTIME_API const aicc_model_desc *
aicc_model_get_desc(const aicc_model *model);

/** Index of the input (output) called `name`, -1 if there is none. */
AICC_RUNTIME_API int32_t aicc_model_find_input(const aicc_model *model,
                                               const char *name);
AICC_RUNTIME_API int32_t aicc_model_find_output(const aicc_model *model,
                                                const char *name);

/** Bytes of a tensor so described. */
AICC_RUNTIME_API size_t aicc_tensor_bytes(const aicc_tensor_desc *desc);

/*===----------------------------------------------------------------------===*\
|* Contexts
\*===----------------------------------------------------------------------===*/

/** What one caller needs to run `model`: its own arena and thread count. The
 *  model must outlive it. */
AICC_RUNTIME_API aicc_status aicc_context_create(const aicc_model *model,
                                                 aicc_context **context);
AICC_RUNTIME_API void aicc_context_free(aicc_context *context);

/** At most `threads` threads for a run, the caller's included; 0 (the default)
 *  means as many as the budget gives. */
AICC_RUNTIME_API aicc_status aicc_context_set_threads(aicc_context *context,
                                                      int32_t threads);

/** Runs the model. `inputs` and `outputs` are in model order; outputs are
 *  allocated by the caller and must not overlap inputs or each other. On an
 *  error no output has been written. */
AICC_RUNTIME_API aicc_status aicc_run(aicc_context *context,
                                      const aicc_tensor *inputs,
                                      size_t num_inputs,
                                      const aicc_tensor *outputs,
                                      size_t num_outputs);

/** Threads that all runs of this process together may use; at first the number
 *  of processors. Returns the former value; 0 only asks. */
AICC_RUNTIME_API int32_t aicc_set_budget(int32_t threads);

/*===----------------------------------------------------------------------===*\
|* Devices
\*===----------------------------------------------------------------------===*/

/** What runs the device programs of one family: a driver of hardware, or a
 *  simulator. Functions that fail write a text of less than `error_bytes` to
 *  `error`. One device serves one context. */
typedef struct aicc_driver {
  uint32_t struct_bytes; /**< Of this structure. */
  const char *family;    /**< As in `aicc_model_desc`. */
  /** A device that is ready to run `program` (which outlives it), or null. */
  void *(*open)(const void *program, uint64_t bytes, char *error,
                size_t error_bytes);
  /** Runs one entry. Returns 0 if that went well. */
  int32_t (*run)(void *device, uint64_t entry, const aicc_buffer *buffers,
                 uint64_t count, char *error, size_t error_bytes);
  /** What the device counted since `reset`, as JSON (docs/counts.md), valid
   *  until its next call; null if it does not count. */
  const char *(*counts)(void *device);
  /** Counts start from 0. */
  void (*reset)(void *device);
  /** Records from now on what happens when; null where there are no traces. */
  void (*start_trace)(void *device);
  /** Writes what was recorded since `reset`, for https://ui.perfetto.dev.
   *  Returns 0 if that went well. */
  int32_t (*write_trace)(void *device, const char *path, char *error,
                         size_t error_bytes);
  void (*close)(void *device);
} aicc_driver;

/** Makes `driver` (which outlives all contexts) the one of its family, in place
 *  of the one that the library has. Not while contexts are created. */
AICC_RUNTIME_API aicc_status aicc_register_driver(const aicc_driver *driver);

/** What the device of `context` counted in its last run, as JSON; null if the
 *  model has no device program or the device does not count. Valid until the
 *  next call with that context. */
AICC_RUNTIME_API const char *aicc_context_counts(const aicc_context *context);

/** Records what the device does in runs from now on. */
AICC_RUNTIME_API aicc_status aicc_context_start_trace(aicc_context *context);

/** Writes the record of the last run to `path`. */
AICC_RUNTIME_API aicc_status aicc_context_write_trace(aicc_context *context,
                                                      const char *path);

/*===----------------------------------------------------------------------===*\
|* Programs
\*===----------------------------------------------------------------------===*/

/** The command line of aicc-run: `argv` names .npy files for inputs and
 * outputs. With `desc` null the first argument is the artefact to load; an
 * executable that aicc emits gives its own model. Returns the exit code. */
AICC_RUNTIME_API int aicc_main(int argc, char **argv,
                               const aicc_model_desc *desc);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* AICC_C_RUNTIME_H */

/*===- aicc.h - Compile ONNX models ----------------------------*- C99 -*-===*\
|*
|* The C interface of libaicc.so. What it compiles is run through runtime.h.
|*
|*   aicc_options *options = aicc_options_create();
|*   aicc_options_set(options, "target", "cpu");
|*   aicc_options_set(options, "shape", "x:1x3x48x320");
|*   aicc_compilation *c = aicc_compile("m.onnx", "m.so", options);
|*   if (aicc_compilation_status(c) != 0)
|*     for (size_t i = 0; i < aicc_compilation_num_diagnostics(c); ++i)
|*       puts(aicc_compilation_diagnostic(c, i)->message);
|*   aicc_compilation_destroy(c);
|*   aicc_options_destroy(options);
|*
|* Threads: calls on different objects may run at the same time. Strings that
|* a call returns live as long as the object that they were asked of.
|*
\*===----------------------------------------------------------------------===*/

#ifndef AICC_C_AICC_H
#define AICC_C_AICC_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define AICC_API
#else
#define AICC_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Version of the library, e.g. "0.1.0". */
AICC_API const char *aicc_version(void);

/*===----------------------------------------------------------------------===*\
|* Options
\*===----------------------------------------------------------------------===*/

typedef struct aicc_options aicc_options;

AICC_API aicc_options *aicc_options_create(void);
AICC_API void aicc_options_destroy(aicc_options *options);

/** Sets one option of the command line, named without its dashes: "target",
 *  "emit", "shape" (once for each input), "mcpu", "mtriple", "threads",
 *  "objective", "strict-fp", "O" ("0".."3"), "dump-stages", "load-target" ...
 *  An option that takes no value takes "true" or "false".
 *  @return 0, or 2 for an unknown option or a value that it does not take;
 *          then aicc_options_error() says what is wrong. */
AICC_API int aicc_options_set(aicc_options *options, const char *name,
                              const char *value);

/** Why the last aicc_options_set() failed; "" if none did. */
AICC_API const char *aicc_options_error(const aicc_options *options);

/*===----------------------------------------------------------------------===*\
|* Compilation
\*===----------------------------------------------------------------------===*/

typedef enum aicc_severity {
  AICC_SEVERITY_ERROR = 0,
  AICC_SEVERITY_WARNING = 1,
  AICC_SEVERITY_REMARK = 2,
  AICC_SEVERITY_NOTE = 3
} aicc_severity;

/** One message about the model. Unknown strings are "", an unknown opset 0. */
typedef struct aicc_diagnostic {
  aicc_severity severity;
  const char *code; /**< "E_PARSE", "E_UNSUPPORTED" ... */
  const char *file;
  const char *node; /**< Name of the ONNX node, "#<index>" if it has none. */
  const char *op;   /**< Its op type, with the domain unless that is ai.onnx. */
  int64_t opset;
  const char *message;
  const char *help;
  size_t num_notes;
  const char *const *notes;
} aicc_diagnostic;

/** The outcome of one compilation. */
typedef struct aicc_compilation aicc_compilation;

/** Compiles the model at `model_path` and writes the result to `output_path`
 *  (null: a name derived from the model's, in the current folder). `options`
 *  may be null. Never returns null; what went wrong is in the result. */
AICC_API aicc_compilation *aicc_compile(const char *model_path,
                                        const char *output_path,
                                        const aicc_options *options);
/** Maps the model on the machine of `options` and asks the cost model what it
 *  takes; generates no code and writes no file ("emit" is ignored). */
AICC_API aicc_compilation *aicc_estimate(const char *model_path,
                                         const aicc_options *options);
/** A model that is read and lowered once, to be estimated on many machines. */
typedef struct aicc_prepared aicc_prepared;
AICC_API aicc_prepared *aicc_prepared_create(void);
AICC_API void aicc_prepared_destroy(aicc_prepared *prepared);
/** As aicc_estimate(). What was read before is used again as long as the
 * model's file is the same and no option but "target" and "objective" differs.
 * Not from two threads at a time. */
AICC_API aicc_compilation *aicc_estimate_prepared(aicc_prepared *prepared,
                                                  const char *model_path,
                                                  const aicc_options *options);
/** The page of a report as JSON: HTML that refers to nothing outside of itself,
 *  which aicc_compilation_report() of the result gives. */
AICC_API aicc_compilation *aicc_report_page(const char *json);
AICC_API void aicc_compilation_destroy(aicc_compilation *compilation);

/** 0, or the exit code that `aicc` ends with: 1 bad model or input, 2 usage,
 *  3 unsupported, 4 verification failed, 5 a budget cannot be met, 70 internal
 *  error. */
AICC_API int aicc_compilation_status(const aicc_compilation *compilation);

/** Path of what was written, "" if nothing was. */
AICC_API const char *
aicc_compilation_output(const aicc_compilation *compilation);

/** The report as JSON (docs/report.schema.json), or its page; "" after an
 *  error. */
AICC_API const char *
aicc_compilation_report(const aicc_compilation *compilation);

AICC_API size_t
aicc_compilation_num_diagnostics(const aicc_compilation *compilation);

/** Null if `index` is out of range. */
AICC_API const aicc_diagnostic *
aicc_compilation_diagnostic(const aicc_compilation *compilation, size_t index);

/*===----------------------------------------------------------------------===*\
|* Targets
\*===----------------------------------------------------------------------===*/

/** Number of machines that `aicc --list-targets` prints. */
AICC_API size_t aicc_num_machines(void);

/** "cpu/host"; null if `index` is out of range. */
AICC_API const char *aicc_machine_name(size_t index);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* AICC_C_AICC_H */

//===- Options.td - The command line of aicc --------------*- tablegen -*-===//
//
// One spelling a flag, lower case with dashes. What takes a value takes it
// after '=' or as the next argument. Options whose feature is not there yet
// are known (exit code 2, "not yet") and hidden from --help.
//
//===----------------------------------------------------------------------===//

include "llvm/Option/OptParser.td"

// "not yet": see NotYet in Options.cpp.
def NotYetFlag : OptionFlag;

multiclass Value<string name, string meta, string help> {
  def NAME : Joined<["--"], name # "=">, MetaVarName<meta>, HelpText<help>;
  def NAME # _separate : Separate<["--"], name>, Alias<!cast<Joined>(NAME)>;
}

multiclass LaterValue<string name> {
  def NAME : Joined<["--"], name # "=">, Flags<[HelpHidden, NotYetFlag]>;
  def NAME # _separate : Separate<["--"], name>, Alias<!cast<Joined>(NAME)>,
                         Flags<[HelpHidden, NotYetFlag]>;
}

class Switch<string name, string help> : Flag<["--"], name>, HelpText<help>;
class LaterSwitch<string name>
    : Flag<["--"], name>, Flags<[HelpHidden, NotYetFlag]>;

// What to compile, and for what.
def output : JoinedOrSeparate<["-"], "o">, MetaVarName<"OUT">,
    HelpText<"Where to write the result ('-': standard output, for text)">;
defm target : Value<"target", "TARGET",
    "FAMILY, FAMILY/MACHINE or a machine's FILE.yaml (default: cpu)">;
defm emit : Value<"emit", "KIND",
    "onnx, graph, qdq, structured, mapped, report, loops, llvm, asm, obj, lib "
    "(default), exe or check">;
defm shape : Value<"shape", "INPUT:DxDx...",
    "Fixed shape of an input, e.g. x:1x3x224x224; once for each input">;
defm value : Value<"value", "INPUT:V,V...",
    "Fixed value of an input, which is not asked for any more: numbers, or @FILE.npy">;
def O : Joined<["-"], "O">, MetaVarName<"LEVEL">,
    HelpText<"Optimisation level, 0 to 3 (default: 3)">;
defm objective : Value<"objective", "WHAT",
    "What the mapping minimises: latency (default), energy or edp">;
defm energy_budget : Value<"energy-budget", "UJ",
    "Most energy of one run, in microjoules; exit code 5 if there is no such mapping">;
defm latency_budget : Value<"latency-budget", "US",
    "Most time of one run, in microseconds">;
defm memory_budget : Value<"memory-budget", "BYTES",
    "Most memory for constants and intermediate results">;
defm mcpu : Value<"mcpu", "CPU", "Processor to compile for (default: this one)">;
defm mtriple : Value<"mtriple", "TRIPLE",
    "Platform to compile for (default: this one)">;
defm threads : Value<"threads", "N",
    "Workers to plan for (default: those of the machine)">;
defm quantize : Value<"quantize", "TYPE",
    "int8: compute on 8-bit integers what can be; bf16: store weights so where it is cheaper">;
defm calibration : Value<"calibration", "DIR",
    "Samples of the inputs: .npz files, folders of NAME.npy, or .npy files">;
defm calibration_method : Value<"calibration-method", "METHOD",
    "Ranges from samples: minmax (default) or percentile[:P] (P: 99.99)">;
def no_bias_correction : Switch<"no-bias-correction",
    "Leave the mean errors of quantised layers in their results">;
def strict_fp : Switch<"strict-fp",
    "Keep the order of floating point operations and subnormal numbers, and compute no convolution with fewer products">;
defm cache : Value<"cache", "DIR",
    "Keep artefacts here, and take what was compiled before from here">;
defm load_target : Value<"load-target", "LIB",
    "Shared library with a further target family">;
defm from : Value<"from", "STAGE",
    "Stage of a .mlir input (default: its 'aicc.stage')">;

// Looking inside.
defm dump_stages : Value<"dump-stages", "DIR",
    "Write the model after each stage into DIR">;
def with_weights : Switch<"with-weights",
    "Print large constants in full when writing IR">;
defm report : Value<"report", "FILE",
    "Write what the cost model says: a page (.html) or JSON">;
defm explain : Value<"explain", "NODE",
    "Print how an ONNX node is mapped, what it costs and what was rejected">;
def timing : Switch<"timing", "Print the time of each stage and pass">;
defm reproducer : Value<"reproducer", "FILE",
    "On an internal error, write the IR and the passes that caused it">;
defm diagnostics : Value<"diagnostics", "FORMAT", "text (default) or json">;
def quiet : Switch<"quiet", "Errors only">;
def verbose : Flag<["-"], "v">, HelpText<"Say what is being done">;

// Checking the result.
defm verify : Value<"verify", "FILE.npz",
    "Run the result on the inputs in FILE and compare with its outputs">;
def no_fallback : Switch<"no-fallback",
    "What the target's device cannot run is an error">;
defm rtol : Value<"rtol", "X",
    "Relative tolerance of --verify (default: 1e-4)">;
defm atol : Value<"atol", "X",
    "Absolute tolerance of --verify (default: 1e-5)">;

// Instead of compiling.
def help : Switch<"help", "Print this">;
def version : Switch<"version", "Print the version">;
def list_targets : Switch<"list-targets", "Print all machines">;
defm check_machine : Value<"check-machine", "FILE.yaml",
    "Check a machine file">;

// Not yet.
defm sparsity : LaterValue<"sparsity">;
defm accuracy_budget : LaterValue<"accuracy-budget">;
defm trace : LaterValue<"trace">;
defm sanitize : LaterValue<"sanitize">;

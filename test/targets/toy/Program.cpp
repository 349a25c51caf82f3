//===- Program.cpp - What the toy machine runs ----------------------------===//

#include "aicc/Support/Diagnostics.h"
#include "test/targets/toy/Toy.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <map>

using namespace mlir;
using namespace aicc;

static LogicalResult fail(DiagnosticSink &sink, ErrorCode code,
                          llvm::StringRef file, const std::string &message) {
  aicc::Diagnostic d;
  d.code = code;
  d.file = file.str();
  d.message = message;
  sink.report(std::move(d));
  return failure();
}

/// Lines of "input NAME VALUE", "add VALUE VALUE VALUE" (result first) and
/// "output NAME VALUE".
LogicalResult toy::writeProgram(ModuleOp module, llvm::StringRef path,
                                DiagnosticSink &sink) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return fail(sink, ErrorCode::Internal, path, "no function 'main'");
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (error)
    return fail(sink, ErrorCode::Io, path, error.message());
  llvm::DenseMap<Value, unsigned> numbers;
  auto number = [&](Value value) {
    return numbers.try_emplace(value, numbers.size()).first->second;
  };
  for (BlockArgument argument : main.getArguments())
    os << "input "
       << main.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                            "aicc.name")
              .strref()
       << " " << number(argument) << "\n";
  for (Operation &op : main.getBody().front()) {
    if (isa<toy::AddOp, toy::MulOp>(op))
      os << op.getName().stripDialect() << " " << number(op.getResult(0)) << " "
         << number(op.getOperand(0)) << " " << number(op.getOperand(1)) << "\n";
    for (OpOperand &operand : op.getOpOperands())
      if (isa<func::ReturnOp>(op))
        os << "output "
           << main.getResultAttrOfType<StringAttr>(operand.getOperandNumber(),
                                                   "aicc.name")
                  .strref()
           << " " << number(operand.get()) << "\n";
  }
  return success();
}

namespace {

class ToyExecutor : public Executor {
public:
  LogicalResult run(llvm::StringRef path, llvm::ArrayRef<TensorView> inputs,
                    llvm::ArrayRef<TensorView> outputs,
                    DiagnosticSink &sink) override;

private:
  using Values = std::map<unsigned, std::vector<float>>;
  LogicalResult step(llvm::ArrayRef<llvm::StringRef> words,
                     llvm::ArrayRef<TensorView> inputs,
                     llvm::ArrayRef<TensorView> outputs);

  Values values;
};

} // namespace

static const TensorView *findTensor(llvm::ArrayRef<TensorView> tensors,
                                    llvm::StringRef name) {
  auto *it = llvm::find_if(
      tensors, [&](const TensorView &tensor) { return tensor.name == name; });
  return it == tensors.end() || it->dtype != "float32" ? nullptr : it;
}

static size_t countElements(const TensorView &tensor) {
  size_t count = 1;
  for (int64_t extent : tensor.shape)
    count *= extent;
  return count;
}

LogicalResult ToyExecutor::step(llvm::ArrayRef<llvm::StringRef> words,
                                llvm::ArrayRef<TensorView> inputs,
                                llvm::ArrayRef<TensorView> outputs) {
  unsigned last;
  if (words.size() < 3 || words.back().getAsInteger(10, last))
    return failure();
  if (words[0] == "input" || words[0] == "output") {
    const TensorView *tensor =
        findTensor(words[0] == "input" ? inputs : outputs, words[1]);
    if (!tensor)
      return failure();
    auto *data = static_cast<float *>(tensor->data);
    if (words[0] == "input")
      values[last].assign(data, data + countElements(*tensor));
    else if (values[last].size() == countElements(*tensor))
      llvm::copy(values[last], data);
    else
      return failure();
    return success();
  }
  unsigned result, lhs;
  if (words.size() != 4 || words[1].getAsInteger(10, result) ||
      words[2].getAsInteger(10, lhs) ||
      values[lhs].size() != values[last].size())
    return failure();
  std::vector<float> &out = values[result];
  out = values[lhs];
  for (auto [a, b] : llvm::zip(out, values[last]))
    a = words[0] == "add" ? a + b : a * b;
  return success();
}

LogicalResult ToyExecutor::run(llvm::StringRef path,
                               llvm::ArrayRef<TensorView> inputs,
                               llvm::ArrayRef<TensorView> outputs,
                               DiagnosticSink &sink) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return fail(sink, ErrorCode::Io, path, buffer.getError().message());
  values.clear();
  llvm::SmallVector<llvm::StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef line : lines) {
    llvm::SmallVector<llvm::StringRef, 4> words;
    line.split(words, ' ');
    if (failed(step(words, inputs, outputs)))
      return fail(sink, ErrorCode::Type, path,
                  "cannot run '" + line.str() + "' on these tensors");
  }
  return success();
}

std::unique_ptr<Executor> toy::createExecutor() {
  return std::make_unique<ToyExecutor>();
}

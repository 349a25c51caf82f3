//===- Systolic.cpp - The systolic dialect --------------------------------===//

#include "dialects/systolic/IR/Systolic.h"
#include "targets/systolic/Isa/Loops.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace aicc::systolic;

#include "dialects/systolic/IR/SystolicDialect.cpp.inc"

//===----------------------------------------------------------------------===//
// Custom syntax
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral spaceNames[] = {"sp", "wm", "acc"};
static constexpr llvm::StringLiteral queueNames[] = {"load", "execute", "store",
                                                     "vector"};

/// `acc[12]+`
static ParseResult parseLocal(OpAsmParser &parser, IntegerAttr &address) {
  SMLoc at = parser.getCurrentLocation();
  llvm::StringRef keyword;
  uint32_t row = 0;
  if (parser.parseKeyword(&keyword) || parser.parseLSquare() ||
      parser.parseInteger(row) || parser.parseRSquare())
    return failure();
  const auto *name = llvm::find(spaceNames, keyword);
  if (name == std::end(spaceNames))
    return parser.emitError(at, "expected sp, wm or acc, found ") << keyword;
  if (row > LocalAddress::rowMask)
    return parser.emitError(at, "row ") << row << " is no row of a memory";
  bool accumulates = succeeded(parser.parseOptionalPlus());
  LocalAddress local = LocalAddress::make(
      static_cast<Space>(name - std::begin(spaceNames)), row, accumulates);
  address = parser.getBuilder().getI32IntegerAttr(int32_t(local.bits));
  return success();
}

static void printLocal(OpAsmPrinter &printer, Operation *,
                       IntegerAttr address) {
  LocalAddress local{uint32_t(address.getInt())};
  llvm::StringRef name = "unknown";
  if (local.space() < std::size(spaceNames))
    name = spaceNames[local.space()];
  printer << name << '[' << local.row() << ']';
  if (local.accumulates())
    printer << '+';
}

static ParseResult parseQueues(OpAsmParser &parser, llvm::StringRef keyword,
                               IntegerAttr &mask) {
  int64_t bits = 0;
  if (succeeded(parser.parseOptionalKeyword(keyword))) {
    auto parseOne = [&]() -> ParseResult {
      SMLoc at = parser.getCurrentLocation();
      llvm::StringRef name;
      if (parser.parseKeyword(&name))
        return failure();
      const auto *queue = llvm::find(queueNames, name);
      if (queue == std::end(queueNames))
        return parser.emitError(at, "expected a unit, found ") << name;
      bits |= int64_t(1) << (queue - std::begin(queueNames));
      return success();
    };
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
      return failure();
  }
  mask = parser.getBuilder().getI64IntegerAttr(bits);
  return success();
}

static void printQueues(OpAsmPrinter &printer, llvm::StringRef keyword,
                        int64_t mask) {
  if (mask == 0)
    return;
  printer << ' ' << keyword << " [";
  llvm::StringRef comma;
  for (auto [queue, name] : llvm::enumerate(queueNames))
    if (mask >> queue & 1) {
      printer << comma << name;
      comma = ", ";
    }
  printer << ']';
}

static ParseResult parseTokens(OpAsmParser &parser, IntegerAttr &waits,
                               IntegerAttr &signals) {
  return failure(parseQueues(parser, "wait", waits) ||
                 parseQueues(parser, "signal", signals));
}

static void printTokens(OpAsmPrinter &printer, Operation *, IntegerAttr waits,
                        IntegerAttr signals) {
  printQueues(printer, "wait", waits.getInt());
  printQueues(printer, "signal", signals.getInt());
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

LogicalResult ProgramOp::verify() {
  constexpr int64_t most = 256;
  if (getSegments() < 0 || int64_t(getSegments()) > most)
    return emitOpError("expected 0 to ")
           << most << " segments, found " << getSegments();
  for (Operation &op : getBody().front())
    if (!isa<InstructionOpInterface>(op))
      return op.emitOpError("expected an instruction of the dialect "
                            "'systolic' in a program");
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  Block &body = getBody().front();
  if (body.getOps<LoopOp>().empty() && body.getOps<StepOp>().empty())
    return success();
  FailureOr<std::vector<Instruction>> instructions = toInstructions(*this);
  if (failed(instructions))
    return failure();
  if (std::optional<WrongLoop> wrong = findWrongLoop(*instructions))
    return std::next(body.begin(), ptrdiff_t(wrong->index))
        ->emitOpError(wrong->what);
  return success();
}

FailureOr<std::vector<Instruction>>
aicc::systolic::toInstructions(ProgramOp program) {
  std::vector<Instruction> instructions;
  std::string why;
  for (auto op : program.getBody().front().getOps<InstructionOpInterface>()) {
    FailureOr<Instruction> instruction = op.toInstruction(why);
    if (failed(instruction))
      return op->emitOpError(why);
    instructions.push_back(*instruction);
  }
  instructions.push_back({Opcode::Halt});
  return instructions;
}

LogicalResult aicc::systolic::verifyInstruction(InstructionOpInterface op) {
  std::string why;
  if (failed(op.toInstruction(why)))
    return op->emitOpError(why);
  return success();
}

//===----------------------------------------------------------------------===//
// Dialect
//===----------------------------------------------------------------------===//

void SystolicDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/systolic/IR/SystolicOps.cpp.inc"
      >();
}

void aicc::systolic::registerSystolicDialect(DialectRegistry &registry) {
  registry.insert<SystolicDialect>();
}

#include "dialects/systolic/IR/SystolicInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/systolic/IR/SystolicOps.cpp.inc"

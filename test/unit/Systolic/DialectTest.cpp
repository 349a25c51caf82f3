//===- DialectTest.cpp - Operations and instructions ----------------------===//

#include "dialects/systolic/IR/Systolic.h"
#include "targets/systolic/Isa/Encoder.h"
#include "targets/systolic/Isa/Fields.h"
#include "test/unit/Systolic/RandomProgram.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"

#include <gtest/gtest.h>

using namespace aicc::systolic;
using namespace aicc::systolic::tests;

namespace {

/// Without what the instruction set allows and no operation has: counts of
/// zero, sums onto the accumulator by loads, scales elsewhere, the row of
/// biases that are not used.
Instruction asOperation(Instruction instruction) {
  for (const Field &field : formOf(instruction.opcode)->fields)
    for (const Slot &slot : {field.slot, field.second})
      if ((field.kind == Field::Kind::Rows ||
           llvm::is_contained({"columns", "k", "m", "n"}, field.name)) &&
          slot.width > 0 && slot.get(instruction) == 0)
        slot.set(instruction, 1);
  if (instruction.opcode == Opcode::LoadIn)
    instruction.b32 &= ~LocalAddress::accumulateBit;
  if (instruction.opcode == Opcode::StoreQuantize) {
    instruction.a32 =
        LocalAddress::make(Space::Accumulator, instruction.a32).bits;
    if (!(instruction.b32 >> 4 & 1))
      instruction.b32 &= 15;
  }
  return instruction;
}

TEST(SystolicDialect, OperationsAreTheirInstructions) {
  mlir::MLIRContext context;
  context.loadDialect<SystolicDialect>();
  mlir::OpBuilder builder(&context);
  mlir::Location loc = builder.getUnknownLoc();
  size_t compared = 0;
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Instruction> list;
    for (const Instruction &instruction :
         randomProgram(random, 200).instructions)
      if (wrongForm(instruction).empty() && instruction.opcode != Opcode::Halt)
        list.push_back(asOperation(instruction));
    mlir::OwningOpRef<ProgramOp> program =
        ProgramOp::create(builder, loc, "p", int64_t(1));
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&program->getBody().emplaceBlock());
    createInstructions(builder, loc, list);
    mlir::FailureOr<std::vector<Instruction>> back = toInstructions(*program);
    ASSERT_TRUE(mlir::succeeded(back));
    compared += list.size();
    list.push_back({Opcode::Halt});
    EXPECT_EQ(*back, list) << seed;
  }
  EXPECT_GT(compared, 5000u);
}

TEST(SystolicEncoder, RefusesWhatDoesNotFit) {
  Encoder first;
  first.loadIn(0, 0, LocalAddress::make(Space::Scratchpad, 0), 1, 1, 65536);
  EXPECT_EQ(first.error(), "field 'columns' expected 1 to 65535, found 65536");
  // The first one is kept.
  first.storePlace(-1, 0, 0, 0);
  EXPECT_EQ(first.error(), "field 'columns' expected 1 to 65535, found 65536");
  Encoder second;
  second.storeConfig(0, int64_t(1) << 31, 0);
  EXPECT_EQ(second.error(), "field 'stride0' expected -2147483648 to "
                            "2147483647, found 2147483648");
  Encoder third;
  third.executeMultiply(LocalAddress::make(Space::Accumulator, 0),
                        LocalAddress::make(Space::Accumulator, 0, true), 1, 1,
                        1);
  EXPECT_EQ(third.error(), "field 'a' names a memory that it cannot");
  Encoder fourth;
  EXPECT_EQ(fourth.withTokens(fourth.storeConfig(0, 0, 0), 1, 2).signals, 2);
  EXPECT_EQ(fourth.error(), "");
  fourth.withTokens(fourth.fence(), 1, 0);
  EXPECT_EQ(fourth.error(), "field 'waits' expected other units, found mask 1");
}

} // namespace

//===- Workload.cpp - A loop nest to be costed ----------------------------===//

#include "aicc/Energy/Workload.h"

using namespace aicc;

llvm::StringRef aicc::stringify(Arithmetic arithmetic) {
  switch (arithmetic) {
  case Arithmetic::I4:
    return "i4";
  case Arithmetic::I8:
    return "i8";
  case Arithmetic::I16:
    return "i16";
  case Arithmetic::I32:
    return "i32";
  case Arithmetic::F8:
    return "f8";
  case Arithmetic::F16:
    return "f16";
  case Arithmetic::BF16:
    return "bf16";
  case Arithmetic::F32:
    return "f32";
  case Arithmetic::F64:
    return "f64";
  }
  return "";
}

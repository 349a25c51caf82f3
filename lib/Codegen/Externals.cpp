//===- Externals.cpp - What objects need of other libraries ---------------===//

#include "lib/Codegen/Externals.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/InterfaceStub/ELFObjHandler.h"
#include "llvm/InterfaceStub/IFSStub.h"
#include "llvm/Object/ELFObjectFile.h"

#include <set>

using namespace aicc;
using llvm::StringRef;

/// C's functions that LLVM calls for an operation without an instruction; each
/// also with the suffix f for float.
static bool isLibm(StringRef name) {
  static constexpr llvm::StringLiteral names[] = {
      "acos",  "acosh",     "asin",  "asinh", "atan",  "atan2",     "atanh",
      "cbrt",  "ceil",      "cos",   "cosh",  "erf",   "erfc",      "exp",
      "exp10", "exp2",      "expm1", "floor", "fma",   "fmax",      "fmaximum",
      "fmin",  "fminimum",  "fmod",  "ldexp", "log",   "log10",     "log1p",
      "log2",  "nearbyint", "pow",   "rint",  "round", "roundeven", "sin",
      "sinh",  "sqrt",      "tan",   "tanh",  "trunc"};
  return llvm::is_contained(names, name) ||
         (name.ends_with("f") && llvm::is_contained(names, name.drop_back()));
}

static bool isAlwaysThere(StringRef name) {
  return name.empty() || name == "memcpy" || name == "memset" ||
         name == "memmove" || name == "__libc_start_main" ||
         name == "aicc_main" || name == "_GLOBAL_OFFSET_TABLE_";
}

bool aicc::findExternals(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects,
                         Externals &externals) {
  llvm::StringSet<> defined;
  std::set<std::string> undefined;
  for (const llvm::SmallVector<char, 0> &bytes : objects) {
    auto object = llvm::object::ObjectFile::createELFObjectFile(
        llvm::MemoryBufferRef(StringRef(bytes.data(), bytes.size()), "object"));
    if (!object) {
      llvm::consumeError(object.takeError());
      return false;
    }
    auto &elf = llvm::cast<llvm::object::ELFObjectFileBase>(**object);
    externals.machine = elf.getEMachine();
    for (const llvm::object::ELFSymbolRef symbol : elf.symbols()) {
      llvm::Expected<StringRef> name = symbol.getName();
      llvm::Expected<uint32_t> flags = symbol.getFlags();
      if (!name || !flags) {
        llvm::consumeError(name.takeError());
        llvm::consumeError(flags.takeError());
        return false;
      }
      if (*flags & llvm::object::SymbolRef::SF_Undefined)
        undefined.insert(name->str());
      else if (*flags & llvm::object::SymbolRef::SF_Global)
        defined.insert(*name);
    }
  }
  for (const std::string &name : undefined)
    if (!defined.contains(name) && !isAlwaysThere(name))
      (isLibm(name) ? externals.libm : externals.unknown).push_back(name);
  return true;
}

bool aicc::writeStub(const std::string &path, StringRef soname,
                     uint16_t machine, llvm::ArrayRef<std::string> symbols) {
  llvm::ifs::IFSStub stub;
  stub.IfsVersion = llvm::VersionTuple(3, 0);
  stub.SoName = soname.str();
  stub.Target.Arch = machine;
  stub.Target.BitWidth = llvm::ifs::IFSBitWidthType::IFS64;
  stub.Target.Endianness = llvm::ifs::IFSEndiannessType::Little;
  for (const std::string &name : symbols) {
    stub.Symbols.emplace_back(name);
    stub.Symbols.back().Type = llvm::ifs::IFSSymbolType::Func;
  }
  if (llvm::Error error = llvm::ifs::writeBinaryStub(path, stub)) {
    llvm::consumeError(std::move(error));
    return false;
  }
  return true;
}

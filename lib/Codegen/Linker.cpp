//===- Linker.cpp - Objects into one file, in this process ----------------===//

#include "lib/Codegen/Linker.h"

#include "aicc/Codegen/ElfImage.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace aicc;

/// The layout of the library: what lld would do, but with the weights last
/// and in a segment of their own, so that their bytes can follow the file.
static std::string layoutScript() {
  return R"(
SECTIONS {
  . = SIZEOF_HEADERS;
  .interp : { *(.interp) }
  .dynsym : { *(.dynsym) }
  .gnu.hash : { *(.gnu.hash) }
  .dynstr : { *(.dynstr) }
  .rela.dyn : { *(.rela.dyn) }
  .rela.plt : { *(.rela.plt) }
  .aicc.manifest : { KEEP(*(.aicc.manifest)) }
  .rodata : { *(.rodata .rodata.*) }
  .eh_frame : { *(.eh_frame) }
  . = ALIGN(CONSTANT(MAXPAGESIZE));
  .text : { *(.text .text.*) }
  .plt : { *(.plt) }
  . = ALIGN(CONSTANT(MAXPAGESIZE));
  .data.rel.ro : { *(.data.rel.ro .data.rel.ro.*) }
  .dynamic : { *(.dynamic) }
  .got : { *(.got) }
  .got.plt : { *(.got.plt) }
  .data : { *(.data .data.*) }
  .bss : { *(.bss .bss.*) }
  . = ALIGN()" +
         std::to_string(weightsAlignment) + R"();
  .aicc.weights : { KEEP(*(.aicc.weights)) }
}
)";
}

namespace {

/// Files that lld reads and writes, removed at the end.
class TemporaryFiles {
public:
  ~TemporaryFiles() {
    for (const std::string &path : paths) {
      llvm::sys::fs::remove(path);
      llvm::sys::DontRemoveFileOnSignal(path);
    }
  }

  /// Path of a new file with these contents, empty if it cannot be written.
  std::string create(llvm::StringRef suffix, llvm::StringRef contents) {
    llvm::SmallString<128> path;
    int fd = -1;
    if (llvm::sys::fs::createTemporaryFile("aicc", suffix, fd, path))
      return "";
    paths.push_back(path.str().str());
    llvm::sys::RemoveFileOnSignal(path);
    llvm::raw_fd_ostream os(fd, /*shouldClose=*/true);
    os << contents;
    os.close();
    if (os.has_error()) {
      os.clear_error();
      return "";
    }
    return paths.back();
  }

private:
  std::vector<std::string> paths;
};

} // namespace

/// lld keeps its state in globals, and says when a failure spoiled them.
static bool runLinker(llvm::ArrayRef<std::string> args, std::string &why) {
  static std::mutex mutex;
  static bool usable = true;
  std::lock_guard<std::mutex> lock(mutex);
  if (!usable) {
    why = "the linker cannot run again after its earlier failure";
    return false;
  }
  std::vector<const char *> argv;
  for (const std::string &arg : args)
    argv.push_back(arg.c_str());
  std::string output;
  llvm::raw_string_ostream os(output);
  lld::Result result =
      lld::lldMain(argv, os, os, {{lld::Gnu, &lld::elf::link}});
  usable = result.canRunAgain;
  if (result.retCode != 0)
    why = llvm::StringRef(output).rtrim().str();
  return result.retCode == 0;
}

/// Adds what makes a file that the loader can map; false if a temporary file
/// cannot be written.
static bool addLoadableArgs(const LinkRequest &request, TemporaryFiles &files,
                            std::vector<std::string> &args) {
  args.insert(args.end(), {"-z", "noexecstack", "-z", "now", "-z", "relro",
                           "--hash-style=gnu", "--nostdlib", "--gc-sections",
                           "-T", files.create("lds", layoutScript())});
  bool good = !args.back().empty();
  auto addStub = [&](llvm::StringRef soname,
                     llvm::ArrayRef<std::string> symbols) {
    std::string path = files.create("so", "");
    args.push_back(path);
    good = good && !path.empty() &&
           writeStub(path, soname, request.externals.machine, symbols);
  };
  if (!request.externals.libm.empty())
    addStub("libm.so.6", request.externals.libm);
  if (request.kind == LinkKind::SharedLibrary) {
    args.insert(args.end(), {"-shared", "--defsym=aicc_model=" +
                                            request.prefix + "_model"});
    return good;
  }
  addStub("libaicc_runtime.so", {"aicc_main"});
  addStub("libc.so.6", {"__libc_start_main", "memcpy", "memmove", "memset"});
  args.insert(args.end(),
              {"-pie", "--entry=" + request.prefix + "_start",
               "--dynamic-linker=" + request.interpreter, "--enable-new-dtags",
               "-rpath", "$ORIGIN:" + request.runtimeFolder});
  return good;
}

bool aicc::linkObjects(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects,
                       const LinkRequest &request, std::vector<char> &result,
                       std::string &why) {
  TemporaryFiles files;
  std::string output = files.create("out", "");
  std::vector<std::string> args = {"ld.lld", "-o", output, "--threads=1",
                                   "--build-id=none"};
  if (request.kind == LinkKind::Relocatable)
    args.push_back("-r");
  else if (!addLoadableArgs(request, files, args))
    output.clear();
  for (const llvm::SmallVector<char, 0> &object : objects) {
    args.push_back(
        files.create("o", llvm::StringRef(object.data(), object.size())));
    if (args.back().empty())
      output.clear();
  }
  if (output.empty()) {
    why = "cannot write temporary files";
    return false;
  }
  if (!runLinker(args, why))
    return false;
  auto linked = llvm::MemoryBuffer::getFile(output);
  if (!linked) {
    why = "cannot read the linked file: " + linked.getError().message();
    return false;
  }
  result.assign((*linked)->getBufferStart(), (*linked)->getBufferEnd());
  return true;
}

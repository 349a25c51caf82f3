//===- ElfImage.h - Weights appended to an ELF file -------------*- C++ -*-===//
//
// The linker sees the weights as a section without bytes (NOBITS), so that
// hundreds of megabytes never pass through LLVM. Here the section gets its
// place at the end of the file: only its header and its segment change.
//
//===----------------------------------------------------------------------===//

#ifndef AICC_CODEGEN_ELFIMAGE_H
#define AICC_CODEGEN_ELFIMAGE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>

namespace aicc {

/// Alignment of the weights in memory and in the file: the largest page that
/// the architectures we emit for use.
constexpr uint64_t weightsAlignment = 65536;

/// Name of the section with the weights.
constexpr llvm::StringLiteral weightsSection = ".aicc.weights";

/// Turns the NOBITS section `section` of `image` (a 64-bit little-endian ELF
/// object or shared library) into a PROGBITS one whose bytes follow the image:
/// the file is then the image, zeros up to the returned offset, and the
/// section's bytes. The section must be alone in its segment.
/// Returns 0 and says in `why` what is wrong if the image is not like that.
uint64_t appendSection(llvm::MutableArrayRef<char> image,
                       llvm::StringRef section, std::string &why);

} // namespace aicc

#endif // AICC_CODEGEN_ELFIMAGE_H

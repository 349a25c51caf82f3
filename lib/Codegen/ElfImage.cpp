//===- ElfImage.cpp - Weights appended to an ELF file ---------------------===//

#include "aicc/Codegen/ElfImage.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFTypes.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace aicc;
using llvm::StringRef;
using Elf = llvm::object::ELF64LE;

namespace {

/// Bounds-checked views of the headers of an image of our own linking.
class Image {
public:
  explicit Image(llvm::MutableArrayRef<char> bytes) : bytes(bytes) {}

  template <typename T> T *at(uint64_t offset, uint64_t count = 1) const {
    if (offset > bytes.size() || count > (bytes.size() - offset) / sizeof(T))
      return nullptr;
    return reinterpret_cast<T *>(bytes.data() + offset);
  }

  Elf::Shdr *findSection(StringRef name) const {
    auto *header = at<Elf::Ehdr>(0);
    if (!header || !header->checkMagic() ||
        header->getFileClass() != llvm::ELF::ELFCLASS64 ||
        header->getDataEncoding() != llvm::ELF::ELFDATA2LSB)
      return nullptr;
    auto *sections = at<Elf::Shdr>(header->e_shoff, header->e_shnum);
    if (!sections || header->e_shstrndx >= header->e_shnum)
      return nullptr;
    const Elf::Shdr &strings = sections[header->e_shstrndx];
    const char *names = at<const char>(strings.sh_offset, strings.sh_size);
    if (!names)
      return nullptr;
    StringRef table(names, strings.sh_size);
    for (unsigned i = 0; i < header->e_shnum; ++i) {
      if (sections[i].sh_name >= table.size())
        continue;
      StringRef found = table.drop_front(sections[i].sh_name);
      if (found.take_front(found.find('\0')) == name)
        return &sections[i];
    }
    return nullptr;
  }

  llvm::MutableArrayRef<Elf::Phdr> segments() const {
    auto *header = at<Elf::Ehdr>(0);
    auto *first = at<Elf::Phdr>(header->e_phoff, header->e_phnum);
    return first ? llvm::MutableArrayRef(first, header->e_phnum)
                 : llvm::MutableArrayRef<Elf::Phdr>();
  }

private:
  llvm::MutableArrayRef<char> bytes;
};

} // namespace

uint64_t aicc::appendSection(llvm::MutableArrayRef<char> bytes, StringRef name,
                             std::string &why) {
  Image image(bytes);
  Elf::Shdr *section = image.findSection(name);
  if (!section) {
    why = "no section '" + name.str() + "' in a 64-bit little-endian ELF file";
    return 0;
  }
  if (section->sh_type != llvm::ELF::SHT_NOBITS) {
    why = "section '" + name.str() + "' already has bytes";
    return 0;
  }
  uint64_t alignment = std::max<uint64_t>(section->sh_addralign, 1);
  uint64_t offset = llvm::alignTo(bytes.size(), alignment);
  for (Elf::Phdr &segment : image.segments()) {
    if (segment.p_type != llvm::ELF::PT_LOAD ||
        section->sh_addr < segment.p_vaddr ||
        section->sh_addr >= segment.p_vaddr + segment.p_memsz)
      continue;
    if (segment.p_vaddr != section->sh_addr ||
        segment.p_memsz != section->sh_size || segment.p_filesz != 0 ||
        segment.p_vaddr % segment.p_align != 0) {
      why = "section '" + name.str() + "' is not alone in its segment";
      return 0;
    }
    offset = llvm::alignTo(offset, segment.p_align);
    segment.p_offset = offset;
    segment.p_filesz = section->sh_size;
  }
  section->sh_type = llvm::ELF::SHT_PROGBITS;
  section->sh_offset = offset;
  return offset;
}

#pragma once

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "values.h"

namespace bpfts {

/// An ELF file that libelf reads, closed with its descriptor.
class ElfFile {
 public:
  /// Reads and never maps: a binary that is truncated meanwhile must not end this process.
  explicit ElfFile(const std::string& path) {
    elf_version(EV_CURRENT);
    // A path in another process's tree may name a pipe: opening it must not wait.
    fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) {
      status_ = -errno;
      return;
    }
    Check(elf_begin(fd_, ELF_C_READ, nullptr));
  }

  explicit ElfFile(const Bytes& image) {
    elf_version(EV_CURRENT);
    // libelf does not write to an image that it only reads.
    Check(elf_memory(reinterpret_cast<char*>(const_cast<uint8_t*>(image.data)), image.size));
  }

  ~ElfFile() {
    if (elf_ != nullptr) elf_end(elf_);
    if (fd_ >= 0) close(fd_);
  }

  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  /// 0, or why it cannot be read: -ENOEXEC for what is no ELF file.
  int status() const { return status_; }
  Elf* get() const { return elf_; }

  /// Calls `visit(section, header)` for each section that has a header.
  template <typename Visit>
  void ForEachSection(Visit visit) const {
    for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section != nullptr; section = elf_nextscn(elf_, section)) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) != nullptr) visit(section, header);
    }
  }

  /// A section's name, empty when it has none.
  std::string NameOf(const GElf_Shdr& header) const {
    size_t names = 0;
    if (elf_getshdrstrndx(elf_, &names) != 0) return "";
    const char* name = elf_strptr(elf_, names, header.sh_name);
    return name == nullptr ? "" : name;
  }

 private:
  void Check(Elf* elf) {
    elf_ = elf;
    if (elf == nullptr || elf_kind(elf) != ELF_K_ELF) status_ = -ENOEXEC;
  }

  int fd_ = -1;
  Elf* elf_ = nullptr;
  int status_ = 0;
};

}  // namespace bpfts

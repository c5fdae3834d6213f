#include "elf.h"

#include <zlib.h>

#include <cstring>
#include <memory>
#include <string_view>

#include "elf_file.h"

namespace bpfts {

namespace {

std::string RenderHex(const uint8_t* bytes, size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(size * 2);
  for (size_t i = 0; i < size; i++) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

/// Calls `visit(header, name, descriptor)` for each whole note of some note data.
template <typename Visit>
void ForEachNote(Elf_Data* data, Visit visit) {
  if (data == nullptr || data->d_buf == nullptr) return;
  const auto* bytes = static_cast<const char*>(data->d_buf);
  GElf_Nhdr note;
  size_t name = 0;
  size_t descriptor = 0;
  for (size_t at = 0; (at = gelf_getnote(data, at, &note, &name, &descriptor)) > 0;) {
    const std::string_view owner(bytes + name, note.n_namesz == 0 ? 0 : note.n_namesz - 1);
    visit(note, owner, bytes + descriptor);
  }
}

void ReadDebugLink(Elf_Scn* section, ElfInfo& info) {
  const Elf_Data* data = elf_rawdata(section, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return;
  const auto* text = static_cast<const char*>(data->d_buf);
  const size_t length = strnlen(text, data->d_size);
  const size_t crc = (length + 4) & ~size_t{3};
  if (length == 0 || crc + sizeof(uint32_t) > data->d_size) return;
  info.debug_link.assign(text, length);
  std::memcpy(&info.debug_link_crc, text + crc, sizeof info.debug_link_crc);
}

/// Reads one note's three addresses. Their width is the binary's.
bool ReadAddresses(const char* descriptor, size_t size, size_t width, uint64_t (&addresses)[3]) {
  if (size < 3 * width) return false;
  for (size_t i = 0; i < 3; i++) {
    addresses[i] = 0;
    std::memcpy(&addresses[i], descriptor + i * width, width);
  }
  return true;
}

/// Takes one NUL-terminated string off the front; false when it does not end.
bool TakeString(std::string_view& rest, std::string& into) {
  const size_t end = rest.find('\0');
  if (end == std::string_view::npos) return false;
  into.assign(rest.substr(0, end));
  rest.remove_prefix(end + 1);
  return true;
}

}  // namespace

Result<ElfInfo> ElfDescribe(Environment&, const std::string& path) {
  const ElfFile file(path);
  if (file.status() != 0) return file.status();
  GElf_Ehdr header;
  if (gelf_getehdr(file.get(), &header) == nullptr) return -ENOEXEC;
  ElfInfo info;
  info.type = header.e_type;
  info.machine = header.e_machine;
  info.word_size = gelf_getclass(file.get()) == ELFCLASS32 ? 4 : 8;
  size_t count = 0;
  if (elf_getphdrnum(file.get(), &count) != 0) count = 0;
  for (size_t i = 0; i < count; i++) {
    GElf_Phdr segment;
    if (gelf_getphdr(file.get(), static_cast<int>(i), &segment) == nullptr) continue;
    if (segment.p_type == PT_LOAD) {
      info.segments.push_back({segment.p_vaddr, segment.p_offset, segment.p_filesz, (segment.p_flags & PF_X) != 0});
    }
    if (segment.p_type == PT_TLS) {
      const uint64_t align = segment.p_align == 0 ? 1 : segment.p_align;
      info.thread_bytes = (segment.p_memsz + align - 1) / align * align;
    }
  }
  file.ForEachSection([&](Elf_Scn* section, const GElf_Shdr& shape) {
    if (shape.sh_type == SHT_NOTE && info.build_id.empty()) {
      ForEachNote(elf_getdata(section, nullptr), [&](const GElf_Nhdr& note, std::string_view owner, const char* bytes) {
        if (owner != "GNU" || note.n_type != NT_GNU_BUILD_ID) return;
        info.build_id = RenderHex(reinterpret_cast<const uint8_t*>(bytes), note.n_descsz);
      });
    }
    if (shape.sh_type == SHT_PROGBITS && file.NameOf(shape) == ".gnu_debuglink") ReadDebugLink(section, info);
  });
  return info;
}

Result<std::vector<UsdtNote>> ElfUsdtNotes(Environment&, const std::string& path) {
  const ElfFile file(path);
  if (file.status() != 0) return file.status();
  const size_t width = gelf_getclass(file.get()) == ELFCLASS32 ? 4 : 8;
  uint64_t base = 0;
  Elf_Scn* notes = nullptr;
  file.ForEachSection([&](Elf_Scn* section, const GElf_Shdr& header) {
    const std::string name = file.NameOf(header);
    if (name == ".stapsdt.base") base = header.sh_addr;
    if (name == ".note.stapsdt" && header.sh_type == SHT_NOTE) notes = section;
  });
  std::vector<UsdtNote> found;
  if (notes == nullptr) return found;
  ForEachNote(elf_getdata(notes, nullptr), [&](const GElf_Nhdr& header, std::string_view owner, const char* bytes) {
    constexpr uint32_t kVersion3 = 3;
    uint64_t addresses[3];
    if (owner != "stapsdt" || header.n_type != kVersion3) return;
    if (!ReadAddresses(bytes, header.n_descsz, width, addresses)) return;
    // A prelinked binary was moved after the note was written; its own base section moved with it.
    const uint64_t moved = base == 0 ? 0 : base - addresses[1];
    UsdtNote note;
    note.location = addresses[0] + moved;
    note.semaphore = addresses[2] == 0 ? 0 : addresses[2] + moved;
    std::string_view rest(bytes + 3 * width, header.n_descsz - 3 * width);
    if (!TakeString(rest, note.provider) || !TakeString(rest, note.name) || !TakeString(rest, note.arguments)) return;
    found.push_back(std::move(note));
  });
  return found;
}

Result<int64_t> FileCrc32(Environment&, const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -errno;
  constexpr size_t kBlock = 1 << 16;
  const auto block = std::make_unique<uint8_t[]>(kBlock);
  uLong crc = crc32(0, nullptr, 0);
  ssize_t count;
  while ((count = read(fd, block.get(), kBlock)) > 0) crc = crc32(crc, block.get(), static_cast<uInt>(count));
  const int status = count < 0 ? -errno : 0;
  close(fd);
  if (status != 0) return status;
  return static_cast<int64_t>(crc & 0xffffffff);
}

}  // namespace bpfts

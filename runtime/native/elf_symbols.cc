#include <algorithm>
#include <cstring>
#include <string_view>
#include <tuple>

#include "elf.h"
#include "elf_file.h"
#include "unpack.h"

namespace bpfts {

namespace {

struct Symbol {
  uint64_t start;
  /// What the symbol table says; 0 for much that was written in assembly.
  uint64_t size;
  uint64_t section_end;
  uint32_t name;
  uint8_t type;
  uint8_t binding;
  bool dynamic;
  /// Of a version that only programs linked long ago ask for.
  bool outdated;
};

struct SymbolReader {
  std::vector<Symbol> symbols;
  std::string names;
};

bool IsCode(uint8_t type) { return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE; }

/// `$x` and `$d` of arm and riscv say what the bytes are; `.L1` and `.annobin_main.c` are the compiler's own.
bool IsMark(const char* name) { return name[0] == '\0' || name[0] == '$' || name[0] == '.'; }

/// What says of each symbol of a table which version it is of; null when nothing does. Source: ELF's "Symbol
/// Versioning"
Elf_Data* FindVersions(const ElfFile& file, Elf_Scn* section) {
  Elf_Data* found = nullptr;
  file.ForEachSection([&](Elf_Scn* versions, const GElf_Shdr& header) {
    if (header.sh_type == SHT_GNU_versym && header.sh_link == elf_ndxscn(section))
      found = elf_getdata(versions, nullptr);
  });
  return found;
}

bool IsOutdated(Elf_Data* versions, size_t index) {
  constexpr GElf_Versym kHidden = 0x8000;
  GElf_Versym version;
  return versions != nullptr && gelf_getversym(versions, static_cast<int>(index), &version) != nullptr &&
         (version & kHidden) != 0;
}

void ReadTable(const ElfFile& file, Elf_Scn* section, const GElf_Shdr& header, SymbolReader& reader) {
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return;
  Elf_Data* versions = FindVersions(file, section);
  const size_t count = header.sh_size / header.sh_entsize;
  // One header is read for many symbols of its section.
  size_t known = 0;
  GElf_Shdr place = {};
  for (size_t i = 0; i < count; i++) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
    const uint8_t type = GELF_ST_TYPE(symbol.st_info);
    if (!IsCode(type) || symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= SHN_LORESERVE) continue;
    if (symbol.st_shndx != known) {
      Elf_Scn* owner = elf_getscn(file.get(), symbol.st_shndx);
      if (owner == nullptr || gelf_getshdr(owner, &place) == nullptr) continue;
      known = symbol.st_shndx;
    }
    if ((place.sh_flags & SHF_EXECINSTR) == 0) continue;
    const char* name = elf_strptr(file.get(), header.sh_link, symbol.st_name);
    if (name == nullptr || IsMark(name)) continue;
    reader.symbols.push_back({symbol.st_value, symbol.st_size, place.sh_addr + place.sh_size,
                              static_cast<uint32_t>(reader.names.size()), type,
                              static_cast<uint8_t>(GELF_ST_BIND(symbol.st_info)), header.sh_type == SHT_DYNSYM,
                              IsOutdated(versions, i)});
    reader.names.append(name, std::strlen(name) + 1);
  }
}

size_t CountUnderscores(const char* name) { return std::strspn(name, "_"); }

/// Of several names for one address the one that people know goes first: a function's with its size, public,
/// with the fewest underscores.
auto Rank(const Symbol& symbol, const std::string& names) {
  const char* name = names.c_str() + symbol.name;
  return std::make_tuple(symbol.size == 0, symbol.type == STT_NOTYPE, symbol.binding == STB_LOCAL,
                         CountUnderscores(name), symbol.binding == STB_WEAK, std::string_view(name), symbol.outdated);
}

/// Which of several functions of one name a name means: the lowest. Static ones stand behind, then old versions, then
/// what no compiler calls a function: labels, of data too, and functions of careless assembly.
uint8_t Standing(const Symbol& symbol) {
  if (symbol.type == STT_NOTYPE) return 3;
  return symbol.outdated ? 2 : symbol.binding == STB_LOCAL ? 1 : 0;
}

/// Where each symbol ends. One without a size ends at the next one, unless it lies within one that has a size.
std::vector<uint64_t> MeasureEnds(const std::vector<Symbol>& symbols) {
  std::vector<uint64_t> ends(symbols.size());
  uint64_t covered = 0;
  for (size_t i = 0; i < symbols.size(); i++) {
    const Symbol& symbol = symbols[i];
    if (symbol.size > 0) {
      ends[i] = symbol.start + symbol.size;
      covered = std::max(covered, ends[i]);
      continue;
    }
    // The dynamic symbols alone leave out most functions: what follows one need not be its own.
    ends[i] = symbol.start + 1;
    if (symbol.dynamic || symbol.start < covered) continue;
    size_t next = i + 1;
    while (next < symbols.size() && symbols[next].start == symbol.start) next++;
    const uint64_t limit = next < symbols.size() ? symbols[next].start : UINT64_MAX;
    ends[i] = std::max(ends[i], std::min(limit, symbol.section_end));
  }
  return ends;
}

template <typename T>
bool Append(Buffer& buffer, T value) {
  uint8_t* at = buffer.Extend(sizeof value);
  if (at == nullptr) return false;
  std::memcpy(at, &value, sizeof value);
  return true;
}

Result<ElfSymbolTable> PackSymbols(SymbolReader& reader) {
  auto& [symbols, names] = reader;
  std::sort(symbols.begin(), symbols.end(), [&](const Symbol& a, const Symbol& b) {
    return a.start != b.start ? a.start < b.start : Rank(a, names) < Rank(b, names);
  });
  // A name that stands in both tables is one symbol.
  const auto same = [&](const Symbol& a, const Symbol& b) {
    return a.start == b.start && a.size == b.size && std::strcmp(&names[a.name], &names[b.name]) == 0;
  };
  symbols.erase(std::unique(symbols.begin(), symbols.end(), same), symbols.end());
  const std::vector<uint64_t> ends = MeasureEnds(symbols);
  ElfSymbolTable table;
  for (size_t i = 0; i < symbols.size(); i++) {
    const uint8_t indirect = symbols[i].type == STT_GNU_IFUNC ? 1 : 0;
    if (!Append(table.starts, symbols[i].start) || !Append(table.ends, ends[i]) ||
        !Append(table.name_offsets, symbols[i].name) || !Append(table.indirect, indirect) ||
        !Append(table.standings, Standing(symbols[i]))) {
      return -ENOMEM;
    }
  }
  if (!names.empty()) {
    uint8_t* text = table.names.Extend(names.size());
    if (text == nullptr) return -ENOMEM;
    std::memcpy(text, names.data(), names.size());
  }
  table.count = static_cast<uint32_t>(symbols.size());
  return table;
}

void ReadTables(const ElfFile& file, SymbolReader& reader) {
  file.ForEachSection([&](Elf_Scn* section, const GElf_Shdr& header) {
    if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM) ReadTable(file, section, header, reader);
  });
}

/// A stripped binary's own functions, packed into a small ELF file within it. Source: GDB's "MiniDebugInfo"
void ReadPacked(Elf_Scn* section, SymbolReader& reader) {
  const Elf_Data* data = elf_rawdata(section, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return;
  const Result<Buffer> image = UnpackXz({static_cast<const uint8_t*>(data->d_buf), data->d_size});
  const Buffer* plain = std::get_if<Buffer>(&image);
  if (plain == nullptr) return;
  const ElfFile inner(Bytes{plain->data(), plain->size()});
  if (inner.status() == 0) ReadTables(inner, reader);
}

void ReadSymbols(const ElfFile& file, SymbolReader& reader) {
  ReadTables(file, reader);
  file.ForEachSection([&](Elf_Scn* section, const GElf_Shdr& header) {
    if (header.sh_type == SHT_PROGBITS && file.NameOf(header) == ".gnu_debugdata") ReadPacked(section, reader);
  });
}

}  // namespace

Result<ElfSymbolTable> ElfSymbols(Environment&, const std::vector<std::string>& paths,
                                  const std::optional<Bytes>& image) {
  SymbolReader reader;
  if (image.has_value()) {
    const ElfFile file(*image);
    if (file.status() != 0) return file.status();
    ReadSymbols(file, reader);
  }
  for (const std::string& path : paths) {
    const ElfFile file(path);
    if (file.status() != 0) return file.status();
    ReadSymbols(file, reader);
  }
  return PackSymbols(reader);
}

Result<int64_t> ElfFindObject(Environment&, const std::vector<std::string>& paths, const std::string& name,
                              bool of_thread) {
  std::optional<uint64_t> found;
  bool unique = true;
  for (const std::string& path : paths) {
    const ElfFile file(path);
    if (file.status() != 0) return file.status();
    file.ForEachSection([&](Elf_Scn* section, const GElf_Shdr& header) {
      if ((header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM) || header.sh_entsize == 0) return;
      Elf_Data* data = elf_getdata(section, nullptr);
      GElf_Sym symbol;
      for (int i = 0; data != nullptr && gelf_getsym(data, i, &symbol) != nullptr; i++) {
        const uint8_t type = GELF_ST_TYPE(symbol.st_info);
        const bool fits = of_thread ? type == STT_TLS : type == STT_OBJECT || type == STT_NOTYPE;
        if (!fits || symbol.st_shndx == SHN_UNDEF) continue;
        const char* text = elf_strptr(file.get(), header.sh_link, symbol.st_name);
        if (text == nullptr || name != text) continue;
        if (found.has_value() && *found != symbol.st_value) unique = false;
        found = symbol.st_value;
      }
    });
  }
  if (!found.has_value()) return -ENOENT;
  if (!unique) return -ENOTUNIQ;
  return static_cast<int64_t>(*found);
}

}  // namespace bpfts

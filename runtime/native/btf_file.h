#pragma once

#include <bpf/btf.h>

#include <memory>
#include <string>

namespace bpfts {

// Fields move between kernels: clang must note every access to them for libbpf to correct.
inline constexpr char kTypesOpening[] =
    "#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n"
    "#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n\n";
inline constexpr char kTypesClosing[] = "#pragma clang attribute pop\n\n#endif\n";

struct BtfDeleter {
  void operator()(struct btf* btf) const { btf__free(btf); }
};
using BtfPointer = std::unique_ptr<struct btf, BtfDeleter>;

struct BtfDumpDeleter {
  void operator()(struct btf_dump* dump) const { btf_dump__free(dump); }
};
using BtfDumpPointer = std::unique_ptr<struct btf_dump, BtfDumpDeleter>;

/// Prints types of a BTF as C behind a text. Answers a null pointer with errno set when that cannot be.
BtfDumpPointer OpenBtfDump(const struct btf* btf, std::string& text);

}  // namespace bpfts

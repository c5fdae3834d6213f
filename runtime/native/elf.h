#pragma once

#include <optional>
#include <string>
#include <vector>

#include "environment.h"
#include "values.h"

namespace bpfts {

/// What a binary says of itself: kind, segments, build id, the name of its debug file.
Result<ElfInfo> ElfDescribe(Environment& environment, const std::string& path);

/// The functions of one binary, sorted by address. Several paths are the same binary's files
/// (itself, its debug file); an image is one that lies in memory.
Result<ElfSymbolTable> ElfSymbols(Environment& environment, const std::vector<std::string>& paths,
                                  const std::optional<Bytes>& image);

/// The address of a variable by its name, or of one that each thread has its own of: then from the start of what
/// threads have. -ENOENT when none of the files has it, -ENOTUNIQ when several variables are called so.
Result<int64_t> ElfFindObject(Environment& environment, const std::vector<std::string>& paths, const std::string& name,
                              bool of_thread);

/// The USDT probes of a binary. Source: SystemTap's note format, version 3.
Result<std::vector<UsdtNote>> ElfUsdtNotes(Environment& environment, const std::string& path);

/// What a .gnu_debuglink section says of the file that it means.
Result<int64_t> FileCrc32(Environment& environment, const std::string& path);

}  // namespace bpfts

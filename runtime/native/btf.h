#pragma once

#include <optional>
#include <string>

#include "environment.h"
#include "values.h"

namespace bpfts {

/// A file's BTF as C. With a base, the file's own types and what they need of the base.
Result<std::string> BtfDumpC(Environment& environment, const std::string& path, const std::optional<std::string>& base);

}  // namespace bpfts

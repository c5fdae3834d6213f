#pragma once

#include <string>

#include "environment.h"
#include "values.h"

namespace bpfts {

/// The names in a file's BTF, one a line and in order; `runtime/compile/kernel-names.ts` describes the lines.
Result<std::string> BtfListNames(Environment& environment, const std::string& path);

/// Those of a file's types as C that some names ask for, and what they need. `names` is separated by spaces: types and
/// enumerators are taken by their names, and what a pointer leads to by the name of the member that is the pointer.
Result<std::string> BtfSelectC(Environment& environment, const std::string& path, const std::string& names);

}  // namespace bpfts

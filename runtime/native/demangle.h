#pragma once

#include <string>

#include "environment.h"

namespace bpfts {

/// A C++ or Rust symbol as people write it; the name itself when it is no such symbol.
std::string Demangle(Environment& environment, const std::string& name);

}  // namespace bpfts

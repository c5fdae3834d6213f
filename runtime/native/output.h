#pragma once

#include <cstdint>

#include "environment.h"
#include "values.h"

namespace bpfts {

/// Writes without ever waiting where a signal could not be seen.
int64_t Write(Environment& environment, int32_t fd, Bytes bytes, int32_t timeout_ms);

}  // namespace bpfts

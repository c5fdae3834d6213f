#pragma once

#include <cstdint>

#include "environment.h"
#include "values.h"

namespace bpfts {

int32_t MappedCodeOpen(Environment& environment, int32_t pid);
Result<Buffer> MappedCodeRead(Environment& environment, int32_t log);
int32_t MappedCodeLost(Environment& environment, int32_t log);
int MappedCodeClose(Environment& environment, int32_t log);

}  // namespace bpfts

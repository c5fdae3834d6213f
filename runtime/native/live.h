#pragma once

#include <cstdint>
#include <string>

#include "environment.h"
#include "values.h"

namespace bpfts {

// Objects that exist in the kernel, whoever made them. Kinds: 0 program, 1 map, 2 link, 3 BTF.
int LiveNextId(Environment& environment, uint32_t kind, uint32_t id);
int32_t LiveOpen(Environment& environment, uint32_t kind, uint32_t id);
Result<LiveInfo> GetLiveInfo(Environment& environment, uint32_t kind, uint32_t id, Bytes request, Bytes rooms);
int32_t PinOpen(Environment& environment, const std::string& path);
int32_t StatsEnable(Environment& environment);

}  // namespace bpfts

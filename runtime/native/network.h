#pragma once

#include <cstdint>
#include <string>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

// Each `netns` is the handle of a network namespace's descriptor, or -1 for this process's own.

int32_t LinkCreate(Environment& environment, int32_t program, int32_t netns, uint32_t interface, uint32_t type,
                   uint32_t flags, Bytes options);
int LinkUpdate(Environment& environment, int32_t link, int32_t program);
int LinkPin(Environment& environment, int32_t link, const std::string& path);
Result<Buffer> LinkDescribe(Environment& environment, int32_t link);
int32_t FilterAttach(Environment& environment, int32_t program, int32_t netns, uint32_t interface, bool egress,
                     uint32_t priority);
int32_t RawSocketAttach(Environment& environment, int32_t program, int32_t netns, uint32_t interface);
Result<Buffer> NetlinkDump(Environment& environment, int32_t netns, uint32_t type, Bytes request);
Result<Buffer> ProgramQuery(Environment& environment, int32_t netns, uint32_t interface, uint32_t type);
Result<Buffer> ProgramQueryOf(Environment& environment, int32_t target, uint32_t type);

}  // namespace bpfts

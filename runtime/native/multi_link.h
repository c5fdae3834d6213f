#pragma once

#include <cstdint>
#include <string>

#include "environment.h"
#include "values.h"

namespace bpfts {

/// One link for many places of one binary. Since: Linux 6.6. Source: BPF_TRACE_UPROBE_MULTI
int32_t AttachUprobeMulti(Environment& environment, int32_t program, const UprobeMultiTarget& target);
/// One link for many kernel functions. Since: Linux 5.18; with a session, which sees entry and return, 6.10. Source: BPF_TRACE_KPROBE_MULTI, BPF_TRACE_KPROBE_SESSION
int32_t AttachKprobeMulti(Environment& environment, int32_t program, const Bytes& addresses, const Bytes& cookies,
                          bool retprobe, bool session);

}  // namespace bpfts

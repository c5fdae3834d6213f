#pragma once

#include <cstdint>

#include "environment.h"

namespace bpfts {

/// Detaches every program that sits on a probe (tracepoints, kprobes, uprobes), all at once, when one after another
/// would take the kernel long. The programs are off their probes when this returns. A process of its own lives until
/// the kernel has freed the last perf event. Answers how many perf events it was left with.
int32_t DetachProbes(Environment& environment);

}  // namespace bpfts

#pragma once

#include <cstdint>
#include <string>

#include "environment.h"

namespace bpfts {

// 1 yes, 0 no, negative cannot tell. Source: libbpf_probe_bpf_*.
int ProbeProgramType(Environment& environment, uint32_t type);
int ProbeMapType(Environment& environment, uint32_t type);
int ProbeHelper(Environment& environment, uint32_t program_type, uint32_t helper);
std::string LibbpfVersion(Environment& environment);

}  // namespace bpfts

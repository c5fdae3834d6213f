#include "probe.h"

#include <bpf/libbpf.h>

#include "log.h"

namespace bpfts {

int ProbeProgramType(Environment& environment, uint32_t type) {
  const LogCapture capture(environment.log);
  return libbpf_probe_bpf_prog_type(static_cast<enum bpf_prog_type>(type), nullptr);
}

int ProbeMapType(Environment& environment, uint32_t type) {
  const LogCapture capture(environment.log);
  return libbpf_probe_bpf_map_type(static_cast<enum bpf_map_type>(type), nullptr);
}

int ProbeHelper(Environment& environment, uint32_t program_type, uint32_t helper) {
  const LogCapture capture(environment.log);
  return libbpf_probe_bpf_helper(static_cast<enum bpf_prog_type>(program_type), static_cast<enum bpf_func_id>(helper),
                                 nullptr);
}

std::string LibbpfVersion(Environment&) {
  // "v1.1" in libbpf's own words.
  const std::string version = libbpf_version_string();
  return version.rfind('v', 0) == 0 ? version.substr(1) : version;
}

}  // namespace bpfts

#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "log.h"

namespace bpfts {

namespace {

/// What the verifier answers when a type of program has no such helper. The
/// last sentence is newer than libbpf 1.4, whose own probe takes it for a yes.
constexpr std::array<const char*, 3> kRefusals = {"invalid func ", "unknown func ",
                                                  "program of this type cannot use helper "};

/// Types that cannot be loaded without one. Source: enum bpf_attach_type
enum bpf_attach_type FindAttachType(enum bpf_prog_type type) {
  switch (type) {
    case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
      return BPF_CGROUP_INET4_CONNECT;
    case BPF_PROG_TYPE_CGROUP_SOCKOPT:
      return BPF_CGROUP_GETSOCKOPT;
    case BPF_PROG_TYPE_SK_LOOKUP:
      return BPF_SK_LOOKUP;
    default:
      return static_cast<enum bpf_attach_type>(0);
  }
}

}  // namespace

int ProbeProgramType(Environment& environment, uint32_t type) {
  const LogCapture capture(environment.log);
  return libbpf_probe_bpf_prog_type(static_cast<enum bpf_prog_type>(type), nullptr);
}

int ProbeMapType(Environment& environment, uint32_t type) {
  const LogCapture capture(environment.log);
  return libbpf_probe_bpf_map_type(static_cast<enum bpf_map_type>(type), nullptr);
}

int ProbeHelper(Environment&, uint32_t program_type, uint32_t helper) {
  const auto type = static_cast<enum bpf_prog_type>(program_type);
  // These cannot be loaded without the function that they sit on.
  if (type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_EXT || type == BPF_PROG_TYPE_LSM ||
      type == BPF_PROG_TYPE_STRUCT_OPS)
    return -EOPNOTSUPP;
  struct bpf_insn call = {};
  call.code = BPF_JMP | BPF_CALL;
  call.imm = static_cast<int32_t>(helper);
  struct bpf_insn end = {};
  end.code = BPF_JMP | BPF_EXIT;
  const std::array<struct bpf_insn, 2> instructions = {call, end};
  std::array<char, 4096> log = {};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = FindAttachType(type), .log_level = 1,
              .log_size = log.size(), .log_buf = log.data());
  if (type == BPF_PROG_TYPE_SYSCALL) options.prog_flags = BPF_F_SLEEPABLE;
  const int fd = bpf_prog_load(type, nullptr, "GPL", instructions.data(), instructions.size(), &options);
  if (fd >= 0) {
    close(fd);
    return 1;
  }
  const int error = errno;
  // Without a word of the verifier's the load did not come as far as the call.
  if (log[0] == '\0') return -error;
  for (const char* refusal : kRefusals) {
    if (std::strstr(log.data(), refusal) != nullptr) return 0;
  }
  return 1;
}

std::string LibbpfVersion(Environment&) {
  // "v1.1" in libbpf's own words.
  const std::string version = libbpf_version_string();
  return version.rfind('v', 0) == 0 ? version.substr(1) : version;
}

}  // namespace bpfts

#include "link.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "log.h"
#include "object.h"

namespace bpfts {

namespace {

/// Runs one of libbpf's attach functions and owns what it answers. The link
/// goes with the program's object, whichever handle it was made through.
template <typename Attach>
int32_t AddLink(Environment& environment, int32_t handle, Attach attach) {
  const Program* program = environment.handles.Find<Program>(handle);
  if (program == nullptr) return -EBADF;
  const LogCapture capture(environment.log);
  struct bpf_link* link = attach(program->get());
  if (link == nullptr) return errno == 0 ? -EINVAL : -errno;
  return environment.handles.Add(std::make_unique<Link>(link), program->object());
}

}  // namespace

int32_t AttachAuto(Environment& environment, int32_t program) {
  return AddLink(environment, program, [](struct bpf_program* target) { return bpf_program__attach(target); });
}

int32_t AttachTracepoint(Environment& environment, int32_t program, const std::string& category,
                         const std::string& name) {
  return AddLink(environment, program, [&](struct bpf_program* target) {
    return bpf_program__attach_tracepoint(target, category.c_str(), name.c_str());
  });
}

int32_t AttachRawTracepoint(Environment& environment, int32_t program, const std::string& name) {
  return AddLink(environment, program, [&](struct bpf_program* target) {
    return bpf_program__attach_raw_tracepoint(target, name.c_str());
  });
}

int32_t AttachKprobe(Environment& environment, int32_t program, const std::string& symbol, uint64_t offset,
                     bool retprobe, uint64_t cookie) {
  return AddLink(environment, program, [&](struct bpf_program* target) {
    LIBBPF_OPTS(bpf_kprobe_opts, options, .bpf_cookie = cookie, .offset = offset, .retprobe = retprobe);
    return bpf_program__attach_kprobe_opts(target, symbol.c_str(), &options);
  });
}

int32_t AttachUprobe(Environment& environment, int32_t program, const UprobeTarget& target) {
  return AddLink(environment, program, [&](struct bpf_program* attached) {
    LIBBPF_OPTS(bpf_uprobe_opts, options, .ref_ctr_offset = target.ref_ctr_offset, .bpf_cookie = target.cookie,
                .retprobe = target.retprobe);
    return bpf_program__attach_uprobe_opts(attached, target.pid, target.path.c_str(), target.offset, &options);
  });
}

int32_t AttachUsdt(Environment& environment, int32_t program, int32_t pid, const std::string& path,
                   const std::string& provider, const std::string& name, uint64_t cookie) {
  return AddLink(environment, program, [&](struct bpf_program* target) {
    LIBBPF_OPTS(bpf_usdt_opts, options, .usdt_cookie = cookie);
    return bpf_program__attach_usdt(target, pid, path.c_str(), provider.c_str(), name.c_str(), &options);
  });
}

int32_t AttachPerfEvent(Environment& environment, int32_t program, const PerfEventTarget& target) {
  // One of the two must be given: a sampling event without a period never fires.
  if ((target.sample_period != 0) == (target.sample_freq != 0)) return -EINVAL;
  if (environment.handles.Find<Program>(program) == nullptr) return -EBADF;
  struct perf_event_attr attributes = {};
  attributes.type = target.type;
  attributes.size = sizeof attributes;
  attributes.config = target.config;
  attributes.freq = target.sample_freq != 0 ? 1 : 0;
  if (attributes.freq) attributes.sample_freq = target.sample_freq;
  else attributes.sample_period = target.sample_period;
  const int fd = static_cast<int>(
      syscall(SYS_perf_event_open, &attributes, target.pid, target.cpu, -1, PERF_FLAG_FD_CLOEXEC));
  if (fd < 0) return -errno;
  const int32_t link = AddLink(environment, program, [&](struct bpf_program* attached) {
    return bpf_program__attach_perf_event(attached, fd);
  });
  // A link owns the event, a failed one does not.
  if (link < 0) close(fd);
  return link;
}

int LinkClose(Environment& environment, int32_t link) { return environment.handles.Close(link, Kind::kLink); }

}  // namespace bpfts

#include "link.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>

#include "descriptor.h"
#include "log.h"
#include "map.h"
#include "object.h"

namespace bpfts {

namespace {

/// Runs one of libbpf's attach functions and owns what it answers. The link
/// goes with the program's object, whichever handle it was made through.
template <typename Attach>
int32_t AddLink(Environment& environment, int32_t handle, Attach attach, Seat seat = Seat::kOther) {
  const Program* program = environment.handles.Find<Program>(handle);
  if (program == nullptr) return -EBADF;
  const LogCapture capture(environment.log);
  struct bpf_link* link = attach(program->get());
  if (link == nullptr) return errno == 0 ? -EINVAL : -errno;
  return environment.handles.Add(std::make_unique<Link>(link, seat), program->object());
}

/// A descriptor of one's own, so that it outlives whoever lent it.
int KeepDescriptor(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 0); }

int OpenPerfEvent(const PerfEventTarget& target) {
  struct perf_event_attr attributes = {};
  attributes.type = target.type;
  attributes.size = sizeof attributes;
  attributes.config = target.config;
  attributes.config1 = target.config1;
  attributes.config2 = target.config2;
  attributes.bp_type = target.bp_type;
  // The bits have names in C alone: they are the eight bytes behind read_format.
  static_assert(offsetof(struct perf_event_attr, read_format) == 32 &&
                offsetof(struct perf_event_attr, wakeup_events) == 48);
  std::memcpy(reinterpret_cast<char*>(&attributes) + 40, &target.flags, sizeof target.flags);
  attributes.freq = target.sample_freq != 0 ? 1 : 0;
  if (attributes.freq)
    attributes.sample_freq = target.sample_freq;
  else
    attributes.sample_period = target.sample_period;
  return static_cast<int>(syscall(SYS_perf_event_open, &attributes, target.pid, target.cpu, -1, PERF_FLAG_FD_CLOEXEC));
}

}  // namespace

Attachment::~Attachment() {
  bpf_prog_detach2(program_fd_, target_fd_, type_);
  close(program_fd_);
  close(target_fd_);
}

PerfCounter::~PerfCounter() {
  bpf_map_delete_elem(map_fd_, &index_);
  close(map_fd_);
  close(event_fd_);
}

int32_t AttachAuto(Environment& environment, int32_t program) {
  return AddLink(environment, program, [](struct bpf_program* target) { return bpf_program__attach(target); });
}

int32_t AttachTracepoint(Environment& environment, int32_t program, const std::string& category,
                         const std::string& name, uint64_t cookie) {
  return AddLink(
      environment, program,
      [&](struct bpf_program* target) {
        LIBBPF_OPTS(bpf_tracepoint_opts, options, .bpf_cookie = cookie);
        return bpf_program__attach_tracepoint_opts(target, category.c_str(), name.c_str(), &options);
      },
      Seat::kPerfEvent);
}

int32_t AttachRawTracepoint(Environment& environment, int32_t program, const std::string& name) {
  return AddLink(environment, program,
                 [&](struct bpf_program* target) { return bpf_program__attach_raw_tracepoint(target, name.c_str()); });
}

int32_t AttachKprobe(Environment& environment, int32_t program, const std::string& symbol, uint64_t offset,
                     bool retprobe, uint64_t cookie) {
  return AddLink(
      environment, program,
      [&](struct bpf_program* target) {
        LIBBPF_OPTS(bpf_kprobe_opts, options, .bpf_cookie = cookie, .offset = offset, .retprobe = retprobe);
        return bpf_program__attach_kprobe_opts(target, symbol.c_str(), &options);
      },
      Seat::kPerfEvent);
}

int32_t AttachUprobe(Environment& environment, int32_t program, const UprobeTarget& target) {
  return AddLink(
      environment, program,
      [&](struct bpf_program* attached) {
        LIBBPF_OPTS(bpf_uprobe_opts, options, .ref_ctr_offset = target.ref_ctr_offset, .bpf_cookie = target.cookie,
                    .retprobe = target.retprobe);
        return bpf_program__attach_uprobe_opts(attached, target.pid, target.path.c_str(), target.offset, &options);
      },
      Seat::kPerfEvent);
}

int32_t AttachUsdt(Environment& environment, int32_t program, int32_t pid, const std::string& path,
                   const std::string& provider, const std::string& name, uint64_t cookie) {
  // libbpf keeps one list for all USDT links of an object, without a lock: they are detached one by one.
  return AddLink(environment, program, [&](struct bpf_program* target) {
    LIBBPF_OPTS(bpf_usdt_opts, options, .usdt_cookie = cookie);
    return bpf_program__attach_usdt(target, pid, path.c_str(), provider.c_str(), name.c_str(), &options);
  });
}

int32_t AttachPerfEvent(Environment& environment, int32_t program, const PerfEventTarget& target) {
  // One of the two must be given: a sampling event without a period never fires.
  if ((target.sample_period != 0) == (target.sample_freq != 0)) return -EINVAL;
  if (environment.handles.Find<Program>(program) == nullptr) return -EBADF;
  const int fd = OpenPerfEvent(target);
  if (fd < 0) return -errno;
  const int32_t link = AddLink(
      environment, program, [&](struct bpf_program* attached) { return bpf_program__attach_perf_event(attached, fd); });
  // A link owns the event, a failed one does not.
  if (link < 0) close(fd);
  return link;
}

int32_t AttachTarget(Environment& environment, int32_t handle, int32_t target, uint32_t type) {
  const Program* program = environment.handles.Find<Program>(handle);
  const int target_fd = FindDescriptor(environment, target);
  if (program == nullptr || target_fd < 0) return -EBADF;
  const int fd =
      bpf_link_create(bpf_program__fd(program->get()), target_fd, static_cast<enum bpf_attach_type>(type), nullptr);
  if (fd < 0) return -errno;
  return environment.handles.Add(std::make_unique<LinkDescriptor>(fd), program->object());
}

int32_t AttachFreplace(Environment& environment, int32_t program, int32_t target, const std::string& function) {
  const int target_fd = FindDescriptor(environment, target);
  if (target_fd < 0) return target_fd;
  return AddLink(environment, program, [&](struct bpf_program* attached) {
    return bpf_program__attach_freplace(attached, target_fd, function.c_str());
  });
}

int32_t AttachMap(Environment& environment, int32_t handle, int32_t map_handle, uint32_t type) {
  const Program* program = environment.handles.Find<Program>(handle);
  const Map* map = environment.handles.Find<Map>(map_handle);
  if (program == nullptr || map == nullptr) return -EBADF;
  const auto attach_type = static_cast<enum bpf_attach_type>(type);
  const int program_fd = KeepDescriptor(bpf_program__fd(program->get()));
  if (program_fd < 0) return -errno;
  const int map_fd = KeepDescriptor(map->fd());
  const int error = map_fd < 0 || bpf_prog_attach(program_fd, map_fd, attach_type, 0) < 0 ? errno : 0;
  if (error != 0) {
    close(program_fd);
    if (map_fd >= 0) close(map_fd);
    return -error;
  }
  return environment.handles.Add(std::make_unique<Attachment>(program_fd, map_fd, attach_type), program->object());
}

int32_t PerfCounterOpen(Environment& environment, int32_t handle, uint32_t index, const PerfEventTarget& target) {
  int status = 0;
  const Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  const int event_fd = OpenPerfEvent(target);
  if (event_fd < 0) return -errno;
  const int map_fd = KeepDescriptor(map->fd());
  const int error = map_fd < 0 || bpf_map_update_elem(map_fd, &index, &event_fd, BPF_ANY) < 0 ? errno : 0;
  if (error != 0) {
    close(event_fd);
    if (map_fd >= 0) close(map_fd);
    return -error;
  }
  return environment.handles.Add(std::make_unique<PerfCounter>(map_fd, index, event_fd),
                                 map->object() != 0 ? map->object() : handle);
}

int LinkClose(Environment& environment, int32_t link) { return environment.handles.Close(link, Kind::kLink); }

}  // namespace bpfts

#include "struct_ops.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

#include "helper_process.h"
#include "link.h"
#include "log.h"
#include "object.h"

namespace bpfts {

namespace {

// The installed headers may be older than the kernel: these are its numbers. Source: include/uapi/linux/bpf.h
constexpr uint32_t kStructOps = 44;
constexpr uint32_t kMapIsLinked = 1U << 13;

/// What BPF_LINK_CREATE reads of union bpf_attr for a table: its map stands where the program does.
struct LinkCreateHead {
  uint32_t map_fd;
  uint32_t target_fd;
  uint32_t attach_type;
  uint32_t flags;
};

/// Takes the table in a map back. Safe after fork.
void Unregister(int map_fd) {
  uint32_t zero = 0;
  union bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.map_fd = static_cast<uint32_t>(map_fd);
  attributes.key = reinterpret_cast<uintptr_t>(&zero);
  syscall(SYS_bpf, BPF_MAP_DELETE_ELEM, &attributes, sizeof attributes);
}

/// A process that waits until its pipe has no writer any more, which is when this process has ended however it did, and takes the table back then.
/// Only what is safe after fork may be called here.
[[noreturn]] void RunGuard(int pipe_fd, int map_fd) {
  // Links and writing ends belong to the parent alone.
  const int kept[] = {std::min(pipe_fd, map_fd), std::max(pipe_fd, map_fd)};
  BecomeHelper("bpfts-guard", kept, std::size(kept));
  WaitForClose(pipe_fd);
  Unregister(map_fd);
  _exit(0);
}

/// A table that stays registered until somebody takes it back. The kernel has no link for it, so a process of its own watches over it.
class GuardedTable final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kLink;
  GuardedTable(struct bpf_link* link, pid_t guard, int pipe_fd)
      : Resource(kKind), link_(link), guard_(guard), pipe_fd_(pipe_fd) {}
  ~GuardedTable() override {
    bpf_link__destroy(link_);
    close(pipe_fd_);
    while (waitpid(guard_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

 private:
  struct bpf_link* const link_;
  const pid_t guard_;
  const int pipe_fd_;
};

int32_t AttachLinked(Environment& environment, int32_t object, struct bpf_map* map, struct bpf_link* filled) {
  // Since 1.2 libbpf makes the link itself; before, it has only filled the table, and what it answers closes nothing.
  if (libbpf_major_version() > 1 || libbpf_minor_version() >= 2)
    return environment.handles.Add(std::make_unique<Link>(filled), object);
  bpf_link__destroy(filled);
  LinkCreateHead attributes = {};
  attributes.map_fd = static_cast<uint32_t>(bpf_map__fd(map));
  attributes.attach_type = kStructOps;
  const auto fd = static_cast<int>(syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof attributes));
  if (fd < 0) return -errno;
  return environment.handles.Add(std::make_unique<LinkDescriptor>(fd), object);
}

}  // namespace

int32_t AttachStructOps(Environment& environment, int32_t handle, const std::string& name) {
  Object* object = environment.handles.Find<Object>(handle);
  if (object == nullptr) return -EBADF;
  struct bpf_map* map = bpf_object__find_map_by_name(object->get(), name.c_str());
  if (map == nullptr) return -ENOENT;
  const LogCapture capture(environment.log);
  const bool is_linked = (bpf_map__map_flags(map) & kMapIsLinked) != 0;
  int ends[2] = {-1, -1};
  pid_t guard = -1;
  // The guard is there before there is anything to guard.
  if (!is_linked) {
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    guard = fork();
    if (guard == 0) RunGuard(ends[0], bpf_map__fd(map));
    const int error = errno;
    close(ends[0]);
    if (guard < 0) {
      close(ends[1]);
      return -error;
    }
  }
  struct bpf_link* link = bpf_map__attach_struct_ops(map);
  const int error = link == nullptr ? (errno == 0 ? EINVAL : errno) : 0;
  if (is_linked) return error != 0 ? -error : AttachLinked(environment, handle, map, link);
  if (error == 0) return environment.handles.Add(std::make_unique<GuardedTable>(link, guard, ends[1]), handle);
  close(ends[1]);
  while (waitpid(guard, nullptr, 0) < 0 && errno == EINTR) {
  }
  return -error;
}

}  // namespace bpfts

#include "network.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cstring>
#include <memory>

#include "descriptor.h"
#include "link.h"
#include "log.h"
#include "netlink.h"
#include "object.h"

namespace bpfts {

namespace {

/// The kernel's request for a link. Newer kernels have more than this machine's headers, so it is told here.
/// Source: union bpf_attr of linux/bpf.h, link_create.
struct LinkRequest {
  uint32_t program_fd = 0;
  uint32_t target = 0;
  uint32_t attach_type = 0;
  uint32_t flags = 0;
  std::array<uint8_t, 48> options = {};
};

/// Source: union bpf_attr of linux/bpf.h, query.
struct QueryRequest {
  uint32_t target = 0;
  uint32_t attach_type = 0;
  uint32_t query_flags = 0;
  uint32_t attach_flags = 0;
  uint64_t program_ids = 0;
  uint32_t program_count = 0;
  uint32_t padding = 0;
};

constexpr uint32_t kMaxPrograms = 64;
/// The handle that stands for this process's own network namespace.
constexpr int32_t kOwnNetns = -1;

/// The descriptor of a network namespace as `RunInNetns` takes it. Answers whether the handle is good.
bool FindNetns(Environment& environment, int32_t handle, int& fd) {
  fd = handle == kOwnNetns ? -1 : FindDescriptor(environment, handle);
  return handle == kOwnNetns || fd >= 0;
}

/// Asks what sits at a place, and packs the answer: u32 the flags, then u32 the id of each program.
Result<Buffer> QueryPrograms(int netns, uint32_t target, uint32_t type) {
  std::array<uint32_t, kMaxPrograms> ids = {};
  QueryRequest request;
  request.target = target;
  request.attach_type = type;
  request.program_ids = reinterpret_cast<uint64_t>(ids.data());
  request.program_count = kMaxPrograms;
  const int status = RunInNetns(
      netns, [&request] { return syscall(SYS_bpf, BPF_PROG_QUERY, &request, sizeof request) < 0 ? -errno : 0; });
  if (status < 0) return status;
  Buffer answer;
  const size_t size = request.program_count * sizeof ids[0];
  uint8_t* bytes = answer.Extend(sizeof request.attach_flags + size);
  if (bytes == nullptr) return -ENOMEM;
  std::memcpy(bytes, &request.attach_flags, sizeof request.attach_flags);
  if (size > 0) std::memcpy(bytes + sizeof request.attach_flags, ids.data(), size);
  return answer;
}

int DestroyQueue(int interface) {
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface,
              .attach_point = static_cast<enum bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS));
  return bpf_tc_hook_destroy(&hook);
}

/// A classic filter of our own on a clsact queue. Taken off when it goes, and the queue with it when it was made for it and nobody else uses it.
class Filter final : public AnyLink {
 public:
  Filter(int netns, uint32_t interface, bool egress, uint32_t handle, uint32_t priority, bool owns_queue)
      : netns_(netns),
        interface_(static_cast<int>(interface)),
        egress_(egress),
        handle_(handle),
        priority_(priority),
        owns_queue_(owns_queue) {}

  ~Filter() override {
    RunInNetns(netns_, [this] {
      // libbpf wants the padding of its structs to be zero, so they are made anew and never copied.
      LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface_, .attach_point = egress_ ? BPF_TC_EGRESS : BPF_TC_INGRESS);
      LIBBPF_OPTS(bpf_tc_opts, filter, .handle = handle_, .priority = priority_);
      return bpf_tc_detach(&hook, &filter);
    });
    if (owns_queue_ && IsUnused(TC_H_MIN_INGRESS) && IsUnused(TC_H_MIN_EGRESS)) {
      RunInNetns(netns_, [this] { return DestroyQueue(interface_); });
    }
    if (netns_ >= 0) close(netns_);
  }

 private:
  bool IsUnused(uint32_t side) const {
    struct tcmsg request = {};
    request.tcm_ifindex = interface_;
    request.tcm_parent = TC_H_MAKE(TC_H_CLSACT, side);
    Buffer filters;
    const Bytes bytes = {reinterpret_cast<const uint8_t*>(&request), sizeof request};
    return DumpNetlink(netns_, RTM_GETTFILTER, bytes, filters) == 0 && filters.size() == 0;
  }

  const int netns_;
  const int interface_;
  const bool egress_;
  const uint32_t handle_;
  const uint32_t priority_;
  const bool owns_queue_;
};

/// A socket that sees what passes a device, as far as its program lets it through.
class RawSocket final : public AnyLink {
 public:
  explicit RawSocket(int fd) : fd_(fd) {}
  ~RawSocket() override { close(fd_); }

 private:
  const int fd_;
};

}  // namespace

int32_t LinkCreate(Environment& environment, int32_t handle, int32_t netns, uint32_t interface, uint32_t type,
                   uint32_t flags, Bytes options) {
  const Program* program = environment.handles.Find<Program>(handle);
  int netns_fd = -1;
  if (program == nullptr || !FindNetns(environment, netns, netns_fd)) return -EBADF;
  LinkRequest request;
  if (options.size > request.options.size()) return -EINVAL;
  request.program_fd = static_cast<uint32_t>(bpf_program__fd(program->get()));
  request.target = interface;
  request.attach_type = type;
  request.flags = flags;
  if (options.size > 0) std::memcpy(request.options.data(), options.data, options.size);
  const int fd = RunInNetns(netns_fd, [&request] {
    const long made = syscall(SYS_bpf, BPF_LINK_CREATE, &request, sizeof request);
    return made < 0 ? -errno : static_cast<int>(made);
  });
  if (fd < 0) return fd;
  return environment.handles.Add(std::make_unique<LinkDescriptor>(fd), program->object());
}

int LinkUpdate(Environment& environment, int32_t handle, int32_t program_handle) {
  const AnyLink* link = environment.handles.Find<AnyLink>(handle);
  const Program* program = environment.handles.Find<Program>(program_handle);
  if (link == nullptr || program == nullptr) return -EBADF;
  if (link->fd() < 0) return -EOPNOTSUPP;
  return bpf_link_update(link->fd(), bpf_program__fd(program->get()), nullptr) < 0 ? -errno : 0;
}

int LinkPin(Environment& environment, int32_t handle, const std::string& path) {
  const AnyLink* link = environment.handles.Find<AnyLink>(handle);
  if (link == nullptr) return -EBADF;
  if (link->fd() < 0) return -EOPNOTSUPP;
  return bpf_obj_pin(link->fd(), path.c_str()) < 0 ? -errno : 0;
}

Result<Buffer> LinkDescribe(Environment& environment, int32_t handle) {
  const AnyLink* link = environment.handles.Find<AnyLink>(handle);
  if (link == nullptr) return -EBADF;
  if (link->fd() < 0) return -EOPNOTSUPP;
  Buffer info;
  uint32_t size = 64;
  uint8_t* bytes = info.Extend(size);
  if (bytes == nullptr) return -ENOMEM;
  std::memset(bytes, 0, size);
  if (bpf_obj_get_info_by_fd(link->fd(), bytes, &size) < 0) return -errno;
  return info;
}

int32_t FilterAttach(Environment& environment, int32_t handle, int32_t netns, uint32_t interface, bool egress,
                     uint32_t priority) {
  const Program* program = environment.handles.Find<Program>(handle);
  int netns_fd = -1;
  if (program == nullptr || !FindNetns(environment, netns, netns_fd)) return -EBADF;
  const LogCapture capture(environment.log);
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(interface),
              .attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
  LIBBPF_OPTS(bpf_tc_opts, filter, .prog_fd = bpf_program__fd(program->get()), .priority = priority);
  bool owns_queue = false;
  const int status = RunInNetns(netns_fd, [&] {
    const int made = bpf_tc_hook_create(&hook);
    if (made < 0 && made != -EEXIST) return made;
    owns_queue = made == 0;
    const int attached = bpf_tc_attach(&hook, &filter);
    if (attached < 0 && owns_queue) DestroyQueue(hook.ifindex);
    return attached;
  });
  if (status < 0) return status;
  const int kept = netns_fd < 0 ? -1 : fcntl(netns_fd, F_DUPFD_CLOEXEC, 0);
  return environment.handles.Add(std::make_unique<Filter>(kept, interface, egress, filter.handle, filter.priority, owns_queue), program->object());
}

int32_t RawSocketAttach(Environment& environment, int32_t handle, int32_t netns, uint32_t interface) {
  const Program* program = environment.handles.Find<Program>(handle);
  int netns_fd = -1;
  if (program == nullptr || !FindNetns(environment, netns, netns_fd)) return -EBADF;
  const int fd = RunInNetns(netns_fd, [] {
    // Nothing is heard until it is bound: the program comes before the first packet.
    const int made = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return made < 0 ? -errno : made;
  });
  if (fd < 0) return fd;
  const int program_fd = bpf_program__fd(program->get());
  struct sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(interface);
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program_fd, sizeof program_fd) < 0 ||
      bind(fd, reinterpret_cast<struct sockaddr*>(&address), sizeof address) < 0) {
    const int error = errno;
    close(fd);
    return -error;
  }
  return environment.handles.Add(std::make_unique<RawSocket>(fd), program->object());
}

Result<Buffer> NetlinkDump(Environment& environment, int32_t netns, uint32_t type, Bytes request) {
  int netns_fd = -1;
  if (!FindNetns(environment, netns, netns_fd)) return -EBADF;
  Buffer messages;
  const int status = DumpNetlink(netns_fd, type, request, messages);
  if (status < 0) return status;
  return messages;
}

Result<Buffer> ProgramQuery(Environment& environment, int32_t netns, uint32_t interface, uint32_t type) {
  int netns_fd = -1;
  if (!FindNetns(environment, netns, netns_fd)) return -EBADF;
  return QueryPrograms(netns_fd, interface, type);
}

Result<Buffer> ProgramQueryOf(Environment& environment, int32_t target, uint32_t type) {
  const int fd = FindDescriptor(environment, target);
  if (fd < 0) return fd;
  return QueryPrograms(-1, static_cast<uint32_t>(fd), type);
}

}  // namespace bpfts

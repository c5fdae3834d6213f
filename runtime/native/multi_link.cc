#include "multi_link.h"

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "link.h"
#include "object.h"

namespace bpfts {

namespace {

// The installed headers may be older than the kernel: these are its numbers. Source: include/uapi/linux/bpf.h
constexpr uint32_t kTraceKprobeMulti = 42;
constexpr uint32_t kTraceKprobeSession = 56;
constexpr uint32_t kTraceUprobeMulti = 48;
constexpr uint32_t kReturn = 1;

/// What BPF_LINK_CREATE reads of union bpf_attr.
struct LinkCreateHead {
  uint32_t program_fd;
  uint32_t target_fd;
  uint32_t attach_type;
  uint32_t flags;
};

struct UprobeMultiAttributes {
  LinkCreateHead head;
  uint64_t path;
  uint64_t offsets;
  uint64_t ref_ctr_offsets;
  uint64_t cookies;
  uint32_t count;
  uint32_t flags;
  uint32_t pid;
  uint32_t path_fd;
};

struct KprobeMultiAttributes {
  LinkCreateHead head;
  uint32_t flags;
  uint32_t count;
  uint64_t symbols;
  uint64_t addresses;
  uint64_t cookies;
};

template <typename Attributes>
int32_t CreateLink(Environment& environment, const Program& program, Attributes& attributes) {
  attributes.head.program_fd = static_cast<uint32_t>(bpf_program__fd(program.get()));
  const auto fd = static_cast<int>(syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof attributes));
  if (fd < 0) return -errno;
  return environment.handles.Add(std::make_unique<LinkDescriptor>(fd, Seat::kMultiProbe), program.object());
}

uint64_t Pointer(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

/// Zero where there are none, as the kernel takes it.
uint64_t Pointer(const Bytes& bytes) { return bytes.size == 0 ? 0 : Pointer(bytes.data); }

bool IsOneEach(const Bytes& bytes, size_t size) { return bytes.size == 0 || bytes.size == size; }

}  // namespace

int32_t AttachUprobeMulti(Environment& environment, int32_t handle, const UprobeMultiTarget& target) {
  const Program* program = environment.handles.Find<Program>(handle);
  if (program == nullptr) return -EBADF;
  const size_t size = target.offsets.size;
  if (size == 0 || size % sizeof(uint64_t) != 0 || !IsOneEach(target.ref_ctr_offsets, size) ||
      !IsOneEach(target.cookies, size))
    return -EINVAL;
  UprobeMultiAttributes attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.head.attach_type = kTraceUprobeMulti;
  attributes.path = Pointer(target.path.c_str());
  attributes.offsets = Pointer(target.offsets);
  attributes.ref_ctr_offsets = Pointer(target.ref_ctr_offsets);
  attributes.cookies = Pointer(target.cookies);
  attributes.count = static_cast<uint32_t>(size / sizeof(uint64_t));
  attributes.flags = target.retprobe ? kReturn : 0;
  attributes.pid = target.pid > 0 ? static_cast<uint32_t>(target.pid) : 0;
  return CreateLink(environment, *program, attributes);
}

int32_t AttachKprobeMulti(Environment& environment, int32_t handle, const Bytes& addresses, const Bytes& cookies,
                          bool retprobe, bool session) {
  const Program* program = environment.handles.Find<Program>(handle);
  if (program == nullptr) return -EBADF;
  if (addresses.size == 0 || addresses.size % sizeof(uint64_t) != 0 || !IsOneEach(cookies, addresses.size))
    return -EINVAL;
  KprobeMultiAttributes attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.head.attach_type = session ? kTraceKprobeSession : kTraceKprobeMulti;
  attributes.flags = retprobe ? kReturn : 0;
  attributes.count = static_cast<uint32_t>(addresses.size / sizeof(uint64_t));
  attributes.addresses = Pointer(addresses);
  attributes.cookies = Pointer(cookies);
  return CreateLink(environment, *program, attributes);
}

}  // namespace bpfts

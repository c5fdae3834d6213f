#include "descriptor.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "map.h"
#include "object.h"

namespace bpfts {

Descriptor::~Descriptor() { close(fd_); }

int32_t AddDescriptor(Environment& environment, int fd) {
  if (fd < 0) return -errno;
  return environment.handles.Add(std::make_unique<Descriptor>(fd));
}

int FindDescriptor(Environment& environment, int32_t handle) {
  int fd = -1;
  if (const Descriptor* descriptor = environment.handles.Find<Descriptor>(handle)) {
    fd = descriptor->fd();
  } else if (const Map* map = environment.handles.Find<Map>(handle)) {
    fd = map->fd();
  } else if (const Program* program = environment.handles.Find<Program>(handle)) {
    fd = bpf_program__fd(program->get());
  }
  return fd < 0 ? -EBADF : fd;
}

int32_t DescriptorOpen(Environment& environment, const std::string& path, bool path_only) {
  return AddDescriptor(environment, open(path.c_str(), O_RDONLY | O_CLOEXEC | (path_only ? O_PATH | O_NOFOLLOW : 0)));
}

Result<std::string> DescriptorPath(Environment& environment, int32_t handle) {
  const int fd = FindDescriptor(environment, handle);
  if (fd < 0) return fd;
  return "/proc/self/fd/" + std::to_string(fd);
}

int DescriptorPut(Environment& environment, int32_t handle, Room bytes, uint32_t at) {
  const int fd = FindDescriptor(environment, handle);
  if (fd < 0) return fd;
  if (bytes.size < sizeof fd || at > bytes.size - sizeof fd) return -EINVAL;
  std::memcpy(bytes.data + at, &fd, sizeof fd);
  return 0;
}

int DescriptorClose(Environment& environment, int32_t descriptor) {
  return environment.handles.Close(descriptor, Kind::kDescriptor);
}

}  // namespace bpfts

#pragma once

#include <cstdint>
#include <string>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

/// A file descriptor that is handed on to the kernel. Maps, programs and links have classes of their own.
class Descriptor final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kDescriptor;
  explicit Descriptor(int fd) : Resource(kKind), fd_(fd) {}
  ~Descriptor() override;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

/// Takes a descriptor over and answers its handle; a call that failed, by -1 and errno, is answered as -errno.
int32_t AddDescriptor(Environment& environment, int fd);

/// The file descriptor of a descriptor, a map or a program; -EBADF when the handle is stale or has none.
int FindDescriptor(Environment& environment, int32_t handle);

int32_t DescriptorOpen(Environment& environment, const std::string& path, bool path_only);
Result<std::string> DescriptorPath(Environment& environment, int32_t descriptor);
int DescriptorPut(Environment& environment, int32_t handle, Room bytes, uint32_t at);
int DescriptorClose(Environment& environment, int32_t descriptor);

}  // namespace bpfts

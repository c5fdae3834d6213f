#pragma once

#include <unistd.h>

#include <cstdint>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

/// What an iterator program writes, as a stream of bytes. The link is kept, since older kernels let the walked map go with it.
class Iterator final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kIterator;
  Iterator(int link_fd, int fd) : Resource(kKind), link_fd_(link_fd), fd_(fd) {}
  ~Iterator() override {
    close(fd_);
    close(link_fd_);
  }
  int fd() const { return fd_; }

 private:
  const int link_fd_;
  const int fd_;
};

int32_t IteratorOpen(Environment& environment, int32_t program, Bytes link_info);
Result<Buffer> IteratorRead(Environment& environment, int32_t iterator, uint32_t max_bytes);
int IteratorClose(Environment& environment, int32_t iterator);

}  // namespace bpfts

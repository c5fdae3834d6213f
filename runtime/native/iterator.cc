#include "iterator.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "object.h"
#include "signals.h"

namespace bpfts {

namespace {

/// So often in a row the kernel may say "again" and hand out nothing: it does so after each million of objects that the
/// program passed over, and at once when the program asks to see the same object again.
constexpr int kMaxIdleReads = 1000;

}  // namespace

int32_t IteratorOpen(Environment& environment, int32_t handle, Bytes link_info) {
  const Program* program = environment.handles.Find<Program>(handle);
  if (program == nullptr) return -EBADF;
  union bpf_iter_link_info info;
  std::memset(&info, 0, sizeof info);
  if (link_info.size > sizeof info) return -EINVAL;
  if (link_info.size > 0) std::memcpy(&info, link_info.data, link_info.size);
  LIBBPF_OPTS(bpf_link_create_opts, options);
  if (link_info.size > 0) {
    options.iter_info = &info;
    options.iter_info_len = static_cast<uint32_t>(link_info.size);
  }
  const int link_fd = bpf_link_create(bpf_program__fd(program->get()), 0, BPF_TRACE_ITER, &options);
  if (link_fd < 0) return -errno;
  const int fd = bpf_iter_create(link_fd);
  if (fd < 0) {
    const int error = errno;
    close(link_fd);
    return -error;
  }
  return environment.handles.Add(std::make_unique<Iterator>(link_fd, fd), program->object());
}

Result<Buffer> IteratorRead(Environment& environment, int32_t handle, uint32_t max_bytes) {
  const Iterator* iterator = environment.handles.Find<Iterator>(handle);
  if (iterator == nullptr) return -EBADF;
  constexpr size_t kStep = 64 * 1024;
  Buffer bytes;
  int idle = 0;
  while (bytes.size() < max_bytes) {
    const size_t start = bytes.size();
    const size_t wanted = std::min<size_t>(kStep, max_bytes - start);
    uint8_t* room = bytes.Extend(wanted);
    if (room == nullptr) return -ENOMEM;
    const ssize_t got = read(iterator->fd(), room, wanted);
    const int error = got < 0 ? errno : 0;
    bytes.Truncate(start + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    const bool is_idle = error == EAGAIN && ++idle < kMaxIdleReads && !HaveSignal();
    if (error == EINTR || is_idle) continue;
    if (error == EAGAIN && HaveSignal() && bytes.size() == 0) return -EINTR;
    idle = 0;
    if (error != 0 && bytes.size() == 0) return -error;
    // What was read before an error is handed out first: the next read answers the error again.
    if (got <= 0) return bytes;
  }
  return bytes;
}

int IteratorClose(Environment& environment, int32_t iterator) {
  return environment.handles.Close(iterator, Kind::kIterator);
}

}  // namespace bpfts

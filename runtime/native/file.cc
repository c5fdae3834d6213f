#include "file.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace bpfts {

File::File(Poller& poller, int fd) : Resource(kKind), poller_(poller), fd_(fd) {
  // A plain file cannot be watched and need not be: it never makes anybody wait.
  poller_.WatchFile(fd);
}

File::~File() {
  poller_.UnwatchFile(fd_);
  close(fd_);
}

int32_t FileOpen(Environment& environment, const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return -errno;
  return environment.handles.Add(std::make_unique<File>(environment.poller, fd));
}

Result<Buffer> FileRead(Environment& environment, int32_t handle, uint32_t max_bytes) {
  const File* file = environment.handles.Find<File>(handle);
  if (file == nullptr) return -EBADF;
  constexpr size_t kStep = 64 * 1024;
  Buffer text;
  while (text.size() < max_bytes) {
    const size_t start = text.size();
    const size_t wanted = std::min<size_t>(kStep, max_bytes - start);
    uint8_t* room = text.Extend(wanted);
    if (room == nullptr) return -ENOMEM;
    const ssize_t got = read(file->fd(), room, wanted);
    const int error = got < 0 ? errno : 0;
    text.Truncate(start + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (error == EINTR) continue;
    if (error != 0 && error != EAGAIN && text.size() == 0) return -error;
    if (got <= 0) break;
  }
  return text;
}

int FileClose(Environment& environment, int32_t file) { return environment.handles.Close(file, Kind::kFile); }

int Mount(Environment&, const std::string& source, const std::string& target, const std::string& type) {
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  return mount(source.c_str(), target.c_str(), type.c_str(), kFlags, nullptr) < 0 ? -errno : 0;
}

}  // namespace bpfts

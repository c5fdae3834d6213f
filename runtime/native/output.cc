#include "output.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "signals.h"

namespace bpfts {

namespace {

int64_t ReadClockMs() {
  struct timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

/// How much a descriptor takes at once without blocking when poll says that it
/// is ready. O_NONBLOCK is no way: it would change the terminal for the shell too.
size_t ChooseStep(const struct stat& status) {
  if (S_ISFIFO(status.st_mode)) return PIPE_BUF;
  if (S_ISCHR(status.st_mode)) return 1024;
  return 1 << 20;
}

/// 1 when it is ready, 0 when a signal came or the time is over, or a negative errno.
int AwaitWritable(int fd, int64_t deadline_ms) {
  struct pollfd fds[] = {{fd, POLLOUT, 0}, {SignalFd(), POLLIN, 0}};
  // What can be written at once is written even while a signal is pending.
  if (poll(fds, 1, 0) > 0) return (fds[0].revents & POLLNVAL) != 0 ? -EBADF : 1;
  while (!HaveSignal()) {
    const int64_t left_ms = deadline_ms < 0 ? -1 : deadline_ms - ReadClockMs();
    if (deadline_ms >= 0 && left_ms <= 0) return 0;
    const int ready = poll(fds, 2, static_cast<int>(std::min<int64_t>(left_ms, INT_MAX)));
    if (ready < 0 && errno != EINTR) return -errno;
    if (ready > 0 && fds[0].revents != 0) return 1;
  }
  return 0;
}

}  // namespace

int64_t Write(Environment&, int32_t fd, Bytes bytes, int32_t timeout_ms) {
  struct stat status = {};
  if (fstat(fd, &status) < 0) return -errno;
  const bool socket = S_ISSOCK(status.st_mode);
  const size_t step = ChooseStep(status);
  const int64_t deadline_ms = timeout_ms < 0 ? -1 : ReadClockMs() + timeout_ms;
  size_t written = 0;
  while (written < bytes.size) {
    const int ready = AwaitWritable(fd, deadline_ms);
    if (ready < 0) return ready;
    if (ready == 0) break;
    const size_t count = std::min(step, bytes.size - written);
    const ssize_t done = socket ? send(fd, bytes.data + written, count, MSG_DONTWAIT | MSG_NOSIGNAL)
                                : write(fd, bytes.data + written, count);
    if (done >= 0)
      written += static_cast<size_t>(done);
    else if (errno != EAGAIN && errno != EINTR)
      return -errno;
  }
  return static_cast<int64_t>(written);
}

}  // namespace bpfts

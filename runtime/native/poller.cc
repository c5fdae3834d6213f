#include "poller.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "environment.h"
#include "ring.h"
#include "signals.h"

namespace bpfts {

Poller::~Poller() {
  for (const int epoll : {rings_, files_, control_}) {
    if (epoll >= 0) close(epoll);
  }
}

int Poller::Watch(int& epoll, int fd) {
  if (epoll < 0) epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return -errno;
  struct epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

void Poller::Unwatch(int epoll, int fd) {
  if (epoll >= 0) epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
}

int Poller::Wait(uint32_t sources, int timeout_ms) {
  struct pollfd fds[] = {
      {control_, POLLIN, 0},
      {(sources & kWaitRings) != 0 ? rings_ : -1, POLLIN, 0},
      {(sources & kWaitFiles) != 0 ? files_ : -1, POLLIN, 0},
  };
  const int ready = poll(fds, 3, timeout_ms);
  if (ready >= 0) return ready;
  return errno == EINTR ? 0 : -errno;
}

namespace {

/// Rests until the time is over, something of `sources` is ready, a signal came or a ring is filling.
int Rest(Environment& environment, int32_t timeout_ms, uint32_t sources, uint32_t look_ms) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    bool is_filling = false;
    environment.handles.ForEach<Ring>([&](Ring& ring) { is_filling = is_filling || ring.IsFilling(); });
    if (is_filling || HaveSignal()) return 1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return 0;
    const int ready = environment.poller.Wait(sources, static_cast<int>(std::min<int64_t>(left, look_ms)));
    if (ready != 0) return ready;
  }
}

}  // namespace

int Wait(Environment& environment, int32_t timeout_ms, std::optional<uint32_t> chosen,
         std::optional<uint32_t> look_ms) {
  const uint32_t sources = chosen.value_or(kWaitRings | kWaitFiles);
  if (look_ms.value_or(0) > 0) return Rest(environment, timeout_ms, sources, *look_ms);
  int waiting = HaveSignal() ? 1 : 0;
  if ((sources & kWaitRings) != 0) {
    // The readiness of a perf event is used up by one poll, and a read may have
    // stopped at its budget: what lies in a ring counts, not what epoll remembers.
    environment.handles.ForEach<Ring>([&](Ring& ring) { waiting += ring.HasData() ? 1 : 0; });
  }
  const int ready = environment.poller.Wait(sources, waiting > 0 ? 0 : std::max(timeout_ms, -1));
  if (ready < 0) return ready;
  // A signal may end the wait by interrupting it, before its event is seen.
  return std::max({ready, waiting, HaveSignal() ? 1 : 0});
}

}  // namespace bpfts

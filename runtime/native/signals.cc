#include "signals.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <iterator>

#include "environment.h"
#include "watchdog.h"

namespace bpfts {

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

/// A terminal's Ctrl-C reaches npm and us, and npm passes its own on: the same
/// signal again within this time is that echo and not a second wish.
constexpr int64_t kEchoNs = 250'000'000;

/// The watchdog ends the command first, which takes half a second at most.
constexpr time_t kLastSeconds = 1;

// Signal handlers belong to the process, not to one JavaScript environment.
std::atomic<int> pending = 0;
std::atomic<int> last_signal = 0;
std::atomic<int64_t> last_at_ns = 0;
std::atomic<int> event_fd = -1;
std::atomic<bool> last_chance = false;
// A signal of the user's was passed on.
std::atomic<bool> asked = false;
std::atomic<int> ending = 0;
Environment* owner = nullptr;
struct sigaction previous[std::size(kSignals)];

static_assert(std::atomic<int>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free);

int64_t ReadClockNs() {
  struct timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

void HandleSignal(int number) {
  const int saved_errno = errno;
  const int64_t now_ns = ReadClockNs();
  const bool echo = last_signal.load() == number && now_ns - last_at_ns.load() < kEchoNs;
  if (!echo) {
    last_signal = number;
    last_at_ns = now_ns;
    int none = 0;
    const bool is_first = !asked.exchange(true);
    if (is_first && !last_chance.load() && pending.compare_exchange_strong(none, number)) {
      WatchdogNote();
      const uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = write(event_fd.load(), &one, sizeof one);
    } else {
      // The second one ends the process, whatever became of the first. The code that it interrupted does not go on meanwhile.
      ending = number;
      WatchdogNote();
      struct timespec left = {.tv_sec = kLastSeconds, .tv_nsec = 0};
      while (nanosleep(&left, &left) < 0 && errno == EINTR) {
      }
      // Nobody else did.
      signal(number, SIG_DFL);
      raise(number);
    }
  }
  errno = saved_errno;
}

/// The time is over: as one signal, but never the second one that ends the process.
void HandleAlarm(int number) {
  const int saved_errno = errno;
  int none = 0;
  if (!last_chance.load() && pending.compare_exchange_strong(none, number)) {
    WatchdogNote();
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(event_fd.load(), &one, sizeof one);
  }
  errno = saved_errno;
}

}  // namespace

int SignalFd() { return event_fd.load(); }

int SignalsCatch(Environment& environment) {
  if (owner == &environment) return 0;
  if (owner != nullptr) return -EBUSY;
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return -errno;
  const int watched = environment.poller.WatchControl(fd);
  if (watched < 0) {
    close(fd);
    return watched;
  }
  const int watchdog = WatchdogStart();
  if (watchdog < 0) {
    environment.poller.UnwatchControl(fd);
    close(fd);
    return watchdog;
  }
  pending = 0;
  last_signal = 0;
  last_chance = false;
  asked = false;
  ending = 0;
  event_fd = fd;
  owner = &environment;
  struct sigaction action = {};
  action.sa_handler = HandleSignal;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < std::size(kSignals); i++) {
    sigaction(kSignals[i], nullptr, &previous[i]);
    // Under nohup a hangup stays ignored.
    if (kSignals[i] == SIGHUP && previous[i].sa_handler == SIG_IGN) continue;
    sigaction(kSignals[i], &action, nullptr);
  }
  return 0;
}

int SignalsRelease(Environment& environment) {
  if (owner != &environment) return 0;
  SignalAfter(environment, 0);
  for (size_t i = 0; i < std::size(kSignals); i++) sigaction(kSignals[i], &previous[i], nullptr);
  WatchdogStop();
  const int fd = event_fd.exchange(-1);
  environment.poller.UnwatchControl(fd);
  close(fd);
  pending = 0;
  owner = nullptr;
  return 0;
}

int SignalsFinish(Environment&) {
  last_chance = true;
  return 0;
}

int SignalAfter(Environment& environment, int32_t delay_ms) {
  if (owner != &environment || delay_ms < 0) return -EINVAL;
  if (delay_ms > 0) {
    struct sigaction action = {};
    action.sa_handler = HandleAlarm;
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, nullptr);
  }
  struct itimerval timer = {};
  timer.it_value = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};
  return setitimer(ITIMER_REAL, &timer, nullptr) < 0 ? -errno : 0;
}

int EndingSignal() { return ending.load(); }

bool HaveSignal() { return pending.load(std::memory_order_relaxed) != 0; }

int SignalPending(Environment&) { return pending.load(std::memory_order_relaxed); }

int GetSignalFd(Environment&) { return SignalFd(); }

int SignalTake(Environment&) {
  // Taken before the event is cleared: one that comes in between is still pending, and every wait looks at that first.
  const int number = pending.exchange(0);
  uint64_t count = 0;
  if (event_fd >= 0) {
    [[maybe_unused]] const ssize_t got = read(event_fd.load(), &count, sizeof count);
  }
  return number;
}

}  // namespace bpfts

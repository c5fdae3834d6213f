// bpfts-confine: runs one program without rights and waits for it.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "child.h"
#include "request.h"

namespace confine {

namespace {

/// What the caller learns by the status, besides the program's own. Source: timeout(1) for the second.
constexpr int kIdle = 123, kTooLong = 124;
constexpr int kStepMs = 500;
constexpr int kEndSignals[] = {SIGINT, SIGTERM, SIGHUP};

uint64_t ReadClockMs(clockid_t clock) {
  struct timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1'000'000;
}

/// Notices a program that waits for something that never comes: a pipe, a device.
class IdleWatch {
 public:
  IdleWatch(pid_t child, uint64_t limit_ms) : limit_ms_(limit_ms), since_ms_(ReadClockMs(CLOCK_MONOTONIC)) {
    if (clock_getcpuclockid(child, &clock_) != 0) limit_ms_ = 0;
  }

  bool IsIdle() {
    if (limit_ms_ == 0) return false;
    const uint64_t used_ms = ReadClockMs(clock_);
    const uint64_t now_ms = ReadClockMs(CLOCK_MONOTONIC);
    if (used_ms != used_ms_) {
      used_ms_ = used_ms;
      since_ms_ = now_ms;
    }
    return now_ms - since_ms_ >= limit_ms_;
  }

 private:
  clockid_t clock_ = 0;
  uint64_t limit_ms_;
  uint64_t used_ms_ = 0;
  uint64_t since_ms_;
};

/// The signal goes to us as it went to the program: whoever waits for us sees the same end.
[[noreturn]] void EndBySignal(int number) {
  signal(number, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  raise(number);
  sigprocmask(SIG_UNBLOCK, &one, nullptr);
  _exit(128 + number);
}

void KillGroup(pid_t child) {
  kill(-child, SIGKILL);
  kill(child, SIGKILL);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

/// Ends as the program did, if it has ended.
void EndWithProgram(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, WNOHANG) != child) return;
  // Processes that a wrapper left behind.
  kill(-child, SIGKILL);
  if (WIFSIGNALED(status)) EndBySignal(WTERMSIG(status));
  _exit(WEXITSTATUS(status));
}

[[noreturn]] void WaitForProgram(const Request& request, pid_t child, int signal_fd) {
  IdleWatch idle(child, request.idle_seconds * 1000);
  const uint64_t start_ms = ReadClockMs(CLOCK_MONOTONIC);
  struct pollfd sources[] = {{.fd = signal_fd, .events = POLLIN, .revents = 0},
                             {.fd = request.stop_fd, .events = POLLIN, .revents = 0}};
  for (;;) {
    const int ready = poll(sources, 2, kStepMs);
    if (ready > 0 && sources[0].revents != 0) {
      struct signalfd_siginfo info = {};
      if (read(signal_fd, &info, sizeof info) == sizeof info && info.ssi_signo != SIGCHLD) {
        KillGroup(child);
        EndBySignal(static_cast<int>(info.ssi_signo));
      }
      EndWithProgram(child);
    }
    if (ready > 0 && sources[1].revents != 0) {
      KillGroup(child);
      EndBySignal(SIGINT);
    }
    if (request.time_seconds != 0 && ReadClockMs(CLOCK_MONOTONIC) - start_ms >= request.time_seconds * 1000) {
      KillGroup(child);
      _exit(kTooLong);
    }
    if (idle.IsIdle()) {
      KillGroup(child);
      _exit(kIdle);
    }
  }
}

/// Keeps the folders that Landlock's rules name in the kernel's memory while the program runs: 9p, as virtual machines
/// have it, makes a new inode for a name that nobody holds, and rules are about inodes.
void HoldPaths(const Request& request) {
  for (const auto* paths : {&request.readable, &request.runnable, &request.writable}) {
    for (const char* path : *paths) [[maybe_unused]] const int held = open(path, O_PATH | O_CLOEXEC);
  }
}

[[noreturn]] void Supervise(const Request& request) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (request.parent != 0 && getppid() != request.parent) _exit(kNotStarted);
  const struct rlimit none = {};
  setrlimit(RLIMIT_CORE, &none);
  sigset_t watched;
  sigemptyset(&watched);
  for (const int number : kEndSignals) sigaddset(&watched, number);
  sigaddset(&watched, SIGCHLD);
  // An ignored SIGCHLD would take the status away.
  signal(SIGCHLD, SIG_DFL);
  sigprocmask(SIG_SETMASK, &watched, nullptr);
  const int signal_fd = signalfd(-1, &watched, SFD_CLOEXEC);
  const pid_t parent = getpid();
  HoldPaths(request);
  const pid_t child = fork();
  if (child < 0 || signal_fd < 0) {
    fprintf(stderr, "bpfts-confine: cannot start a process: %s\n", strerror(errno));
    _exit(kNotStarted);
  }
  if (child == 0) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigemptyset(&watched);
    sigprocmask(SIG_SETMASK, &watched, nullptr);
    BecomeProgram(request, parent);
    _exit(kNotStarted);
  }
  WaitForProgram(request, child, signal_fd);
}

}  // namespace

}  // namespace confine

int main(int argc, char** argv) {
  confine::Request request;
  const char* wrong = confine::ReadRequest(argc, argv, request);
  if (wrong != nullptr) {
    fprintf(stderr, "bpfts-confine: %s\n", wrong);
    return confine::kNotStarted;
  }
  if (request.probe) {
    const confine::Walls walls = confine::ProbeWalls(request);
    printf("{\"landlock\":%d,\"user\":%u,\"filter\":%s}\n", walls.landlock, walls.user,
           walls.filter ? "true" : "false");
    return 0;
  }
  confine::Supervise(request);
}

#include "watchdog.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <v8-isolate.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>

#include "end_children.h"
#include "signals.h"

namespace bpfts {

namespace {

/// How long code may run on after a signal that it does not take. The script's own grace (session/stopper.ts) is shorter.
constexpr int64_t kHeedMs = 500;
/// A call into the kernel that a signal interrupts may be tried again: the verifier's is, five times, by libbpf.
constexpr int64_t kNudgeMs = 20;
constexpr int kNudge = SIGURG;
constexpr int64_t kNever = INT64_MAX;

std::mutex mutex;
// Under the mutex:
int depth = 0;
bool ended = false;
v8::Isolate* isolate = nullptr;

std::atomic<int64_t> deadline_ms = kNever;
std::atomic<bool> paused = false;
std::atomic<int64_t> heed_ms = kHeedMs;
std::atomic<bool> stopping = false;
std::atomic<int> wake_fd = -1;
pthread_t watched;
pthread_t thread;

int64_t ReadClockMs() {
  struct timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

void Wake() {
  const int fd = wake_fd.load();
  const uint64_t one = 1;
  if (fd >= 0) [[maybe_unused]] const ssize_t written = write(fd, &one, sizeof one);
}

void EndGuarded() {
  const std::lock_guard lock(mutex);
  if (depth == 0 || ended) return;
  ended = true;
  isolate->TerminateExecution();
}

/// As the signal would end a process that does not catch it.
void EndProcess(int number) {
  KillChildren();
  signal(number, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  kill(getpid(), number);
}

void* Watch(void*) {
  int64_t pending_since = kNever;
  int64_t last = ReadClockMs();
  while (!stopping.load()) {
    if (const int number = EndingSignal(); number != 0) EndProcess(number);
    const int64_t now = ReadClockMs();
    const bool pending = HaveSignal();
    if (paused.load()) {
      if (pending_since != kNever) pending_since += now - last;
      if (deadline_ms.load() != kNever) deadline_ms += now - last;
    }
    last = now;
    if (!pending) pending_since = kNever;
    else if (pending_since == kNever) pending_since = now;
    if (now >= deadline_ms.load()) {
      deadline_ms = kNever;
      EndGuarded();
    }
    if (pending) {
      pthread_kill(watched, kNudge);
      if (now - pending_since >= heed_ms.load()) EndGuarded();
    }
    const int64_t deadline = deadline_ms.load();
    int64_t wait_ms = deadline == kNever ? -1 : std::clamp<int64_t>(deadline - now, 0, kNudgeMs);
    if (pending) wait_ms = wait_ms < 0 ? kNudgeMs : std::min(wait_ms, kNudgeMs);
    struct pollfd fd = {wake_fd.load(), POLLIN, 0};
    if (poll(&fd, 1, static_cast<int>(wait_ms)) > 0) {
      uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = read(fd.fd, &count, sizeof count);
    }
  }
  // It came while the thread was told to end.
  if (const int number = EndingSignal(); number != 0) EndProcess(number);
  return nullptr;
}

}  // namespace

int WatchdogStart() {
  if (wake_fd.load() >= 0) return 0;
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return -errno;
  struct sigaction nothing = {};
  nothing.sa_handler = [](int) {};
  sigemptyset(&nothing.sa_mask);
  sigaction(kNudge, &nothing, nullptr);
  isolate = v8::Isolate::GetCurrent();
  watched = pthread_self();
  stopping = false;
  paused = false;
  heed_ms = kHeedMs;
  deadline_ms = kNever;
  wake_fd = fd;
  // Signals are for the thread that they are to interrupt.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&thread, nullptr, Watch, nullptr);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) return 0;
  close(wake_fd.exchange(-1));
  return -error;
}

void WatchdogStop() {
  if (wake_fd.load() < 0) return;
  stopping = true;
  Wake();
  pthread_join(thread, nullptr);
  close(wake_fd.exchange(-1));
}

void WatchdogNote() { Wake(); }

int GuardDeadline(Environment&, int32_t timeout_ms) {
  deadline_ms = timeout_ms < 0 ? kNever : ReadClockMs() + timeout_ms;
  Wake();
  return 0;
}

int GuardPause(Environment&, int32_t pauses) {
  paused = pauses != 0;
  return 0;
}

int GuardHeed(Environment&, int32_t timeout_ms) {
  heed_ms = timeout_ms < 0 ? kHeedMs : timeout_ms;
  return 0;
}

Napi::Value RunGuarded(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  {
    const std::lock_guard lock(mutex);
    depth++;
  }
  napi_value result = nullptr;
  const napi_status status = napi_call_function(env, env.Undefined(), info[0], 0, nullptr, &result);
  bool was_ended = false;
  bool is_inner = false;
  {
    const std::lock_guard lock(mutex);
    is_inner = --depth > 0;
    was_ended = ended;
    // What was ended could not take its pause back.
    if (!is_inner) paused = ended = false;
  }
  if (was_ended) {
    napi_value nothing = nullptr;
    isolate->CancelTerminateExecution();
    if (status == napi_pending_exception) napi_get_and_clear_last_exception(env, &nothing);
    // The outer call ends, too.
    if (is_inner) isolate->TerminateExecution();
  }
  return Napi::Number::New(env, was_ended ? 1 : 0);
}

}  // namespace bpfts

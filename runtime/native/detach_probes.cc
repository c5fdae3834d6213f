#include "detach_probes.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "helper_process.h"
#include "link.h"

namespace bpfts {

namespace {

/// Fewer are gone before a person notices.
constexpr size_t kFewLinks = 3;

/// The kernel lets them wait for one and the same grace period.
constexpr size_t kMaxThreads = 200;

constexpr size_t kStackBytes = 128 * 1024;

/// The descriptors of perf events that this process has open.
std::vector<int> ListPerfEvents() {
  std::vector<int> found;
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return found;
  while (const struct dirent* entry = readdir(folder)) {
    char target[32] = {};
    if (readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1) < 0) continue;
    if (std::strcmp(target, "anon_inode:[perf_event]") == 0) found.push_back(std::atoi(entry->d_name));
  }
  closedir(folder);
  return found;
}

/// Before Linux 5.15 a program has no link of its own and runs until the perf event is freed, so that nobody else may hold that.
bool HaveLinks(const std::vector<AnyLink*>& links) {
  return std::all_of(links.begin(), links.end(), [](const AnyLink* link) {
    struct bpf_link_info info = {};
    uint32_t size = sizeof info;
    return bpf_obj_get_info_by_fd(link->fd(), &info, &size) == 0;
  });
}

/// Keeps the perf events open until the parent has closed its end of the socket. The kernel frees them when this process ends.
/// `kept` has the socket among them. Only what is safe after fork may be called here.
[[noreturn]] void RunKeeper(const std::vector<int>& kept, int socket_fd) {
  BecomeHelper("bpfts-detach", kept.data(), kept.size());
  // The parent may detach only now: whoever closes a link last waits until it is gone, and the programs would run until then.
  const char closed = 0;
  send(socket_fd, &closed, 1, MSG_NOSIGNAL);
  WaitForClose(socket_fd);
  _exit(0);
}

/// Links that threads detach, each the next one that is left.
struct Detaching {
  std::vector<AnyLink*> links;
  std::atomic<size_t> next = 0;
};

void* DetachNext(void* argument) {
  auto& detaching = *static_cast<Detaching*>(argument);
  for (size_t index = detaching.next++; index < detaching.links.size(); index = detaching.next++) {
    detaching.links[index]->Detach();
  }
  return nullptr;
}

/// Each waits for a grace period of the kernel, so they wait together.
void DetachAtOnce(Detaching& detaching) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  std::vector<pthread_t> threads;
  const size_t wanted = std::min(detaching.links.size() - 1, kMaxThreads);
  for (pthread_t thread; threads.size() < wanted; threads.push_back(thread)) {
    if (pthread_create(&thread, &attributes, DetachNext, &detaching) != 0) break;
  }
  pthread_attr_destroy(&attributes);
  DetachNext(&detaching);
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
}

}  // namespace

int32_t DetachProbes(Environment& environment) {
  Detaching detaching;
  int32_t perf_events = 0;
  environment.handles.ForEach<AnyLink>([&](AnyLink& link) {
    if (link.seat() != Seat::kOther) detaching.links.push_back(&link);
    if (link.seat() == Seat::kPerfEvent) perf_events++;
  });
  if (detaching.links.size() < kFewLinks) return 0;
  if (perf_events == 0 || !HaveLinks(detaching.links)) {
    DetachAtOnce(detaching);
    return 0;
  }
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
  std::vector<int> kept = ListPerfEvents();
  kept.push_back(ends[0]);
  std::sort(kept.begin(), kept.end());
  const pid_t keeper = fork();
  if (keeper == 0) RunKeeper(kept, ends[0]);
  const int error = errno;
  close(ends[0]);
  char byte = 0;
  while (keeper > 0 && recv(ends[1], &byte, 1, 0) < 0 && errno == EINTR) {
  }
  DetachAtOnce(detaching);
  close(ends[1]);
  return keeper < 0 ? -error : perf_events;
}

}  // namespace bpfts

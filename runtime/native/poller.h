#pragma once

#include <cstdint>
#include <optional>

namespace bpfts {

struct Environment;

/// What a wait can be woken by, besides signals and children, which always wake it.
enum WaitSource : uint32_t { kWaitRings = 1, kWaitFiles = 2 };

/// One epoll per kind of source, so that a wait can leave kinds out.
class Poller {
 public:
  Poller() = default;
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  int WatchRing(int fd) { return Watch(rings_, fd); }
  int WatchFile(int fd) { return Watch(files_, fd); }
  int WatchControl(int fd) { return Watch(control_, fd); }
  void UnwatchRing(int fd) { Unwatch(rings_, fd); }
  void UnwatchFile(int fd) { Unwatch(files_, fd); }
  void UnwatchControl(int fd) { Unwatch(control_, fd); }

  /// How many of the chosen kinds have something ready.
  int Wait(uint32_t sources, int timeout_ms);

 private:
  static int Watch(int& epoll, int fd);
  static void Unwatch(int epoll, int fd);

  int rings_ = -1;
  int files_ = -1;
  int control_ = -1;
};

/// Everything wakes it when no sources are named. With `look_ms` it looks that often how full the rings are, and ends when
/// one is an eighth full.
int Wait(Environment& environment, int32_t timeout_ms, std::optional<uint32_t> sources,
         std::optional<uint32_t> look_ms);

}  // namespace bpfts

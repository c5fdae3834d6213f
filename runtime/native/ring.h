#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <memory>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

/// A perf buffer or a ring buffer: records out of the kernel.
class Ring : public Resource {
 public:
  static constexpr Kind kKind = Kind::kRing;

  /// Copies records until there are none, or the next one finds no room. Answers how many
  /// bytes they take; -EMSGSIZE when there is no room for a single one.
  virtual int Read(Room room, bool timed) = 0;
  /// Whether a read would find something.
  virtual bool HasData() const = 0;
  /// Whether an eighth of it is taken, on any CPU.
  virtual bool IsFilling() const = 0;
  virtual uint64_t CountLost() const { return 0; }

 protected:
  explicit Ring(Poller& poller) : Resource(kKind), poller_(poller) {}
  /// Has the poller watch the ring's descriptor.
  int Watch(int fd);
  /// What a ring does first when it closes: a closed descriptor stays watched while anybody else, the map or a held
  /// child, has its file open.
  void Unwatch();

 private:
  Poller& poller_;
  int watched_fd_ = -1;
};

int32_t PerfBufferOpen(Environment& environment, int32_t map, uint32_t pages);
int32_t RingBufferOpen(Environment& environment, int32_t map);
int RingRead(Environment& environment, int32_t ring, Room room, bool timed);
int64_t RingLost(Environment& environment, int32_t ring);
int RingClose(Environment& environment, int32_t ring);

}  // namespace bpfts

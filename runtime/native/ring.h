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
  ~Ring() override;

  /// Records until there are none, or about `max_bytes` are copied.
  int Read(size_t max_bytes);
  const Buffer& batch() const { return batch_; }
  virtual bool HasData() const = 0;
  virtual uint64_t CountLost() const { return 0; }

 protected:
  explicit Ring(Poller& poller) : Resource(kKind), poller_(poller) {}
  /// Has the poller watch the ring until it closes.
  int Watch(int fd);
  /// Takes records by way of Append.
  virtual int Consume() = 0;
  /// Copies one record. False when this was the last one that the batch has room for.
  bool Append(uint32_t cpu, const void* bytes, uint32_t size);
  bool IsFull() const { return full_; }

 private:
  Poller& poller_;
  int watched_fd_ = -1;
  Buffer batch_;
  size_t budget_ = 0;
  bool full_ = false;
  bool out_of_memory_ = false;
};

int32_t PerfBufferOpen(Environment& environment, int32_t map, uint32_t pages, bool timed);
int32_t RingBufferOpen(Environment& environment, int32_t map);
/// The batch is the ring's own and good until the next read.
Result<Bytes> RingRead(Environment& environment, int32_t ring, uint32_t max_bytes);
int64_t RingLost(Environment& environment, int32_t ring);
int RingClose(Environment& environment, int32_t ring);

}  // namespace bpfts

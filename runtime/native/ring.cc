#include "ring.h"

#include <linux/perf_event.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <vector>

#include "log.h"
#include "map.h"

namespace bpfts {

namespace {

/// Source: PERF_FORMAT_LOST of linux/perf_event.h, since Linux 6.0.
constexpr uint64_t kFormatLost = 1u << 4;

struct RecordHeader {
  uint32_t size;
  uint32_t cpu;
};

class PerfRing final : public Ring {
 public:
  explicit PerfRing(Poller& poller) : Ring(poller) {}
  ~PerfRing() override { perf_buffer__free(rings_); }

  int Open(int map_fd, uint32_t pages, bool timed) {
    timed_ = timed;
    struct perf_event_attr attributes = {};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_BPF_OUTPUT;
    attributes.sample_type = PERF_SAMPLE_RAW | (timed ? uint64_t{PERF_SAMPLE_TIME} : 0);
    attributes.use_clockid = timed ? 1 : 0;
    attributes.clockid = timed ? CLOCK_MONOTONIC : 0;
    attributes.sample_period = 1;
    attributes.wakeup_events = 1;
    attributes.read_format = kFormatLost;
    rings_ = perf_buffer__new_raw(map_fd, pages, &attributes, HandleEvent, this, nullptr);
    counts_lost_ = rings_ != nullptr;
    if (rings_ == nullptr && errno == EINVAL) {
      attributes.read_format = 0;
      rings_ = perf_buffer__new_raw(map_fd, pages, &attributes, HandleEvent, this, nullptr);
    }
    if (rings_ == nullptr) return -errno;
    return Watch(perf_buffer__epoll_fd(rings_));
  }

  bool HasData() const override {
    for (size_t i = 0; i < perf_buffer__buffer_cnt(rings_); i++) {
      void* pages = nullptr;
      size_t size = 0;
      if (perf_buffer__buffer(rings_, static_cast<int>(i), &pages, &size) < 0 || pages == nullptr) continue;
      const auto* header = static_cast<const struct perf_event_mmap_page*>(pages);
      if (__atomic_load_n(&header->data_head, __ATOMIC_ACQUIRE) != header->data_tail) return true;
    }
    return false;
  }

  /// The kernel counts what it could not write, but says so in the ring only
  /// when the next record finds room: the count of the event itself is exact.
  uint64_t CountLost() const override {
    if (!counts_lost_) return reported_lost_;
    uint64_t lost = 0;
    for (size_t i = 0; i < perf_buffer__buffer_cnt(rings_); i++) {
      uint64_t counts[2] = {};
      if (read(perf_buffer__buffer_fd(rings_, i), counts, sizeof counts) == sizeof counts) lost += counts[1];
    }
    return std::max(lost, reported_lost_);
  }

 private:
  int Consume() override {
    const size_t count = perf_buffer__buffer_cnt(rings_);
    for (size_t i = 0; i < count; i++) {
      // The next read starts behind the CPU that filled this batch: no CPU can starve the others.
      const size_t index = next_++ % count;
      const int status = perf_buffer__consume_buffer(rings_, index);
      if (IsFull()) return 0;
      if (status < 0) return status;
    }
    return 0;
  }

  static enum bpf_perf_event_ret HandleEvent(void* context, int cpu, struct perf_event_header* event) {
    auto* ring = static_cast<PerfRing*>(context);
    if (event->type == PERF_RECORD_SAMPLE) {
      // Source: PERF_SAMPLE_TIME and PERF_SAMPLE_RAW in perf_event_open(2), in this order.
      uint32_t size = 0;
      const auto* bytes = reinterpret_cast<const uint8_t*>(event + 1);
      if (ring->timed_) return ring->AppendTimed(static_cast<uint32_t>(cpu), bytes);
      std::memcpy(&size, bytes, sizeof size);
      size = std::min<uint32_t>(size, event->size - sizeof *event - sizeof size);
      return ring->Append(static_cast<uint32_t>(cpu), bytes + sizeof size, size) ? LIBBPF_PERF_EVENT_CONT
                                                                                : LIBBPF_PERF_EVENT_DONE;
    }
    if (event->type == PERF_RECORD_LOST) {
      struct {
        struct perf_event_header header;
        uint64_t id;
        uint64_t lost;
      } record;
      std::memcpy(&record, event, sizeof record);
      ring->reported_lost_ += record.lost;
    }
    return LIBBPF_PERF_EVENT_CONT;
  }

  /// The time is the first eight bytes of what is handed on.
  enum bpf_perf_event_ret AppendTimed(uint32_t cpu, const uint8_t* bytes) {
    uint64_t time = 0;
    uint32_t size = 0;
    std::memcpy(&time, bytes, sizeof time);
    std::memcpy(&size, bytes + sizeof time, sizeof size);
    timed_record_.resize(sizeof time + size);
    std::memcpy(timed_record_.data(), &time, sizeof time);
    std::memcpy(timed_record_.data() + sizeof time, bytes + sizeof time + sizeof size, size);
    return Append(cpu, timed_record_.data(), static_cast<uint32_t>(timed_record_.size())) ? LIBBPF_PERF_EVENT_CONT
                                                                                          : LIBBPF_PERF_EVENT_DONE;
  }

  std::vector<uint8_t> timed_record_;
  bool timed_ = false;
  struct perf_buffer* rings_ = nullptr;
  bool counts_lost_ = false;
  uint64_t reported_lost_ = 0;
  size_t next_ = 0;
};

class BpfRing final : public Ring {
 public:
  explicit BpfRing(Poller& poller) : Ring(poller) {}
  ~BpfRing() override { ring_buffer__free(ring_); }

  int Open(int map_fd) {
    ring_ = ring_buffer__new(map_fd, HandleRecord, this, nullptr);
    if (ring_ == nullptr) return -errno;
    return Watch(ring_buffer__epoll_fd(ring_));
  }

  bool HasData() const override { return IsFull(); }

 private:
  int Consume() override {
    const int status = ring_buffer__consume(ring_);
    return status == kStop ? 0 : std::min(status, 0);
  }

  /// libbpf moves on behind a record before it looks at the answer: stopping loses none.
  static int HandleRecord(void* context, void* bytes, size_t size) {
    return static_cast<BpfRing*>(context)->Append(0, bytes, static_cast<uint32_t>(size)) ? 0 : kStop;
  }

  static constexpr int kStop = -ECANCELED;
  struct ring_buffer* ring_ = nullptr;
};

template <typename OpenRing>
int32_t AddRing(Environment& environment, int32_t handle, std::unique_ptr<Ring> ring, OpenRing open) {
  int status = 0;
  Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  const LogCapture capture(environment.log);
  status = open(map->fd());
  if (status < 0) return status;
  // libbpf keeps the map's descriptor: whoever owns that closes the ring first.
  return environment.handles.Add(std::move(ring), map->object() != 0 ? map->object() : handle);
}

}  // namespace

Ring::~Ring() {
  // Closed without this, the descriptor would stay watched while a held child has a copy of it.
  if (watched_fd_ >= 0) poller_.UnwatchRing(watched_fd_);
}

int Ring::Watch(int fd) {
  const int status = poller_.WatchRing(fd);
  if (status == 0) watched_fd_ = fd;
  return status;
}

int Ring::Read(size_t max_bytes) {
  batch_.Truncate(0);
  budget_ = max_bytes;
  full_ = false;
  out_of_memory_ = false;
  const int status = Consume();
  if (out_of_memory_) return -ENOMEM;
  return batch_.size() > 0 ? 0 : status;
}

bool Ring::Append(uint32_t cpu, const void* bytes, uint32_t size) {
  const size_t padded = (size_t{size} + 7) / 8 * 8;
  uint8_t* record = batch_.Extend(sizeof(RecordHeader) + padded);
  if (record == nullptr) {
    out_of_memory_ = full_ = true;
    return false;
  }
  const RecordHeader header = {size, cpu};
  std::memcpy(record, &header, sizeof header);
  std::memcpy(record + sizeof header, bytes, size);
  std::memset(record + sizeof header + size, 0, padded - size);
  full_ = batch_.size() >= budget_;
  return !full_;
}

int32_t PerfBufferOpen(Environment& environment, int32_t map, uint32_t pages, bool timed) {
  auto ring = std::make_unique<PerfRing>(environment.poller);
  PerfRing* opened = ring.get();
  return AddRing(environment, map, std::move(ring), [&](int fd) { return opened->Open(fd, pages, timed); });
}

int32_t RingBufferOpen(Environment& environment, int32_t map) {
  auto ring = std::make_unique<BpfRing>(environment.poller);
  BpfRing* opened = ring.get();
  return AddRing(environment, map, std::move(ring), [&](int fd) { return opened->Open(fd); });
}

Result<Bytes> RingRead(Environment& environment, int32_t handle, uint32_t max_bytes) {
  Ring* ring = environment.handles.Find<Ring>(handle);
  if (ring == nullptr) return -EBADF;
  const int status = ring->Read(max_bytes);
  if (status < 0) return status;
  return Bytes{ring->batch().data(), ring->batch().size()};
}

int64_t RingLost(Environment& environment, int32_t handle) {
  const Ring* ring = environment.handles.Find<Ring>(handle);
  return ring == nullptr ? -EBADF : static_cast<int64_t>(ring->CountLost());
}

int RingClose(Environment& environment, int32_t ring) { return environment.handles.Close(ring, Kind::kRing); }

}  // namespace bpfts

#include "ring.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
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

constexpr size_t RoundUp(size_t size) { return (size + 7) / 8 * 8; }

/// Where records go, one after another.
class Batch {
 public:
  explicit Batch(Room room) : room_(room) {}

  /// Room for the bytes of one record behind its header and before its padding; null when there is none.
  uint8_t* Add(uint32_t size, uint32_t cpu) {
    const size_t padded = RoundUp(size);
    if (sizeof(RecordHeader) + padded > room_.size - used_) return nullptr;
    uint8_t* record = room_.data + used_;
    const RecordHeader header = {size, cpu};
    std::memcpy(record, &header, sizeof header);
    if (padded != size) std::memset(record + sizeof header + padded - 8, 0, 8);
    used_ += sizeof header + padded;
    return record + sizeof header;
  }

  /// What a read answers when it ends: `status` says why it did.
  int Answer(int status) const { return used_ > 0 ? static_cast<int>(used_) : status; }

 private:
  Room room_;
  size_t used_ = 0;
};

/// libbpf opens a ring for each CPU that is online, in order, and keeps to itself which is whose. The file has ranges:
/// "0-3,6".
std::vector<uint32_t> ListOnlineCpus() {
  std::vector<uint32_t> cpus;
  std::ifstream file("/sys/devices/system/cpu/online");
  for (uint32_t first = 0; file >> first; file.get()) {
    uint32_t last = first;
    if (file.peek() == '-') file.get(), file >> last;
    for (uint32_t cpu = first; cpu <= last; cpu++) cpus.push_back(cpu);
  }
  return cpus;
}

/// The ring of one CPU, as far as a reader sees it.
class PerfPages {
 public:
  PerfPages(struct perf_buffer* rings, size_t index) {
    void* base = nullptr;
    size_t size = 0;
    if (perf_buffer__buffer(rings, static_cast<int>(index), &base, &size) < 0 || base == nullptr) return;
    page_ = static_cast<struct perf_event_mmap_page*>(base);
    const auto page_size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    data_ = static_cast<const uint8_t*>(base) + page_size;
    mask_ = size - 1;
  }

  bool IsOpen() const { return page_ != nullptr; }
  uint64_t head() const { return __atomic_load_n(&page_->data_head, __ATOMIC_ACQUIRE); }
  uint64_t tail() const { return page_->data_tail; }
  size_t size() const { return mask_ + 1; }
  void Free(uint64_t tail) { __atomic_store_n(&page_->data_tail, tail, __ATOMIC_RELEASE); }

  /// Copies bytes out, around the end of the ring.
  void Copy(uint64_t at, void* into, size_t size) const {
    const size_t start = at & mask_;
    const size_t first = std::min(size, mask_ + 1 - start);
    std::memcpy(into, data_ + start, first);
    std::memcpy(static_cast<uint8_t*>(into) + first, data_, size - first);
  }

 private:
  struct perf_event_mmap_page* page_ = nullptr;
  const uint8_t* data_ = nullptr;
  size_t mask_ = 0;
};

class PerfRing final : public Ring {
 public:
  explicit PerfRing(Poller& poller) : Ring(poller) {}
  ~PerfRing() override {
    Unwatch();
    perf_buffer__free(rings_);
  }

  int Open(const Map& map, uint32_t pages) {
    struct perf_event_attr attributes = {};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_BPF_OUTPUT;
    attributes.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_RAW;
    attributes.use_clockid = 1;
    attributes.clockid = CLOCK_MONOTONIC;
    attributes.sample_period = 1;
    attributes.wakeup_events = 1;
    attributes.read_format = kFormatLost;
    rings_ = perf_buffer__new_raw(map.fd(), pages, &attributes, IgnoreEvent, nullptr, nullptr);
    counts_lost_ = rings_ != nullptr;
    if (rings_ == nullptr && errno == EINVAL) {
      attributes.read_format = 0;
      rings_ = perf_buffer__new_raw(map.fd(), pages, &attributes, IgnoreEvent, nullptr, nullptr);
    }
    if (rings_ == nullptr) return -errno;
    cpus_ = ListOnlineCpus();
    return Watch(perf_buffer__epoll_fd(rings_));
  }

  int Read(Room room, bool timed) override {
    Batch batch(room);
    const size_t count = perf_buffer__buffer_cnt(rings_);
    for (size_t i = 0; i < count; i++) {
      // The next read starts behind the CPU that filled this batch: no CPU can starve the others.
      const size_t index = next_++ % count;
      PerfPages pages(rings_, index);
      if (pages.IsOpen() && !ReadPages(pages, index, timed, batch)) return batch.Answer(-EMSGSIZE);
    }
    return batch.Answer(0);
  }

  bool HasData() const override {
    for (size_t i = 0; i < perf_buffer__buffer_cnt(rings_); i++) {
      const PerfPages pages(rings_, i);
      if (pages.IsOpen() && pages.head() != pages.tail()) return true;
    }
    return false;
  }

  bool IsFilling() const override {
    for (size_t i = 0; i < perf_buffer__buffer_cnt(rings_); i++) {
      const PerfPages pages(rings_, i);
      if (pages.IsOpen() && pages.head() - pages.tail() >= pages.size() / 8) return true;
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
  /// libbpf wants one; the records are read without it, so that one for which there is no room can stay.
  static enum bpf_perf_event_ret IgnoreEvent(void*, int, struct perf_event_header*) { return LIBBPF_PERF_EVENT_CONT; }

  /// False when a record found no room.
  bool ReadPages(PerfPages& pages, size_t index, bool timed, Batch& batch) {
    const uint64_t head = pages.head();
    const uint32_t cpu = index < cpus_.size() ? cpus_[index] : static_cast<uint32_t>(index);
    uint64_t tail = pages.tail();
    bool fits = true;
    while (tail != head) {
      struct perf_event_header event;
      pages.Copy(tail, &event, sizeof event);
      if (event.size < sizeof event) break;
      if (event.type == PERF_RECORD_SAMPLE && !(fits = AddSample(pages, tail, event, cpu, timed, batch))) break;
      if (event.type == PERF_RECORD_LOST) {
        // Source: PERF_RECORD_LOST in perf_event_open(2): the header, u64 id, u64 lost.
        uint64_t lost = 0;
        pages.Copy(tail + sizeof event + 8, &lost, sizeof lost);
        reported_lost_ += lost;
      }
      tail += event.size;
    }
    pages.Free(tail);
    return fits;
  }

  /// Source: PERF_SAMPLE_TIME and PERF_SAMPLE_RAW in perf_event_open(2), in this order. With `timed` the time is the first
  /// eight bytes of what is handed on.
  static bool AddSample(const PerfPages& pages, uint64_t at, const struct perf_event_header& event, uint32_t cpu,
                        bool timed, Batch& batch) {
    constexpr uint32_t kTimeSize = sizeof(uint64_t);
    const uint64_t time_at = at + sizeof event;
    uint32_t size = 0;
    pages.Copy(time_at + kTimeSize, &size, sizeof size);
    size = std::min<uint32_t>(size, event.size - sizeof event - kTimeSize - sizeof size);
    const uint32_t time_size = timed ? kTimeSize : 0;
    uint8_t* bytes = batch.Add(time_size + size, cpu);
    if (bytes == nullptr) return false;
    pages.Copy(time_at, bytes, time_size);
    pages.Copy(time_at + kTimeSize + sizeof size, bytes + time_size, size);
    return true;
  }

  struct perf_buffer* rings_ = nullptr;
  std::vector<uint32_t> cpus_;
  bool counts_lost_ = false;
  uint64_t reported_lost_ = 0;
  size_t next_ = 0;
};

/// Reads the ring itself, without libbpf: what was read is given back to the kernel once for a batch, not
/// once for each record, and a record for which there is no room stays. Source: the kernel's
/// Documentation/bpf/ringbuf.rst.
class BpfRing final : public Ring {
 public:
  explicit BpfRing(Poller& poller) : Ring(poller) {}
  ~BpfRing() override {
    Unwatch();
    if (consumer_ != nullptr) munmap(consumer_, page_size_);
    if (producer_ != nullptr) munmap(const_cast<uint8_t*>(producer_), page_size_ + 2 * size_);
    if (fd_ >= 0) close(fd_);
  }

  int Open(const Map& map) {
    if (map.type() != BPF_MAP_TYPE_RINGBUF) return -EINVAL;
    // A descriptor of its own: two rings on one map are watched each for itself.
    fd_ = fcntl(map.fd(), F_DUPFD_CLOEXEC, 0);
    if (fd_ < 0) return -errno;
    size_ = map.max_entries();
    void* consumer = mmap(nullptr, page_size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (consumer == MAP_FAILED) return -errno;
    consumer_ = static_cast<unsigned long*>(consumer);
    // The data are there twice, one behind the other, so that no record is in two pieces.
    void* producer = mmap(nullptr, page_size_ + 2 * size_, PROT_READ, MAP_SHARED, fd_, static_cast<off_t>(page_size_));
    if (producer == MAP_FAILED) return -errno;
    producer_ = static_cast<const uint8_t*>(producer);
    return Watch(fd_);
  }

  int Read(Room room, bool) override {
    Batch batch(room);
    unsigned long at = __atomic_load_n(consumer_, __ATOMIC_ACQUIRE);
    for (bool fits = true; fits;) {
      const unsigned long start = at;
      fits = ReadTo(FindEnd(), at, batch);
      if (at == start) return batch.Answer(fits ? 0 : -EMSGSIZE);
      // The kernel wakes who waits when it commits the record at which the reader has arrived. It must see the
      // new place before this looks for more: else each of the two could take the other for busy.
      __atomic_store_n(consumer_, at, __ATOMIC_SEQ_CST);
      __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    return batch.Answer(0);
  }

  bool HasData() const override {
    const unsigned long at = __atomic_load_n(consumer_, __ATOMIC_SEQ_CST);
    return at != FindEnd() && (LoadHeader(at) & BPF_RINGBUF_BUSY_BIT) == 0;
  }

  bool IsFilling() const override {
    return FindEnd() - __atomic_load_n(consumer_, __ATOMIC_ACQUIRE) >= size_ / 8;
  }

 private:
  unsigned long FindEnd() const {
    return __atomic_load_n(reinterpret_cast<const unsigned long*>(producer_), __ATOMIC_ACQUIRE);
  }
  const uint8_t* FindRecord(unsigned long at) const { return producer_ + page_size_ + (at & (size_ - 1)); }
  uint32_t LoadHeader(unsigned long at) const {
    return __atomic_load_n(reinterpret_cast<const uint32_t*>(FindRecord(at)), __ATOMIC_ACQUIRE);
  }

  /// Moves `at` over the records that are done. False when one found no room.
  bool ReadTo(unsigned long end, unsigned long& at, Batch& batch) const {
    while (at != end) {
      const uint32_t header = LoadHeader(at);
      if ((header & BPF_RINGBUF_BUSY_BIT) != 0) return true;
      const uint32_t size = header & ~static_cast<uint32_t>(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
      if ((header & BPF_RINGBUF_DISCARD_BIT) == 0) {
        uint8_t* bytes = batch.Add(size, 0);
        if (bytes == nullptr) return false;
        std::memcpy(bytes, FindRecord(at) + BPF_RINGBUF_HDR_SZ, size);
      }
      at += RoundUp(BPF_RINGBUF_HDR_SZ + size);
    }
    return true;
  }

  const size_t page_size_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  int fd_ = -1;
  size_t size_ = 0;
  unsigned long* consumer_ = nullptr;
  const uint8_t* producer_ = nullptr;
};

template <typename OpenRing>
int32_t AddRing(Environment& environment, int32_t handle, std::unique_ptr<Ring> ring, OpenRing open) {
  int status = 0;
  Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  const LogCapture capture(environment.log);
  status = open(*map);
  if (status < 0) return status;
  // libbpf may keep the map's descriptor: whoever owns that closes the ring first.
  return environment.handles.Add(std::move(ring), map->object() != 0 ? map->object() : handle);
}

}  // namespace

void Ring::Unwatch() {
  if (watched_fd_ >= 0) poller_.UnwatchRing(watched_fd_);
  watched_fd_ = -1;
}

int Ring::Watch(int fd) {
  const int status = poller_.WatchRing(fd);
  if (status == 0) watched_fd_ = fd;
  return status;
}

int32_t PerfBufferOpen(Environment& environment, int32_t map, uint32_t pages) {
  auto ring = std::make_unique<PerfRing>(environment.poller);
  PerfRing* opened = ring.get();
  return AddRing(environment, map, std::move(ring), [&](const Map& from) { return opened->Open(from, pages); });
}

int32_t RingBufferOpen(Environment& environment, int32_t map) {
  auto ring = std::make_unique<BpfRing>(environment.poller);
  BpfRing* opened = ring.get();
  return AddRing(environment, map, std::move(ring), [&](const Map& from) { return opened->Open(from); });
}

int RingRead(Environment& environment, int32_t handle, Room room, bool timed) {
  Ring* ring = environment.handles.Find<Ring>(handle);
  return ring == nullptr ? -EBADF : ring->Read(room, timed);
}

int64_t RingLost(Environment& environment, int32_t handle) {
  const Ring* ring = environment.handles.Find<Ring>(handle);
  return ring == nullptr ? -EBADF : static_cast<int64_t>(ring->CountLost());
}

int RingClose(Environment& environment, int32_t ring) { return environment.handles.Close(ring, Kind::kRing); }

}  // namespace bpfts

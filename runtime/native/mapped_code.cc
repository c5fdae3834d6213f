#include "mapped_code.h"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace bpfts {

namespace {

/// Units: pages of each CPU's ring; a power of two. A record takes some hundred bytes.
constexpr size_t kPages = 16;

/// Source: PERF_FORMAT_LOST of linux/perf_event.h, since Linux 6.0.
constexpr uint64_t kFormatLost = 1u << 4;

/// What one CPU tells.
struct CpuLog {
  int fd;
  struct perf_event_mmap_page* page;
};

/// The kernel's records of what a process and its children map to execute it: one ring for each CPU.
class MappedCode final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kMappedCode;
  MappedCode() : Resource(kKind), page_size_(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {}
  ~MappedCode() override {
    for (const CpuLog& log : logs_) {
      munmap(log.page, (kPages + 1) * page_size_);
      close(log.fd);
    }
  }

  int Open(int32_t pid) {
    struct perf_event_attr attributes = {};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_DUMMY;
    attributes.sample_type = PERF_SAMPLE_TIME;
    attributes.sample_id_all = 1;
    attributes.mmap = 1;
    attributes.mmap2 = 1;
    attributes.comm = 1;
    attributes.comm_exec = 1;
    attributes.task = 1;
    attributes.inherit = 1;
    attributes.exclude_kernel = 1;
    attributes.read_format = kFormatLost;
    const long cpus = sysconf(_SC_NPROCESSORS_CONF);
    for (int cpu = 0; cpu < cpus; cpu++) {
      const auto open = [&] {
        return static_cast<int>(syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC));
      };
      int fd = open();
      if (fd < 0 && errno == EINVAL && attributes.read_format != 0) {
        attributes.read_format = 0;
        fd = open();
      }
      if (fd < 0 && errno == ENODEV) continue;
      if (fd < 0) return -errno;
      void* base = mmap(nullptr, (kPages + 1) * page_size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (base == MAP_FAILED) {
        const int error = errno;
        close(fd);
        return -error;
      }
      logs_.push_back({fd, static_cast<struct perf_event_mmap_page*>(base)});
    }
    counts_lost_ = attributes.read_format != 0;
    return 0;
  }

  /// Records that no ring had room for; a record that tells of them comes only with the next one that has. A negative errno where the kernel does not count them.
  int32_t CountLost() const {
    if (!counts_lost_) return -EOPNOTSUPP;
    uint64_t lost = 0;
    for (const CpuLog& log : logs_) {
      struct {
        uint64_t value;
        uint64_t lost;
      } counts = {};
      if (read(log.fd, &counts, sizeof counts) != static_cast<ssize_t>(sizeof counts)) return -EIO;
      lost += counts.lost;
    }
    return static_cast<int32_t>(std::min<uint64_t>(lost, INT32_MAX));
  }

  /// Moves all whole records of all rings into `bytes`, one after another.
  int Read(Buffer& bytes) {
    const size_t size = kPages * page_size_;
    for (const CpuLog& log : logs_) {
      const auto* data = reinterpret_cast<const uint8_t*>(log.page) + page_size_;
      const uint64_t head = __atomic_load_n(&log.page->data_head, __ATOMIC_ACQUIRE);
      const uint64_t tail = log.page->data_tail;
      const auto count = static_cast<size_t>(head - tail);
      uint8_t* room = bytes.Extend(count);
      if (room == nullptr && count > 0) return -ENOMEM;
      const size_t start = tail % size;
      const size_t first = std::min(count, size - start);
      if (first > 0) std::memcpy(room, data + start, first);
      if (count > first) std::memcpy(room + first, data, count - first);
      __atomic_store_n(&log.page->data_tail, head, __ATOMIC_RELEASE);
    }
    return 0;
  }

 private:
  const size_t page_size_;
  std::vector<CpuLog> logs_;
  bool counts_lost_ = false;
};

}  // namespace

int32_t MappedCodeOpen(Environment& environment, int32_t pid) {
  auto log = std::make_unique<MappedCode>();
  const int status = log->Open(pid);
  return status < 0 ? status : environment.handles.Add(std::move(log));
}

Result<Buffer> MappedCodeRead(Environment& environment, int32_t handle) {
  MappedCode* log = environment.handles.Find<MappedCode>(handle);
  if (log == nullptr) return -EBADF;
  Buffer bytes;
  const int status = log->Read(bytes);
  if (status < 0) return status;
  return bytes;
}

int32_t MappedCodeLost(Environment& environment, int32_t handle) {
  const MappedCode* log = environment.handles.Find<MappedCode>(handle);
  return log == nullptr ? -EBADF : log->CountLost();
}

int MappedCodeClose(Environment& environment, int32_t log) {
  return environment.handles.Close(log, Kind::kMappedCode);
}

}  // namespace bpfts

#include "live.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "descriptor.h"

namespace bpfts {

namespace {

struct LiveKind {
  int (*next_id)(uint32_t start, uint32_t* next);
  int (*open)(uint32_t id);
};

constexpr std::array<LiveKind, 4> kKinds = {{
    {bpf_prog_get_next_id, bpf_prog_get_fd_by_id},
    {bpf_map_get_next_id, bpf_map_get_fd_by_id},
    {bpf_link_get_next_id, bpf_link_get_fd_by_id},
    {bpf_btf_get_next_id, bpf_btf_get_fd_by_id},
}};

/// Where the kernel is to write more than fits into the struct: its pointer's place in the struct, and how much.
struct RoomRequest {
  uint32_t at;
  uint32_t size;
};

}  // namespace

int LiveNextId(Environment&, uint32_t kind, uint32_t id) {
  if (kind >= kKinds.size()) return -EINVAL;
  uint32_t next = 0;
  return kKinds[kind].next_id(id, &next) < 0 ? -errno : static_cast<int>(next);
}

int32_t LiveOpen(Environment& environment, uint32_t kind, uint32_t id) {
  if (kind >= kKinds.size()) return -EINVAL;
  return AddDescriptor(environment, kKinds[kind].open(id));
}

Result<LiveInfo> GetLiveInfo(Environment&, uint32_t kind, uint32_t id, Bytes request, Bytes rooms) {
  if (kind >= kKinds.size() || rooms.size % sizeof(RoomRequest) != 0) return -EINVAL;
  LiveInfo answer;
  uint8_t* info = answer.info.Extend(request.size);
  if (info == nullptr) return -ENOMEM;
  std::memcpy(info, request.data, request.size);
  for (size_t start = 0; start < rooms.size; start += sizeof(RoomRequest)) {
    RoomRequest room;
    std::memcpy(&room, rooms.data + start, sizeof room);
    if (request.size < sizeof(uint64_t) || room.at > request.size - sizeof(uint64_t)) return -EINVAL;
    Buffer part;
    uint8_t* bytes = part.Extend(room.size);
    if (bytes == nullptr) return -ENOMEM;
    // What the kernel leaves alone must not be what the memory held before.
    std::memset(bytes, 0, room.size);
    const auto address = reinterpret_cast<uint64_t>(bytes);
    std::memcpy(info + room.at, &address, sizeof address);
    answer.parts.push_back(std::move(part));
  }
  const int fd = kKinds[kind].open(id);
  if (fd < 0) return -errno;
  uint32_t size = static_cast<uint32_t>(request.size);
  const int status = bpf_obj_get_info_by_fd(fd, info, &size) < 0 ? -errno : 0;
  close(fd);
  if (status < 0) return status;
  return answer;
}

int32_t PinOpen(Environment& environment, const std::string& path) {
  return AddDescriptor(environment, bpf_obj_get(path.c_str()));
}

int32_t StatsEnable(Environment& environment) {
  return AddDescriptor(environment, bpf_enable_stats(BPF_STATS_RUN_TIME));
}

}  // namespace bpfts

#include "user_ring.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include "log.h"
#include "map.h"

namespace bpfts {

int UserRing::Write(Bytes record) {
  void* room = user_ring_buffer__reserve(ring_, static_cast<uint32_t>(record.size));
  if (room == nullptr) return -errno;
  std::memcpy(room, record.data, record.size);
  user_ring_buffer__submit(ring_, room);
  return 0;
}

int32_t UserRingOpen(Environment& environment, int32_t handle) {
  int status = 0;
  Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  const LogCapture capture(environment.log);
  struct user_ring_buffer* ring = user_ring_buffer__new(map->fd(), nullptr);
  if (ring == nullptr) return -errno;
  return environment.handles.Add(std::make_unique<UserRing>(ring), map->object() != 0 ? map->object() : handle);
}

int UserRingWrite(Environment& environment, int32_t handle, Bytes record) {
  UserRing* ring = environment.handles.Find<UserRing>(handle);
  if (ring == nullptr) return -EBADF;
  // The length shares its word with two flags.
  if (record.size >= (1u << 30)) return -E2BIG;
  return ring->Write(record);
}

}  // namespace bpfts

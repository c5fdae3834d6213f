#pragma once

#include <bpf/libbpf.h>

#include <cstdint>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

/// A user ring buffer: records into the kernel, which a program takes out. Since: Linux 6.1.
class UserRing final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kUserRing;
  explicit UserRing(struct user_ring_buffer* ring) : Resource(kKind), ring_(ring) {}
  ~UserRing() override { user_ring_buffer__free(ring_); }

  int Write(Bytes record);

 private:
  struct user_ring_buffer* const ring_;
};

/// Closed with the map's object.
int32_t UserRingOpen(Environment& environment, int32_t map);
/// -ENOSPC when there is no room now, -E2BIG when there never is.
int UserRingWrite(Environment& environment, int32_t ring, Bytes record);

}  // namespace bpfts

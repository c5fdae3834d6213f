#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <optional>
#include <string>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

/// The kernel's own "not supported", which no header of user space has.
constexpr int kKernelNotSupported = 524;

/// A map of an object that outlives it, or one that was opened by path or id.
class Map final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kMap;
  Map(struct bpf_map* map, int32_t object) : Resource(kKind), map_(map), object_(object) {}
  explicit Map(int fd) : Resource(kKind), fd_(fd) {}
  ~Map() override;

  /// The file descriptor, negative before the object is loaded.
  int fd() const { return map_ != nullptr ? bpf_map__fd(map_) : fd_; }
  struct bpf_map* get() const {
    return map_;
  }
  /// The object that owns it, 0 for a map of its own.
  int32_t object() const { return object_; }

  /// Asks the kernel once what the map looks like.
  int Describe();
  uint32_t type() const { return type_; }
  uint32_t key_size() const { return key_size_; }
  uint32_t max_entries() const { return max_entries_; }
  /// The bytes of one value as the kernel copies it: per-CPU maps have one value for each possible CPU.
  size_t value_stride() const { return value_stride_; }

 private:
  struct bpf_map* const map_ = nullptr;
  const int32_t object_ = 0;
  const int fd_ = -1;
  bool described_ = false;
  uint32_t type_ = 0;
  uint32_t key_size_ = 0;
  uint32_t max_entries_ = 0;
  size_t value_stride_ = 0;
};

/// Finds a map that exists in the kernel and whose sizes are known.
Map* FindLiveMap(Environment& environment, int32_t handle, int& status);

int32_t MapHandle(Environment& environment, int32_t object, const std::string& map);
int32_t MapCreate(Environment& environment, int32_t sibling, const MapShape& shape);
int32_t MapOpenPinned(Environment& environment, const std::string& path);
int32_t MapOpenId(Environment& environment, uint32_t id);
Result<MapInfo> GetMapInfo(Environment& environment, int32_t map);
int MapClose(Environment& environment, int32_t map);
int MapPin(Environment& environment, int32_t map, const std::string& path);
Result<Buffer> MapLookup(Environment& environment, int32_t map, Bytes key, uint32_t flags);
Result<Buffer> MapLookupAndDelete(Environment& environment, int32_t map, Bytes key);
int MapUpdate(Environment& environment, int32_t map, Bytes key, Bytes value, uint32_t flags);
int MapDelete(Environment& environment, int32_t map, Bytes key);
Result<Buffer> MapNextKey(Environment& environment, int32_t map, std::optional<Bytes> key);
Result<MapBatch> MapReadAll(Environment& environment, int32_t map, bool remove);
int MapUpdateAll(Environment& environment, int32_t map, const MapBatchView& batch, uint32_t flags);
int MapDeleteAll(Environment& environment, int32_t map, std::optional<Bytes> keys);
int PossibleCpus(Environment& environment);

}  // namespace bpfts

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "map.h"

namespace bpfts {

namespace {

/// One system call moves about this much.
constexpr size_t kChunkBytes = 1 << 20;

/// How often one element may be read before the walk is taken for endless: a
/// walk key by key starts again when its key was deleted under it.
constexpr uint64_t kRereads = 4;

bool MeansNoBatches(int error) {
  return error == EINVAL || error == EOPNOTSUPP || error == kKernelNotSupported || error == ENOSYS || error == EPERM;
}

uint32_t ChooseChunk(const Map& map) {
  const size_t element = std::max<size_t>(map.key_size() + map.value_stride(), 1);
  const size_t fitting = std::max<size_t>(kChunkBytes / element, 64);
  return static_cast<uint32_t>(std::min<size_t>(fitting, std::max<uint32_t>(map.max_entries(), 1)));
}

/// Reads with one system call per chunk. -EOPNOTSUPP, with the batch as it was, when this map cannot.
int ReadInBatches(const Map& map, bool remove, MapBatch& batch) {
  const size_t key_size = map.key_size();
  const size_t stride = map.value_stride();
  uint32_t chunk = ChooseChunk(map);
  // Where the walk stands: a bucket number for hashes, a key for all other maps.
  std::vector<uint8_t> here(std::max<size_t>(key_size, 8));
  std::vector<uint8_t> next(here.size());
  bool first = true;
  LIBBPF_OPTS(bpf_map_batch_opts, options);
  for (;;) {
    uint8_t* keys = batch.keys.Extend(chunk * key_size);
    uint8_t* values = batch.values.Extend(chunk * stride);
    if (keys == nullptr || values == nullptr) return -ENOMEM;
    uint32_t count = chunk;
    void* from = first ? nullptr : here.data();
    const int status =
        remove ? bpf_map_lookup_and_delete_batch(map.fd(), from, next.data(), keys, values, &count, &options)
               : bpf_map_lookup_batch(map.fd(), from, next.data(), keys, values, &count, &options);
    const int error = status < 0 ? errno : 0;
    if (error != 0 && error != ENOENT) count = 0;
    batch.count += std::min(count, chunk);
    batch.keys.Truncate(batch.count * key_size);
    batch.values.Truncate(batch.count * stride);
    if (error == ENOENT) return 0;
    if (error == ENOSPC) {
      // One bucket alone has more than that. Nothing was taken: ask again with more room.
      if (chunk > UINT32_MAX / 2) return -ENOSPC;
      chunk *= 2;
      continue;
    }
    if (error != 0) return first && MeansNoBatches(error) ? -EOPNOTSUPP : -error;
    here.swap(next);
    first = false;
  }
}

/// Queues and stacks have no keys: reading takes out, and there is no other way to look behind the head.
int DrainQueue(const Map& map, MapBatch& batch) {
  for (;;) {
    uint8_t* value = batch.values.Extend(map.value_stride());
    if (value == nullptr) return -ENOMEM;
    if (bpf_map_lookup_and_delete_elem(map.fd(), nullptr, value) < 0) {
      const int error = errno;
      batch.values.Truncate(batch.count * map.value_stride());
      return error == ENOENT ? 0 : -error;
    }
    batch.count++;
  }
}

int ReadKeyByKey(const Map& map, bool remove, MapBatch& batch) {
  std::vector<uint8_t> previous(map.key_size());
  bool first = true;
  uint64_t steps_left = kRereads * std::max<uint64_t>(map.max_entries(), 1) + 64;
  while (steps_left-- > 0) {
    uint8_t* key = batch.keys.Extend(map.key_size());
    uint8_t* value = batch.values.Extend(map.value_stride());
    if (key == nullptr || value == nullptr) return -ENOMEM;
    int error = bpf_map_get_next_key(map.fd(), first ? nullptr : previous.data(), key) < 0 ? errno : 0;
    const bool at_end = error == ENOENT;
    if (error == 0) {
      std::memcpy(previous.data(), key, map.key_size());
      error = bpf_map_lookup_elem(map.fd(), key, value) < 0 ? errno : 0;
      if (error == 0 && remove) error = bpf_map_delete_elem(map.fd(), key) < 0 ? errno : 0;
      // What was taken out is no place to go on from.
      first = remove;
    }
    if (error == 0) batch.count++;
    batch.keys.Truncate(batch.count * map.key_size());
    batch.values.Truncate(batch.count * map.value_stride());
    if (at_end) return 0;
    // Gone since its key was found: no element of the answer.
    if (error != 0 && error != ENOENT) return -error;
  }
  return 0;
}

int UpdateKeyByKey(const Map& map, const MapBatchView& batch, uint32_t flags) {
  for (uint32_t i = 0; i < batch.count; i++) {
    const uint8_t* key = map.key_size() == 0 ? nullptr : batch.keys.data + i * size_t{map.key_size()};
    if (bpf_map_update_elem(map.fd(), key, batch.values.data + i * map.value_stride(), flags) < 0) return -errno;
  }
  return 0;
}

int DeleteKeyByKey(const Map& map, Bytes keys, size_t start) {
  int deleted = 0;
  for (size_t at = start; at < keys.size; at += map.key_size()) {
    if (bpf_map_delete_elem(map.fd(), keys.data + at) == 0)
      deleted++;
    else if (errno != ENOENT)
      return -errno;
  }
  return deleted;
}

int ReadMap(const Map& map, bool remove, MapBatch& batch) {
  if (map.key_size() == 0) return remove ? DrainQueue(map, batch) : -EOPNOTSUPP;
  const int status = ReadInBatches(map, remove, batch);
  // -EINTR: the keys moved on so fast that the kernel gave the walk up. What was
  // removed is in the batch already, so only a walk that removes may go on from it.
  if (status != -EOPNOTSUPP && status != -EINTR) return status;
  if (!remove) {
    batch.keys.Truncate(0);
    batch.values.Truncate(0);
    batch.count = 0;
  }
  return ReadKeyByKey(map, remove, batch);
}

}  // namespace

Result<MapBatch> MapReadAll(Environment& environment, int32_t handle, bool remove) {
  int status = 0;
  const Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  MapBatch batch;
  status = ReadMap(*map, remove, batch);
  if (status < 0) return status;
  return batch;
}

int MapUpdateAll(Environment& environment, int32_t handle, const MapBatchView& batch, uint32_t flags) {
  int status = 0;
  const Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  if (batch.keys.size != size_t{batch.count} * map->key_size()) return -EINVAL;
  if (batch.values.size != size_t{batch.count} * map->value_stride()) return -EINVAL;
  // The kernel takes no BPF_NOEXIST and BPF_EXIST for batches.
  if (batch.count == 0 || map->key_size() == 0 || (flags & ~uint32_t{BPF_F_LOCK}) != 0) {
    return UpdateKeyByKey(*map, batch, flags);
  }
  LIBBPF_OPTS(bpf_map_batch_opts, options, .elem_flags = flags);
  uint32_t count = batch.count;
  if (bpf_map_update_batch(map->fd(), batch.keys.data, batch.values.data, &count, &options) == 0) return 0;
  return MeansNoBatches(errno) ? UpdateKeyByKey(*map, batch, flags) : -errno;
}

int MapDeleteAll(Environment& environment, int32_t handle, std::optional<Bytes> keys) {
  int status = 0;
  const Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  if (!keys.has_value()) {
    MapBatch batch;
    status = ReadMap(*map, true, batch);
    return status < 0 ? status : static_cast<int>(batch.count);
  }
  if (map->key_size() == 0 || keys->size % map->key_size() != 0) return -EINVAL;
  int deleted = 0;
  size_t at = 0;
  LIBBPF_OPTS(bpf_map_batch_opts, options);
  while (at < keys->size) {
    uint32_t count = static_cast<uint32_t>((keys->size - at) / map->key_size());
    const int error = bpf_map_delete_batch(map->fd(), keys->data + at, &count, &options) < 0 ? errno : 0;
    if (error != 0 && error != ENOENT) {
      if (deleted > 0 || !MeansNoBatches(error)) return -error;
      return DeleteKeyByKey(*map, *keys, at);
    }
    deleted += static_cast<int>(count);
    // The batch stopped at a key that is not there: go on behind it.
    at += (size_t{count} + (error == ENOENT ? 1 : 0)) * map->key_size();
  }
  return deleted;
}

}  // namespace bpfts

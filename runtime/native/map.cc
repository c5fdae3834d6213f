#include "map.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "object.h"

namespace bpfts {

namespace {

bool HasValuePerCpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

}  // namespace

Map::~Map() {
  if (fd_ >= 0) close(fd_);
}

int Map::Describe() {
  if (described_) return 0;
  struct bpf_map_info info = {};
  uint32_t size = sizeof info;
  if (fd() < 0) return -EBADF;
  if (bpf_obj_get_info_by_fd(fd(), &info, &size) < 0) return -errno;
  type_ = info.type;
  key_size_ = info.key_size;
  max_entries_ = info.max_entries;
  value_stride_ = info.value_size;
  if (HasValuePerCpu(type_)) {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus < 0) return cpus;
    value_stride_ = (value_stride_ + 7) / 8 * 8 * static_cast<size_t>(cpus);
  }
  described_ = true;
  return 0;
}

Map* FindLiveMap(Environment& environment, int32_t handle, int& status) {
  Map* map = environment.handles.Find<Map>(handle);
  status = map == nullptr ? -EBADF : map->Describe();
  return status < 0 ? nullptr : map;
}

int32_t MapHandle(Environment& environment, int32_t object, const std::string& name) {
  Object* owner = environment.handles.Find<Object>(object);
  if (owner == nullptr) return -EBADF;
  struct bpf_map* map = bpf_object__find_map_by_name(owner->get(), name.c_str());
  if (map == nullptr) return -ENOENT;
  int32_t& handle = owner->map_handles[name];
  if (environment.handles.Find<Map>(handle) == nullptr) {
    handle = environment.handles.Add(std::make_unique<Map>(map, object), object);
  }
  return handle;
}

int32_t MapCreate(Environment& environment, int32_t handle, const MapShape& shape) {
  const Map* sibling = environment.handles.Find<Map>(handle);
  const Object* owner = sibling == nullptr ? nullptr : environment.handles.Find<Object>(sibling->object());
  if (owner == nullptr) return -EBADF;
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = shape.flags);
  const int btf = bpf_object__btf_fd(owner->get());
  if (btf >= 0 && shape.value_type != 0) {
    options.btf_fd = static_cast<uint32_t>(btf);
    options.btf_key_type_id = shape.key_type;
    options.btf_value_type_id = shape.value_type;
  }
  const auto create = [&] {
    return bpf_map_create(static_cast<bpf_map_type>(shape.type), shape.name.c_str(), shape.key_size, shape.value_size,
                          shape.max_entries, &options);
  };
  int fd = create();
  if (fd < 0 && options.btf_fd != 0) {
    // Some kinds take no types, as libbpf knows, too.
    options.btf_fd = options.btf_key_type_id = options.btf_value_type_id = 0;
    fd = create();
  }
  if (fd < 0) return fd;
  return environment.handles.Add(std::make_unique<Map>(fd), sibling->object());
}

int32_t MapOpenPinned(Environment& environment, const std::string& path) {
  const int fd = bpf_obj_get(path.c_str());
  if (fd < 0) return -errno;
  auto map = std::make_unique<Map>(fd);
  // bpf_obj_get opens programs and links as well.
  const int status = map->Describe();
  return status < 0 ? status : environment.handles.Add(std::move(map));
}

int32_t MapOpenId(Environment& environment, uint32_t id) {
  const int fd = bpf_map_get_fd_by_id(id);
  if (fd < 0) return -errno;
  return environment.handles.Add(std::make_unique<Map>(fd));
}

Result<MapInfo> GetMapInfo(Environment& environment, int32_t handle) {
  const Map* map = environment.handles.Find<Map>(handle);
  if (map == nullptr || map->fd() < 0) return -EBADF;
  struct bpf_map_info info = {};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(map->fd(), &info, &size) < 0) return -errno;
  // The kernel cuts names off after 15 characters.
  std::string name = map->get() != nullptr ? bpf_map__name(map->get()) : info.name;
  return MapInfo{std::move(name), info.type, info.key_size, info.value_size, info.max_entries, info.map_flags, info.id};
}

int MapClose(Environment& environment, int32_t map) { return environment.handles.Close(map, Kind::kMap); }

int MapPin(Environment& environment, int32_t handle, const std::string& path) {
  const Map* map = environment.handles.Find<Map>(handle);
  if (map == nullptr || map->fd() < 0) return -EBADF;
  return bpf_obj_pin(map->fd(), path.c_str()) < 0 ? -errno : 0;
}

Result<Buffer> MapLookup(Environment& environment, int32_t handle, Bytes key, uint32_t flags) {
  int status = 0;
  Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  Buffer value;
  uint8_t* bytes = value.Extend(map->value_stride());
  if (bytes == nullptr) return -ENOMEM;
  if (map->type() == BPF_MAP_TYPE_BLOOM_FILTER) {
    // A bloom filter has no keys: what is asked for goes in as the value.
    if (key.size != map->value_stride()) return -EINVAL;
    std::memcpy(bytes, key.data, key.size);
  } else if (key.size != map->key_size()) {
    return -EINVAL;
  }
  const void* key_bytes = map->key_size() == 0 ? nullptr : key.data;
  if (bpf_map_lookup_elem_flags(map->fd(), key_bytes, bytes, flags) < 0) return -errno;
  return value;
}

Result<Buffer> MapLookupAndDelete(Environment& environment, int32_t handle, Bytes key) {
  int status = 0;
  Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  if (key.size != map->key_size()) return -EINVAL;
  Buffer value;
  uint8_t* bytes = value.Extend(map->value_stride());
  if (bytes == nullptr) return -ENOMEM;
  const void* key_bytes = map->key_size() == 0 ? nullptr : key.data;
  if (bpf_map_lookup_and_delete_elem(map->fd(), key_bytes, bytes) == 0) return value;
  if (errno != kKernelNotSupported || key_bytes == nullptr) return -errno;
  // Hash maps have it since Linux 5.14, tries not at all: two steps then, between which the kernel side may write once
  // more.
  if (bpf_map_lookup_elem(map->fd(), key_bytes, bytes) < 0 || bpf_map_delete_elem(map->fd(), key_bytes) < 0)
    return -errno;
  return value;
}

int MapUpdate(Environment& environment, int32_t handle, Bytes key, Bytes value, uint32_t flags) {
  int status = 0;
  Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  if (key.size != map->key_size() || value.size != map->value_stride()) return -EINVAL;
  const void* key_bytes = map->key_size() == 0 ? nullptr : key.data;
  return bpf_map_update_elem(map->fd(), key_bytes, value.data, flags) < 0 ? -errno : 0;
}

int MapDelete(Environment& environment, int32_t handle, Bytes key) {
  int status = 0;
  Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  if (key.size != map->key_size()) return -EINVAL;
  return bpf_map_delete_elem(map->fd(), key.data) < 0 ? -errno : 0;
}

Result<Buffer> MapNextKey(Environment& environment, int32_t handle, std::optional<Bytes> key) {
  int status = 0;
  Map* map = FindLiveMap(environment, handle, status);
  if (map == nullptr) return status;
  if (map->key_size() == 0 || (key.has_value() && key->size != map->key_size())) return -EINVAL;
  Buffer next;
  uint8_t* bytes = next.Extend(map->key_size());
  if (bytes == nullptr) return -ENOMEM;
  if (bpf_map_get_next_key(map->fd(), key.has_value() ? key->data : nullptr, bytes) < 0) return -errno;
  return next;
}

int PossibleCpus(Environment&) { return libbpf_num_possible_cpus(); }

}  // namespace bpfts

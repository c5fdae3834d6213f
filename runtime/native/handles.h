#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace bpfts {

enum class Kind : uint8_t { kObject, kProgram, kMap, kLink, kRing, kFile, kProcess, kUserRing, kIterator, kMappedCode, kDescriptor };

/// Something that a handle stands for. Its destructor gives back what it holds.
class Resource {
 public:
  explicit Resource(Kind kind) : kind_(kind) {}
  virtual ~Resource() = default;
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;
  Kind kind() const { return kind_; }

 private:
  const Kind kind_;
};

/// Hands out integers for resources. A handle carries the generation of its slot,
/// so that one that was closed never finds the slot's next owner.
class HandleTable {
 public:
  HandleTable() = default;
  ~HandleTable() { CloseAll(); }
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  /// Takes the resource over. Closing `parent` closes it first; 0 means no parent.
  int32_t Add(std::unique_ptr<Resource> resource, int32_t parent = 0);

  /// The resource, or null when the handle is stale or of another kind.
  template <typename T>
  T* Find(int32_t handle) {
    Slot* slot = FindSlot(handle);
    if (slot == nullptr || slot->resource->kind() != T::kKind) return nullptr;
    return static_cast<T*>(slot->resource.get());
  }

  /// Closes children in reverse order of their making, then the resource itself.
  /// 0 also for a handle that is closed already, -EBADF for one that never was
  /// or is of another kind.
  int Close(int32_t handle, Kind kind);
  void CloseAll();

  /// Calls `visit(T&)` for every open resource of a kind.
  template <typename T, typename Visit>
  void ForEach(Visit visit) {
    for (Slot& slot : slots_) {
      if (slot.resource != nullptr && slot.resource->kind() == T::kKind) visit(static_cast<T&>(*slot.resource));
    }
  }

 private:
  struct Slot {
    std::unique_ptr<Resource> resource;
    int32_t parent = 0;
    uint32_t generation = 1;
    uint64_t sequence = 0;
  };

  Slot* FindSlot(int32_t handle);
  void CloseSlot(size_t index);
  int32_t HandleOf(size_t index) const;

  std::vector<Slot> slots_;
  std::vector<size_t> free_;
  uint64_t next_sequence_ = 1;
};

}  // namespace bpfts

#include "handles.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace bpfts {

namespace {

constexpr uint32_t kIndexBits = 18;
constexpr uint32_t kIndexMask = (1u << kIndexBits) - 1;
constexpr uint32_t kGenerationMask = (1u << (31 - kIndexBits)) - 1;

}  // namespace

int32_t HandleTable::HandleOf(size_t index) const {
  return static_cast<int32_t>((slots_[index].generation << kIndexBits) | static_cast<uint32_t>(index));
}

HandleTable::Slot* HandleTable::FindSlot(int32_t handle) {
  if (handle <= 0) return nullptr;
  const size_t index = static_cast<uint32_t>(handle) & kIndexMask;
  if (index >= slots_.size() || slots_[index].resource == nullptr || HandleOf(index) != handle) return nullptr;
  return &slots_[index];
}

int32_t HandleTable::Add(std::unique_ptr<Resource> resource, int32_t parent) {
  size_t index = slots_.size();
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else if (index > kIndexMask) {
    return -EMFILE;
  } else {
    slots_.emplace_back();
  }
  Slot& slot = slots_[index];
  slot.resource = std::move(resource);
  slot.parent = parent;
  slot.sequence = next_sequence_++;
  return HandleOf(index);
}

void HandleTable::CloseSlot(size_t index) {
  const int32_t handle = HandleOf(index);
  const Kind kind = slots_[index].resource->kind();
  if (kind == Kind::kObject || kind == Kind::kMap) {
    std::vector<size_t> children;
    for (size_t i = 0; i < slots_.size(); i++) {
      if (slots_[i].resource != nullptr && slots_[i].parent == handle) children.push_back(i);
    }
    std::sort(children.begin(), children.end(),
              [this](size_t a, size_t b) { return slots_[a].sequence > slots_[b].sequence; });
    for (const size_t child : children) CloseSlot(child);
  }
  slots_[index].resource.reset();
  // Generation 0 is never used, so that no handle is 0.
  slots_[index].generation =
      (slots_[index].generation & kGenerationMask) == kGenerationMask ? 1 : slots_[index].generation + 1;
  free_.push_back(index);
}

int HandleTable::Close(int32_t handle, Kind kind) {
  if (Slot* slot = FindSlot(handle)) {
    if (slot->resource->kind() != kind) return -EBADF;
    CloseSlot(static_cast<uint32_t>(handle) & kIndexMask);
    return 0;
  }
  if (handle <= 0) return -EBADF;
  return (static_cast<uint32_t>(handle) & kIndexMask) < slots_.size() ? 0 : -EBADF;
}

void HandleTable::CloseAll() {
  std::vector<size_t> open;
  for (size_t i = 0; i < slots_.size(); i++) {
    if (slots_[i].resource != nullptr) open.push_back(i);
  }
  std::sort(open.begin(), open.end(), [this](size_t a, size_t b) { return slots_[a].sequence > slots_[b].sequence; });
  for (const size_t index : open) {
    if (slots_[index].resource != nullptr) CloseSlot(index);
  }
}

}  // namespace bpfts

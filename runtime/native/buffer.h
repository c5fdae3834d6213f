#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace bpfts {

/// Bytes that grow without being cleared first: batches are written once, by the kernel.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Buffer() { std::free(data_); }

  const uint8_t* data() const { return data_; }
  uint8_t* data() { return data_; }
  size_t size() const { return size_; }

  /// Makes room for `count` more bytes and says where they start; null when memory is out.
  uint8_t* Extend(size_t count) {
    if (count > SIZE_MAX / 2 - size_) return nullptr;
    const size_t needed = size_ + count;
    if (needed > capacity_) {
      size_t capacity = capacity_ < 4096 ? 4096 : capacity_;
      while (capacity < needed) capacity *= 2;
      void* grown = std::realloc(data_, capacity);
      if (grown == nullptr) return nullptr;
      data_ = static_cast<uint8_t*>(grown);
      capacity_ = capacity;
    }
    uint8_t* start = data_ + size_;
    size_ = needed;
    return start;
  }

  /// Drops everything after `size` bytes; the memory stays.
  void Truncate(size_t size) {
    if (size < size_) size_ = size;
  }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace bpfts

#pragma once

#include <cstdint>
#include <string>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

/// A file that is read without blocking, such as a trace pipe.
class File final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kFile;
  File(Poller& poller, int fd);
  ~File() override;
  int fd() const { return fd_; }

 private:
  Poller& poller_;
  const int fd_;
};

int32_t FileOpen(Environment& environment, const std::string& path);
Result<Buffer> FileRead(Environment& environment, int32_t file, uint32_t max_bytes);
int FileClose(Environment& environment, int32_t file);
int Mount(Environment& environment, const std::string& source, const std::string& target, const std::string& type);

}  // namespace bpfts

#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <string>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

/// A program that sits somewhere. Detached when it goes.
class Link final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kLink;
  explicit Link(struct bpf_link* link) : Resource(kKind), link_(link) {}
  ~Link() override { bpf_link__destroy(link_); }

 private:
  struct bpf_link* const link_;
};

int32_t AttachAuto(Environment& environment, int32_t program);
int32_t AttachTracepoint(Environment& environment, int32_t program, const std::string& category,
                         const std::string& name);
int32_t AttachRawTracepoint(Environment& environment, int32_t program, const std::string& name);
int32_t AttachKprobe(Environment& environment, int32_t program, const std::string& symbol, uint64_t offset,
                     bool retprobe, uint64_t cookie);
int32_t AttachUprobe(Environment& environment, int32_t program, const UprobeTarget& target);
int32_t AttachUsdt(Environment& environment, int32_t program, int32_t pid, const std::string& path,
                   const std::string& provider, const std::string& name, uint64_t cookie);
int32_t AttachPerfEvent(Environment& environment, int32_t program, const PerfEventTarget& target);
int LinkClose(Environment& environment, int32_t link);

}  // namespace bpfts

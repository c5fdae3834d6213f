#pragma once

#include <bpf/libbpf.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

/// How a program sits somewhere. The kernel waits 20 to 50 ms until it has detached one from a probe, and as long again
/// until it has freed the perf event.
enum class Seat { kPerfEvent, kMultiProbe, kOther };

/// A program that sits somewhere, in whichever way.
class AnyLink : public Resource {
 public:
  static constexpr Kind kKind = Kind::kLink;
  AnyLink() : Resource(kKind) {}
  /// The kernel's link, -1 where it has none.
  virtual int fd() const { return -1; }
  /// kOther once it is detached.
  virtual Seat seat() const { return Seat::kOther; }
  /// Detaches the program now. Different links can do so at once, each in a thread of its own.
  virtual void Detach() {}
};

/// A program that sits somewhere. Detached when it goes.
class Link final : public AnyLink {
 public:
  explicit Link(struct bpf_link* link, Seat seat = Seat::kOther) : link_(link), seat_(seat) {}
  ~Link() override { bpf_link__destroy(link_); }
  int fd() const override { return link_ == nullptr ? -1 : bpf_link__fd(link_); }
  Seat seat() const override { return link_ == nullptr ? Seat::kOther : seat_; }
  void Detach() override {
    bpf_link__destroy(link_);
    link_ = nullptr;
  }

 private:
  struct bpf_link* link_;
  const Seat seat_;
};

/// A link that libbpf knows nothing of.
class LinkDescriptor final : public AnyLink {
 public:
  explicit LinkDescriptor(int fd, Seat seat = Seat::kOther) : fd_(fd), seat_(seat) {}
  ~LinkDescriptor() override { Detach(); }
  int fd() const override { return fd_; }
  Seat seat() const override { return fd_ < 0 ? Seat::kOther : seat_; }
  void Detach() override {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  const Seat seat_;
};

/// A program that sits on a map, where the kernel knows no links: taken off when it goes.
class Attachment final : public AnyLink {
 public:
  Attachment(int program_fd, int target_fd, enum bpf_attach_type type)
      : program_fd_(program_fd), target_fd_(target_fd), type_(type) {}
  ~Attachment() override;

 private:
  const int program_fd_;
  const int target_fd_;
  const enum bpf_attach_type type_;
};

/// A counter in a perf event array. Taken out of the array when it goes.
class PerfCounter final : public AnyLink {
 public:
  PerfCounter(int map_fd, uint32_t index, int event_fd) : map_fd_(map_fd), index_(index), event_fd_(event_fd) {}
  ~PerfCounter() override;

 private:
  const int map_fd_;
  const uint32_t index_;
  const int event_fd_;
};

int32_t AttachAuto(Environment& environment, int32_t program);
int32_t AttachTracepoint(Environment& environment, int32_t program, const std::string& category,
                         const std::string& name, uint64_t cookie);
int32_t AttachRawTracepoint(Environment& environment, int32_t program, const std::string& name);
int32_t AttachKprobe(Environment& environment, int32_t program, const std::string& symbol, uint64_t offset,
                     bool retprobe, uint64_t cookie);
int32_t AttachUprobe(Environment& environment, int32_t program, const UprobeTarget& target);
int32_t AttachUsdt(Environment& environment, int32_t program, int32_t pid, const std::string& path,
                   const std::string& provider, const std::string& name, uint64_t cookie);
int32_t AttachPerfEvent(Environment& environment, int32_t program, const PerfEventTarget& target);
int32_t AttachTarget(Environment& environment, int32_t program, int32_t target, uint32_t type);
int32_t AttachFreplace(Environment& environment, int32_t program, int32_t target, const std::string& function);
int32_t AttachMap(Environment& environment, int32_t program, int32_t map, uint32_t type);
int32_t PerfCounterOpen(Environment& environment, int32_t map, uint32_t index, const PerfEventTarget& target);
int LinkClose(Environment& environment, int32_t link);

}  // namespace bpfts

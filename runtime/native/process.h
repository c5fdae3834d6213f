#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "environment.h"
#include "handles.h"
#include "values.h"

namespace bpfts {

/// A child that waits before its exec until it is released. Killed and reaped when it goes.
class Process final : public Resource {
 public:
  static constexpr Kind kKind = Kind::kProcess;
  Process(Poller& poller, pid_t pid, int pid_fd, int gate_fd);
  ~Process() override;

  pid_t pid() const { return pid_; }
  int Release();
  /// Reaps it when it has ended.
  ProcessState ReadState();

 private:
  void Reap(int options);

  Poller& poller_;
  const pid_t pid_;
  const int pid_fd_;
  const int gate_fd_;
  bool released_ = false;
  ProcessState state_;
};

int32_t ProcessSpawn(Environment& environment, const std::vector<std::string>& argv, const std::vector<std::string>& variables,
                     const std::string& cgroup, const std::string& net);
int ProcessPid(Environment& environment, int32_t process);
int ProcessRelease(Environment& environment, int32_t process);
Result<ProcessState> GetProcessState(Environment& environment, int32_t process);
int ProcessReap(Environment& environment, int32_t process);
int ProcessClose(Environment& environment, int32_t process);
int32_t PidfdOpen(Environment& environment, int32_t pid);
int PidfdSignal(Environment& environment, int32_t pidfd, int32_t signal);
int32_t PidfdCopy(Environment& environment, int32_t pid, int32_t number);

}  // namespace bpfts

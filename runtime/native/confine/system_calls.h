#pragma once

namespace confine {

/// Takes away the system calls that reach beyond this process: sockets, signals, other processes, namespaces, mounts,
/// BPF, keys. A program may have threads; other processes only when it `starts_processes`. Answers 0 or a negative
/// errno. Source: seccomp(2).
int EnterFilter(bool starts_processes);

}  // namespace confine

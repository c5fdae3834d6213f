#pragma once

#include <sys/types.h>

namespace bpfts {

/// The process that the user's command is: what it started is told from what this process started by it.
void NoteCommand(pid_t command);

/// Kills the command, what it started, and the compilers of this process, by SIGKILL. What lies in a session of its own goes on: a daemon that the
/// command left behind, and this process's own helpers. Returns when they have ended, or after half a second.
void KillChildren();

}  // namespace bpfts

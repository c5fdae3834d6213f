#pragma once

#include "request.h"

namespace confine {

/// What keeps a program in, as far as this machine has it.
struct Walls {
  /// Landlock's version, 0 when there is none.
  int landlock = 0;
  /// The user of the program, 0 when it stays root's or is the caller's own.
  unsigned user = 0;
  bool filter = false;
};

/// The status of a program that could not be started.
constexpr int kNotStarted = 125;

/// Gives up all that the program must not have and becomes the program. Returns only when that fails; the reason is on
/// stderr.
void BecomeProgram(const Request& request, pid_t parent);

/// Finds out what would keep a program in, by going through it in this process.
Walls ProbeWalls(const Request& request);

}  // namespace confine

#pragma once

#include <sys/types.h>

#include "request.h"

namespace confine {

/// Who the program will be.
struct Identity {
  /// The user that it gets; 0 keeps the one that it has.
  uid_t user = 0;
  /// Whether it needs CAP_DAC_READ_SEARCH to come to the files that it was given.
  bool reads_private = false;
};

/// Chooses another user for root's program and hands the folder of its output over. Without Landlock it gets no capability at all, and stays root's when no
/// other user could come to its files.
Identity ChooseIdentity(const Request& request, bool have_landlock);

/// Becomes the user and gives up every capability but the one that it needs, for good. Answers 0 or a negative errno.
int TakeIdentity(const Identity& identity);

}  // namespace confine

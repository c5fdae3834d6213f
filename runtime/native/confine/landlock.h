#pragma once

#include "request.h"

namespace confine {

/// The version of Landlock's interface, 0 where the kernel has none or has it switched off. Source: landlock(7). Since:
/// Linux 5.13.
int FindLandlockVersion();

/// Makes a set of rules: the request's files and folders, and those of the system that every program needs.
/// Answers a descriptor, or a negative errno.
int OpenRuleset(const Request& request, int version);

/// Puts this process under the rules for good. Answers 0 or a negative errno.
int EnterRuleset(int ruleset);

}  // namespace confine

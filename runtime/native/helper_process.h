#pragma once

#include <cstddef>

namespace bpfts {

/// What a child does first that has to outlive this process: it leaves the terminal, lets no signal end it, and closes all descriptors but those
/// that it is to keep, given from the lowest to the highest. Standard output is closed, too: whoever reads that is not to wait for the child.
/// The parent has other threads: after fork only what is safe in a signal handler may be called, and this is.
void BecomeHelper(const char* name, const int* kept, size_t count);

/// Waits until the other end of a pipe or a socket is closed: the parent has closed it, or has ended however it did. Safe after fork.
void WaitForClose(int fd);

}  // namespace bpfts

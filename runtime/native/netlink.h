#pragma once

#include <sched.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "buffer.h"
#include "values.h"

namespace bpfts {

/// Runs a call in a network namespace, -1 for this thread's own. A thread that cannot come back would go on in the wrong
/// one, so the process ends then.
template <typename Call>
int RunInNetns(int netns, Call call) {
  if (netns < 0) return call();
  const int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (own < 0) return -errno;
  if (setns(netns, CLONE_NEWNET) < 0) {
    const int error = errno;
    close(own);
    return -error;
  }
  const int status = call();
  if (setns(own, CLONE_NEWNET) < 0) abort();
  close(own);
  return status;
}

/// Asks for everything of a kind and appends the messages that come. Answers 0 or a negative errno.
int DumpNetlink(int netns, uint32_t type, Bytes request, Buffer& into);

}  // namespace bpfts

#include "helper_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace bpfts {

namespace {

void CloseRange(unsigned first, unsigned last) {
  if (first <= last) syscall(SYS_close_range, first, last, 0U);
}

}  // namespace

void BecomeHelper(const char* name, const int* kept, size_t count) {
  setsid();
  prctl(PR_SET_NAME, name);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  unsigned next = 0;
  for (size_t index = 0; index < count; index++) {
    const auto fd = static_cast<unsigned>(kept[index]);
    if (fd > next) CloseRange(next, fd - 1);
    next = fd + 1;
  }
  CloseRange(next, UINT_MAX);
}

void WaitForClose(int fd) {
  char byte = 0;
  while (read(fd, &byte, 1) < 0 && errno == EINTR) {
  }
}

}  // namespace bpfts

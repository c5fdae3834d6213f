#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "identity.h"
#include "landlock.h"
#include "system_calls.h"

namespace confine {

namespace {

constexpr int kFirstOther = 3;

/// Answers false with the reason on stderr.
bool Check(int result, const char* action) {
  if (result >= 0) return true;
  fprintf(stderr, "bpfts-confine: cannot %s: %s\n", action, strerror(-result));
  return false;
}

/// Source: close_range(2), since Linux 5.9.
void CloseOthers() {
  if (syscall(SYS_close_range, kFirstOther, ~0u, 0) == 0) return;
  struct rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t end = limit.rlim_cur > 65536 ? 65536 : limit.rlim_cur;
  for (rlim_t fd = kFirstOther; fd < end; fd++) close(static_cast<int>(fd));
}

/// A limit that is lower already stays.
int Limit(int resource, uint64_t value) {
  struct rlimit limit = {};
  if (getrlimit(resource, &limit) < 0) return -errno;
  if (limit.rlim_max > value) limit.rlim_max = value;
  if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
  return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

/// Everything that must be known or opened with the rights that the caller has, and then the giving up. Answers false
/// with the reason on stderr.
bool GiveUp(const Request& request, Walls& walls) {
  const int version = FindLandlockVersion();
  int ruleset = version > 0 ? OpenRuleset(request, version) : -1;
  if (version > 0 && !Check(ruleset, "make Landlock's rules")) return false;
  const Identity identity = ChooseIdentity(request, version > 0);
  if (!Check(TakeIdentity(identity), "give up root")) return false;
  if (!Check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0, "set no_new_privs")) return false;
  if (version > 0) {
    if (!Check(EnterRuleset(ruleset), "enter Landlock's rules")) return false;
    close(ruleset);
  }
  // A kernel without seccomp still has the other walls.
  walls = {.landlock = version, .user = identity.user, .filter = EnterFilter(request.starts_processes) == 0};
  return true;
}

}  // namespace

void BecomeProgram(const Request& request, pid_t parent) {
  setpgid(0, 0);
  CloseOthers();
  if (!Check(chdir(request.folder) < 0 ? -errno : 0, "enter the folder of the program")) return;
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_CPU, request.cpu_seconds);
  Limit(RLIMIT_AS, request.memory_bytes);
  Limit(RLIMIT_FSIZE, request.file_bytes);
  Walls walls;
  if (!GiveUp(request, walls)) return;
  // A change of the user takes this back, so it comes late; a parent that is gone by then will send nothing.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) return;
  execve(request.argv[0], request.argv.data(), request.environment.data());
  fprintf(stderr, "bpfts-confine: cannot run \"%s\": %s\n", request.argv[0], strerror(errno));
}

Walls ProbeWalls(const Request& request) {
  Walls walls;
  GiveUp(request, walls);
  return walls;
}

}  // namespace confine

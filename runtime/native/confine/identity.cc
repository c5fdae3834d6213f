#include "identity.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace confine {

namespace {

/// Nobody's number: distributions give it to no user, and systemd to no service. A container may have fewer users, and
/// then `nobody` at least.
constexpr uid_t kUsers[] = {65533, 65534};
constexpr int kReadsPrivate = CAP_DAC_READ_SEARCH;
constexpr int kCapabilities = 64;

/// Whether a file is there and closed to the effective user.
bool IsClosed(const char* path, int wanted) {
  if (faccessat(AT_FDCWD, path, wanted, AT_EACCESS) == 0) return false;
  return errno == EACCES;
}

/// Whether some of what the request names can be read by root alone, as far as can be seen without reading all of it.
bool HavePrivate(const Request& request, uid_t user) {
  if (seteuid(user) < 0) return false;
  bool found = request.argv[0] != nullptr && IsClosed(request.argv[0], X_OK);
  for (const char* path : request.writable) found = found || IsClosed(path, W_OK | X_OK);
  for (const char* path : request.runnable) found = found || IsClosed(path, R_OK);
  for (const char* path : request.readable) {
    struct stat stat = {};
    // A folder that cannot be searched hides the rest.
    const bool is_folder = ::stat(path, &stat) == 0 && S_ISDIR(stat.st_mode);
    found = found || IsClosed(path, is_folder ? R_OK | X_OK : R_OK);
  }
  [[maybe_unused]] const int back = seteuid(0);
  return found;
}

/// Whether this machine, or this container, has the user.
bool HaveUser(uid_t user) {
  if (seteuid(user) < 0) return false;
  return seteuid(0) == 0;
}

int SetCapabilities(uint64_t wanted) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct data[2] = {};
  for (int half = 0; half < 2; half++) {
    const auto bits = static_cast<uint32_t>(wanted >> (32 * half));
    data[half] = {.effective = bits, .permitted = bits, .inheritable = bits};
  }
  return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

bool GiveFolders(const Request& request, uid_t user) {
  bool all_given = true;
  for (const char* folder : request.writable) all_given = lchown(folder, user, user) == 0 && all_given;
  return all_given;
}

/// Root without capabilities, which may not write into what another user has.
Identity StayRoot(const Request& request) {
  [[maybe_unused]] const bool are_back = GiveFolders(request, 0);
  return {};
}

}  // namespace

Identity ChooseIdentity(const Request& request, bool have_landlock) {
  Identity identity;
  if (geteuid() != 0) return identity;
  for (const uid_t user : kUsers) {
    if (identity.user == 0 && HaveUser(user)) identity.user = user;
  }
  if (identity.user == 0) return identity;
  if (!GiveFolders(request, identity.user)) return StayRoot(request);
  identity.reads_private = request.reads_private || HavePrivate(request, identity.user);
  if (have_landlock || !identity.reads_private) return identity;
  // Without Landlock that capability would open every file.
  return StayRoot(request);
}

int TakeIdentity(const Identity& identity) {
  const uint64_t kept = identity.reads_private ? 1ull << kReadsPrivate : 0;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; capability < kCapabilities; capability++) {
    if (((kept >> capability) & 1) == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  if (identity.user != 0) {
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return -errno;
    if (setgroups(0, nullptr) < 0 || setresgid(identity.user, identity.user, identity.user) < 0) return -errno;
    if (setresuid(identity.user, identity.user, identity.user) < 0) return -errno;
  }
  const int set = SetCapabilities(kept);
  if (set < 0) return set;
  // It alone survives the start of a program whose user is not root.
  if (kept != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kReadsPrivate, 0, 0) < 0) return -errno;
  return 0;
}

}  // namespace confine

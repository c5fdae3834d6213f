#include "landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace confine {

namespace {

// Source: include/uapi/linux/landlock.h. The installed header may be older than the kernel.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
constexpr unsigned kAskVersion = 1;
constexpr int kRulePathBeneath = 1;
constexpr uint64_t kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2, kReadFolder = 1 << 3,
                   kRemoveFile = 1 << 5, kMakeFile = 1 << 8, kTruncate = 1 << 14;
/// Everything that each version can refuse in the file system.
constexpr uint64_t kFileSystem[] = {0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff};
/// TCP's bind and connect, since version 4; nothing is allowed.
constexpr uint64_t kNetwork = 3;
/// Abstract sockets of others and signals to others, since version 6.
constexpr uint64_t kScopes = 3;

struct RulesetAttributes {
  uint64_t handled_file_system;
  uint64_t handled_network;
  uint64_t scoped;
};

struct __attribute__((packed)) PathRule {
  uint64_t allowed;
  int32_t parent_fd;
};

/// What programs are made of: anybody may read these folders, on every distribution.
constexpr const char* kSystem[] = {
    "/bin",           "/lib",       "/lib32",     "/lib64",           "/usr/bin",       "/usr/include",
    "/usr/lib",       "/usr/lib32", "/usr/lib64", "/usr/libexec",     "/usr/local/bin", "/usr/local/include",
    "/usr/local/lib", "/nix/store", "/gnu/store", "/etc/ld.so.cache", "/etc/clang",
};

int AddPath(int ruleset, const char* path, uint64_t allowed) {
  const int fd = open(path, O_PATH | O_CLOEXEC);
  // What is not there cannot be read.
  if (fd < 0) return 0;
  struct stat stat = {};
  if (fstat(fd, &stat) == 0 && !S_ISDIR(stat.st_mode)) allowed &= kExecute | kWriteFile | kReadFile | kTruncate;
  const PathRule rule = {.allowed = allowed, .parent_fd = fd};
  const long added = syscall(kAddRule, ruleset, kRulePathBeneath, &rule, 0);
  const int error = errno;
  close(fd);
  return added < 0 ? -error : 0;
}

}  // namespace

int FindLandlockVersion() {
  const long version = syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  return version < 0 ? 0 : static_cast<int>(version);
}

int OpenRuleset(const Request& request, int version) {
  const int last = static_cast<int>(sizeof kFileSystem / sizeof kFileSystem[0]) - 1;
  const RulesetAttributes attributes = {
      .handled_file_system = kFileSystem[version > last ? last : version],
      .handled_network = version >= 4 ? kNetwork : 0,
      .scoped = version >= 6 ? kScopes : 0,
  };
  // A kernel takes a structure that is longer than its own as long as the rest is zero.
  const int ruleset = static_cast<int>(syscall(kCreateRuleset, &attributes, sizeof attributes, 0));
  if (ruleset < 0) return -errno;
  const uint64_t all = attributes.handled_file_system;
  const uint64_t reads = kReadFile | kReadFolder;
  int failure = AddPath(ruleset, "/dev/null", (kReadFile | kWriteFile | kTruncate) & all);
  const auto add = [&](const auto& paths, uint64_t allowed) {
    for (const char* path : paths)
      if (failure == 0) failure = AddPath(ruleset, path, allowed & all);
  };
  add(kSystem, reads | kExecute);
  add(request.runnable, reads | kExecute);
  add(request.readable, reads);
  add(request.writable, reads | kWriteFile | kTruncate | kMakeFile | kRemoveFile);
  if (failure == 0) return ruleset;
  close(ruleset);
  return failure;
}

int EnterRuleset(int ruleset) { return syscall(kRestrictSelf, ruleset, 0) < 0 ? -errno : 0; }

}  // namespace confine

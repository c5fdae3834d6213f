#include "system_calls.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <vector>

namespace confine {

namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
/// Calls of the x32 interface have this bit, and numbers of their own.
constexpr uint32_t kForeignCalls = 0x40000000;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
constexpr uint32_t kForeignCalls = 0x80000000;
#else
#error "bpfts knows no numbers of system calls for this architecture"
#endif

/// Source: SECCOMP_FILTER_FLAG_SPEC_ALLOW, since Linux 4.17. Without it older kernels switch a speculation off that
/// costs a compiler a tenth of its time.
constexpr unsigned kKeepSpeculation = 1 << 2;

/// Numbers that every architecture shares, of calls that the installed headers may not have.
constexpr int kPidfdSendSignal = 424, kIoUringSetup = 425, kOpenTree = 428, kMoveMount = 429, kFsOpen = 430,
              kPidfdOpen = 434, kClone3 = 435, kPidfdGetfd = 438, kProcessMadvise = 440, kMountSetattr = 442,
              kProcessMrelease = 448, kFchmodat2 = 452;

constexpr int kDenied[] = {
    // Other machines and other processes' sockets.
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept4,
    // Other processes.
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    kPidfdSendSignal,
    kPidfdOpen,
    kPidfdGetfd,
    kProcessMadvise,
    kProcessMrelease,
    SYS_setpgid,
    SYS_setsid,
    // Files that Landlock does not look at: what they are called and who may use them.
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_truncate,
    SYS_fchmodat,
    kFchmodat2,
    SYS_fchmod,
    SYS_fchownat,
    SYS_fchown,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_utimensat,
    SYS_linkat,
    SYS_symlinkat,
    SYS_mknodat,
    // Namespaces and mounts.
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    kOpenTree,
    kMoveMount,
    kFsOpen,
    kMountSetattr,
    // The kernel.
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_personality,
    SYS_syslog,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_fanotify_init,
    SYS_seccomp,
    // Calls that would be carried out by the kernel's own threads, past this filter.
    kIoUringSetup,
    SYS_io_setup,
#if defined(__x86_64__)
    SYS_accept,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
    SYS_link,
    SYS_symlink,
    SYS_mknod,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
};

constexpr uint32_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

constexpr uint32_t Fail(int error) { return SECCOMP_RET_ERRNO | static_cast<uint32_t>(error); }

constexpr uint32_t kNumber = offsetof(struct seccomp_data, nr);
/// The low half of the first argument: both architectures store it first.
constexpr uint32_t kFirstArgument = offsetof(struct seccomp_data, args);

class Filter {
 public:
  void Load(uint32_t offset) { Add(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0); }
  void Return(uint32_t action) { Add(BPF_RET | BPF_K, action, 0, 0); }
  void ReturnIfEqual(uint32_t value, uint32_t action) {
    Add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    Return(action);
  }
  void ReturnUnlessEqual(uint32_t value, uint32_t action) {
    Add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    Return(action);
  }
  void ReturnIfSet(uint32_t bits, uint32_t action) {
    Add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    Return(action);
  }
  void ReturnUnlessSet(uint32_t bits, uint32_t action) {
    Add(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
    Return(action);
  }
  /// The next `count` instructions are for this call alone.
  void SkipUnlessCall(int number, uint8_t count) {
    Add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, count);
  }

  int Install() {
    struct sock_fprog program = {.len = static_cast<unsigned short>(steps_.size()), .filter = steps_.data()};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kKeepSpeculation, &program) == 0) return 0;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
  }

 private:
  void Add(int code, uint32_t value, uint8_t yes, uint8_t no) {
    steps_.push_back({static_cast<uint16_t>(code), yes, no, value});
  }

  std::vector<struct sock_filter> steps_;
};

}  // namespace

int EnterFilter(bool starts_processes) {
  Filter filter;
  filter.Load(offsetof(struct seccomp_data, arch));
  filter.ReturnUnlessEqual(kArchitecture, Fail(EPERM));
  filter.Load(kNumber);
  filter.ReturnIfSet(kForeignCalls, Fail(EPERM));
  for (const int number : kDenied) filter.ReturnIfEqual(static_cast<uint32_t>(number), Fail(EPERM));
  // Its flags lie in memory, where a filter cannot look; the C library goes on with clone.
  filter.ReturnIfEqual(kClone3, Fail(ENOSYS));
#if defined(__x86_64__)
  if (!starts_processes) {
    filter.ReturnIfEqual(SYS_fork, Fail(EPERM));
    filter.ReturnIfEqual(SYS_vfork, Fail(EPERM));
  }
#endif
  filter.SkipUnlessCall(SYS_clone, 4);
  filter.Load(kFirstArgument);
  if (starts_processes)
    filter.ReturnIfSet(kNamespaces, Fail(EPERM));
  else
    filter.ReturnUnlessSet(CLONE_THREAD, Fail(EPERM));
  filter.Return(SECCOMP_RET_ALLOW);
  // Signals go to this process alone: the Go runtime wakes its threads with them.
  for (const int number : {SYS_kill, SYS_tgkill}) {
    filter.SkipUnlessCall(number, 4);
    filter.Load(kFirstArgument);
    filter.ReturnUnlessEqual(static_cast<uint32_t>(getpid()), Fail(EPERM));
    filter.Return(SECCOMP_RET_ALLOW);
  }
  filter.Return(SECCOMP_RET_ALLOW);
  return filter.Install();
}

}  // namespace confine

#include "process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "descriptor.h"
#include "end_children.h"

namespace bpfts {

namespace {

constexpr int kGate = 3;

/// Source: close_range(2), since Linux 5.9. Links, rings and maps must not live on in a child that is only held.
void CloseFrom(unsigned first) {
  if (syscall(SYS_close_range, first, ~0u, 0) == 0) return;
  struct rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t end = limit.rlim_cur > 65536 ? 65536 : limit.rlim_cur;
  for (rlim_t fd = first; fd < end; fd++) close(static_cast<int>(fd));
}

/// Where a child runs: files that it enters by, closed with this object. -1 where it stays in the parent's.
class Place {
 public:
  Place() = default;
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (cgroup_ >= 0) close(cgroup_);
    if (net_ >= 0) close(net_);
  }

  int Open(const std::string& cgroup, const std::string& net) {
    if (!cgroup.empty()) cgroup_ = open((cgroup + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
    if (!cgroup.empty() && cgroup_ < 0) return -errno;
    if (!net.empty()) net_ = open(net.c_str(), O_RDONLY | O_CLOEXEC);
    return !net.empty() && net_ < 0 ? -errno : 0;
  }

  bool is_given() const { return cgroup_ >= 0 || net_ >= 0; }

  /// Called by the child. Answers an errno.
  int Enter() const {
    if (cgroup_ >= 0 && write(cgroup_, "0", 1) < 0) return errno;
    return net_ >= 0 && setns(net_, CLONE_NEWNET) < 0 ? errno : 0;
  }

 private:
  int cgroup_ = -1;
  int net_ = -1;
};

/// The child's life up to its exec. Node has other threads: only what is safe in a
/// signal handler may be called here.
[[noreturn]] void RunChild(char* const* argv, char* const* environment, int gate, pid_t parent, const Place& place) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  struct sigaction usual = {};
  usual.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; number++) sigaction(number, &usual, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // Node marks the standard streams close-on-exec at its start.
  for (int stream = 0; stream <= 2; stream++) fcntl(stream, F_SETFD, 0);
  if (place.is_given()) {
    const int error = place.Enter();
    if (write(gate, &error, sizeof error) != sizeof error || error != 0) _exit(127);
  }
  if (gate != kGate) dup2(gate, kGate);
  fcntl(kGate, F_SETFD, FD_CLOEXEC);
  CloseFrom(kGate + 1);
  char go = 0;
  ssize_t got = 0;
  do got = read(kGate, &go, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) _exit(127);
  execvpe(argv[0], argv, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = write(kGate, &error, sizeof error);
  _exit(127);
}

/// The environment with some of its variables set anew.
std::vector<char*> ListEnvironment(const std::vector<std::string>& changes) {
  std::vector<char*> list;
  const auto is_changed = [&](const char* variable) {
    return std::any_of(changes.begin(), changes.end(), [&](const std::string& change) {
      return strncmp(variable, change.c_str(), change.find('=') + 1) == 0;
    });
  };
  for (char** variable = environ; *variable != nullptr; variable++) {
    if (!is_changed(*variable)) list.push_back(*variable);
  }
  for (const std::string& change : changes) list.push_back(const_cast<char*>(change.c_str()));
  list.push_back(nullptr);
  return list;
}

}  // namespace

Process::Process(Poller& poller, pid_t pid, int pid_fd, int gate_fd)
    : Resource(kKind), poller_(poller), pid_(pid), pid_fd_(pid_fd), gate_fd_(gate_fd) {
  poller_.WatchControl(pid_fd_);
}

Process::~Process() {
  if (!state_.exited) {
    kill(pid_, SIGKILL);
    Reap(0);
  }
  if (gate_fd_ >= 0) close(gate_fd_);
  close(pid_fd_);
}

int Process::Release() {
  const char go = 1;
  if (released_) return 0;
  released_ = true;
  return send(gate_fd_, &go, 1, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void Process::Reap(int options) {
  int status = 0;
  pid_t reaped = 0;
  do reaped = waitpid(pid_, &status, options);
  while (reaped < 0 && errno == EINTR);
  if (reaped == 0) return;
  // Somebody else's wait took it: there is nothing left to know.
  if (reaped < 0) status = 0;
  state_.exited = true;
  state_.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  state_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (recv(gate_fd_, &state_.refused, sizeof state_.refused, MSG_DONTWAIT) != sizeof state_.refused) state_.refused = 0;
  // An ended child stays readable for ever and would end every wait.
  poller_.UnwatchControl(pid_fd_);
}

ProcessState Process::ReadState() {
  if (!state_.exited) Reap(WNOHANG);
  return state_;
}

int32_t ProcessSpawn(Environment& environment, const std::vector<std::string>& argv, const std::vector<std::string>& variables,
                     const std::string& cgroup, const std::string& net) {
  if (argv.empty() || argv[0].empty()) return -EINVAL;
  for (const std::string& variable : variables) {
    if (variable.find('=') == std::string::npos) return -EINVAL;
  }
  Place place;
  if (const int status = place.Open(cgroup, net); status < 0) return status;
  // What its children leave behind when they end comes to this process, which can find and end it.
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) return -errno;
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const std::vector<char*> child_environment = ListEnvironment(variables);
  // One end lets the child go, the other one says why it could not be run.
  int gate[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate) < 0) return -errno;
  // Nothing may be delivered between the fork and the moment the child has its own handlers.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) RunChild(arguments.data(), child_environment.data(), gate[0], parent, place);
  const int error = pid < 0 ? errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(gate[0]);
  if (pid < 0) {
    close(gate[1]);
    return -error;
  }
  int entered = 0;
  if (place.is_given() && recv(gate[1], &entered, sizeof entered, MSG_WAITALL) != sizeof entered) entered = ECHILD;
  if (entered != 0) {
    close(gate[1]);
    waitpid(pid, nullptr, 0);
    return -entered;
  }
  NoteCommand(pid);
  const int pid_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pid_fd < 0) {
    const int status = -errno;
    close(gate[1]);
    waitpid(pid, nullptr, 0);
    return status;
  }
  return environment.handles.Add(std::make_unique<Process>(environment.poller, pid, pid_fd, gate[1]));
}

int ProcessPid(Environment& environment, int32_t handle) {
  const Process* process = environment.handles.Find<Process>(handle);
  return process == nullptr ? -EBADF : process->pid();
}

int ProcessRelease(Environment& environment, int32_t handle) {
  Process* process = environment.handles.Find<Process>(handle);
  return process == nullptr ? -EBADF : process->Release();
}

Result<ProcessState> GetProcessState(Environment& environment, int32_t handle) {
  Process* process = environment.handles.Find<Process>(handle);
  if (process == nullptr) return -EBADF;
  return process->ReadState();
}

/// Node waits for its children by their pids, and has none while a call of the addon's runs.
int ProcessReap(Environment& environment, int32_t handle) {
  Process* process = environment.handles.Find<Process>(handle);
  if (process == nullptr) return -EBADF;
  for (;;) {
    process->ReadState();
    siginfo_t child = {};
    if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) < 0) {
      if (errno == ECHILD) return 0;
      if (errno != EINTR) return -errno;
    } else if (child.si_pid == 0) {
      return 1;
    } else if (child.si_pid != process->pid()) {
      waitpid(child.si_pid, nullptr, WNOHANG);
    }
  }
}

int ProcessClose(Environment& environment, int32_t process) {
  return environment.handles.Close(process, Kind::kProcess);
}

namespace {

int OpenPidfd(int32_t pid) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd >= 0 || (errno != EINVAL && errno != ENOENT)) return fd;
  // A thread that leads no process. Source: PIDFD_THREAD of linux/pidfd.h, since Linux 6.9.
  return static_cast<int>(syscall(SYS_pidfd_open, pid, O_EXCL));
}

}  // namespace

int32_t PidfdOpen(Environment& environment, int32_t pid) { return AddDescriptor(environment, OpenPidfd(pid)); }

int PidfdSignal(Environment& environment, int32_t handle, int32_t signal) {
  const int fd = FindDescriptor(environment, handle);
  if (fd < 0) return fd;
  return syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) < 0 ? -errno : 0;
}

int32_t PidfdCopy(Environment& environment, int32_t pid, int32_t number) {
  const int pid_fd = OpenPidfd(pid);
  if (pid_fd < 0) return -errno;
  const int copy = static_cast<int>(syscall(SYS_pidfd_getfd, pid_fd, number, 0));
  const int error = errno;
  close(pid_fd);
  errno = error;
  return AddDescriptor(environment, copy);
}

}  // namespace bpfts

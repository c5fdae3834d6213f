#include "end_children.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace bpfts {

namespace {

constexpr int kPasses = 50;
constexpr useconds_t kPauseUs = 10'000;

std::atomic<pid_t> command = 0;

struct Entry {
  pid_t pid;
  pid_t parent;
  pid_t session;
};

/// Source: proc_pid_stat(5)
bool ReadEntry(pid_t pid, Entry& entry) {
  char path[32];
  char text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE* file = fopen(path, "re");
  if (file == nullptr) return false;
  const size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = '\0';
  // A name may have brackets and spaces.
  const char* name_end = strrchr(text, ')');
  char state = 0;
  entry.pid = pid;
  if (name_end == nullptr) return false;
  return sscanf(name_end + 1, " %c %d %*d %d", &state, &entry.parent, &entry.session) == 3 && state != 'Z' && state != 'X';
}

std::vector<Entry> ListProcesses() {
  std::vector<Entry> all;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return all;
  while (const dirent* item = readdir(proc)) {
    Entry entry = {};
    const int pid = atoi(item->d_name);
    if (pid > 0 && ReadEntry(pid, entry)) all.push_back(entry);
  }
  closedir(proc);
  return all;
}

/// The same rule as session/wait/end-tree.ts: children by their session, and all that lies below them.
std::vector<pid_t> ListTargets() {
  const std::vector<Entry> all = ListProcesses();
  const pid_t self = getpid();
  const pid_t own_session = getsid(0);
  const pid_t begun = command.load();
  std::vector<pid_t> targets;
  for (const Entry& entry : all) {
    const bool is_ours = entry.session == own_session || (begun != 0 && (entry.pid == begun || entry.session == begun));
    if (entry.parent == self && is_ours) targets.push_back(entry.pid);
  }
  for (size_t i = 0; i < targets.size(); i++) {
    for (const Entry& entry : all) {
      if (entry.parent == targets[i] && std::find(targets.begin(), targets.end(), entry.pid) == targets.end()) targets.push_back(entry.pid);
    }
  }
  return targets;
}

}  // namespace

void NoteCommand(pid_t pid) { command = pid; }

void KillChildren() {
  // A process that was being started when its parent was killed is seen by the next look.
  for (int pass = 0; pass < kPasses; pass++) {
    const std::vector<pid_t> targets = ListTargets();
    if (targets.empty()) return;
    for (const pid_t pid : targets) kill(pid, SIGKILL);
    usleep(kPauseUs);
  }
}

}  // namespace bpfts

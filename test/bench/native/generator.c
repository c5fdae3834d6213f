// Emits events: makes a system call COUNT times once a byte (or the end) of standard input was read; COUNT 0 goes on until it is
// killed. With BURST and PAUSE_US it rests for PAUSE_US after every BURST calls. CALL is "getppid", "open" or "exec" of a file that does not exist, or
// "stacks": no system call, but time spent on 4,096 different stacks.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void call_getppid(void) { syscall(SYS_getppid); }
static void call_open(void) { open("/nonexistent", O_RDONLY); }

// A stack is a number of 12 digits, each of which is one of two functions.
static volatile int spun;
static void descend(unsigned digits, int left);
__attribute__((noinline)) static void go_zero(unsigned digits, int left) {
  descend(digits, left);
  spun++;
}
__attribute__((noinline)) static void go_one(unsigned digits, int left) {
  descend(digits, left);
  spun--;
}
__attribute__((noinline)) static void descend(unsigned digits, int left) {
  if (left == 0)
    for (int i = 0; i < 20000; i++) spun++;
  else if (digits & 1)
    go_one(digits >> 1, left - 1);
  else
    go_zero(digits >> 1, left - 1);
  spun++;
}
static void call_stacks(void) {
  static unsigned next;
  descend(next++ * 2654435761u >> 20, 12);
}

static void call_exec(void) {
  char *words[] = {"/nonexistent", "one", "two", NULL};
  char *environment[] = {NULL};
  execve(words[0], words, environment);
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 0;
  long burst = argc > 2 ? atol(argv[2]) : 0;
  long pause_us = argc > 3 ? atol(argv[3]) : 0;
  const char *name = argc > 4 ? argv[4] : "getppid";
  void (*call)(void) = strcmp(name, "open") == 0     ? call_open
                       : strcmp(name, "exec") == 0   ? call_exec
                       : strcmp(name, "stacks") == 0 ? call_stacks
                                                     : call_getppid;
  char go;
  if (read(0, &go, 1) < 0) return 1;
  for (long i = 1; count == 0 || i <= count; i++) {
    call();
    if (burst != 0 && i % burst == 0) usleep(pause_us);
  }
  return 0;
}

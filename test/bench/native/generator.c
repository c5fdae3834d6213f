// Emits events: makes a system call COUNT times once a byte (or the end) of standard input was read; COUNT 0 goes on until it is
// killed. With BURST and PAUSE_US it rests for PAUSE_US after every BURST calls. CALL is "getppid", or "open" or "exec" of a file that does not exist.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void call_getppid(void) { syscall(SYS_getppid); }
static void call_open(void) { open("/nonexistent", O_RDONLY); }
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
  void (*call)(void) = strcmp(name, "open") == 0 ? call_open : strcmp(name, "exec") == 0 ? call_exec : call_getppid;
  char go;
  if (read(0, &go, 1) < 0) return 1;
  for (long i = 1; count == 0 || i <= count; i++) {
    call();
    if (burst != 0 && i % burst == 0) usleep(pause_us);
  }
  return 0;
}

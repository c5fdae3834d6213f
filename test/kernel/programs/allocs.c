// Allocates in known ways, and keeps a part of it; with an argument, each time that SIGUSR1 comes.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *kept[64];
static int count;

__attribute__((noinline)) void leak_small(void) { kept[count++] = malloc(100); }
__attribute__((noinline)) void leak_large(void) { kept[count++] = calloc(10, 1000); }
__attribute__((noinline)) void leak_moved(void) { kept[count++] = realloc(malloc(50), 5000); }
__attribute__((noinline)) void leak_aligned(void) { posix_memalign(&kept[count++], 64, 640); }
__attribute__((noinline)) void keep_nothing(void) {
  void *volatile p = malloc(777);
  free(p);
  p = realloc(malloc(60), 0);
}

__attribute__((always_inline)) static inline void allocate(void) {
  for (volatile int i = 0; i < 5; i++) { leak_small(); keep_nothing(); }
  for (volatile int i = 0; i < 3; i++) leak_large();
  for (volatile int i = 0; i < 2; i++) leak_moved();
  leak_aligned();
}

int main(int words, char **unused) {
  sigset_t start;
  int signal;
  sigemptyset(&start);
  sigaddset(&start, SIGUSR1);
  sigprocmask(SIG_BLOCK, &start, NULL);
  for (int turn = 0; words > 1 && turn < 4; turn++) {
    sigwait(&start, &signal);
    allocate();
  }
  if (words == 1) allocate();
  sleep(60);
  return 0;
}

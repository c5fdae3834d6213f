// Allocates in known ways, and keeps a part of it.
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

int main(void) {
  for (volatile int i = 0; i < 5; i++) { leak_small(); keep_nothing(); }
  for (volatile int i = 0; i < 3; i++) leak_large();
  for (volatile int i = 0; i < 2; i++) leak_moved();
  leak_aligned();
  sleep(60);
  return 0;
}

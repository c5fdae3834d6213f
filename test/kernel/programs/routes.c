// Calls of known routes and times: routes NAPS. Each nap is called by way of one or the other, and a recursion three deep naps at its end.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

__attribute__((noinline)) int nap(int ms) {
  struct timespec t = {0, ms * 1000000};
  nanosleep(&t, NULL);
  __asm__ volatile("");
  return ms;
}
__attribute__((noinline)) int by_one(int ms) { int x = nap(ms); __asm__ volatile(""); return x + 1; }
__attribute__((noinline)) int by_two(int ms) { int x = nap(ms); __asm__ volatile(""); return x + 2; }
__attribute__((noinline)) int deeper(int levels) {
  int x = levels > 1 ? deeper(levels - 1) : nap(20);
  __asm__ volatile("");
  return x + 1;
}

int main(int argc, char **argv) {
  for (int i = 0; i < atoi(argv[1]); i++) by_one(5);
  for (int i = 0; i < 4; i++) by_two(5);
  deeper(3);
  return 0;
}

// Two phases whose stacks are known: computes for a CPU time, then sleeps: busy CPU_SECONDS NAPS. What a shell that became this program took before does not count.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

__attribute__((noinline)) unsigned long compute_deep(unsigned long n) {
  volatile unsigned long sum = 0;
  for (unsigned long i = 0; i < n; i++) sum += i;
  return sum;
}

__attribute__((noinline)) unsigned long compute_outer(double seconds) {
  unsigned long sum = 0;
  double end = cpu() + seconds;
  while (cpu() < end) sum += compute_deep(3000000);
  return sum;
}

__attribute__((noinline)) void nap_deep(void) {
  struct timespec t = {0, 20000000};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
  __asm__ volatile("");
}

__attribute__((noinline)) void nap_outer(int count) {
  for (int i = 0; i < count; i++) nap_deep();
  __asm__ volatile("");
}

int main(int argc, char **argv) {
  compute_outer(atof(argv[1]));
  double used = cpu();
  nap_outer(atoi(argv[2]));
  printf("cpu %d %.3f\n", getpid(), used);
  return 0;
}

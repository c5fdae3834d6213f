// What one-liners are tried on: touches so many new pages, or calls a function eight times.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

__attribute__((noinline)) int work(long n) {
  asm volatile("" : : "r"(n) : "memory");
  return n == 3 ? -5 : 7;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    for (long i = 0; i < 8; i++) work(i);
    return 0;
  }
  long pages = atoi(argv[1]);
  volatile char *area = mmap(0, 4096 * 2000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise((void *)area, 4096 * 2000, MADV_NOHUGEPAGE);
  for (long i = 0; i < pages; i++) area[i * 4096] = 1;
  return 0;
}

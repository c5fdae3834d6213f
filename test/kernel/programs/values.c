// What the values of one-liners are tried on: calls with negative numbers and with texts, and system calls that fail.
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

struct note {
  char tag[8];
  int number;
};

__attribute__((noinline)) int give(int n) {
  asm volatile("" : : "r"(n) : "memory");
  return n;
}

__attribute__((noinline)) void take(struct note *note) { asm volatile("" : : "r"(note) : "memory"); }

int main(int argc, char **argv) {
  if (argc > 1) {
    for (int i = 0; i < 10243; i++) give(i);
    return 0;
  }
  give(-1);
  give(2);
  struct note first = {"one", -7}, second = {"two", 7};
  take(&first);
  take(&second);
  kill(-999999, 0);
  lseek(-1, -5, SEEK_CUR);
  return 0;
}

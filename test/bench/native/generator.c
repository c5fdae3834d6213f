// Emits events: calls getppid COUNT times once a byte (or the end) of standard input was read; COUNT 0 goes on until it is
// killed. With BURST and PAUSE_US it rests for PAUSE_US after every BURST calls.
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 0;
  long burst = argc > 2 ? atol(argv[2]) : 0;
  long pause_us = argc > 3 ? atol(argv[3]) : 0;
  char go;
  if (read(0, &go, 1) < 0) return 1;
  for (long i = 1; count == 0 || i <= count; i++) {
    syscall(SYS_getppid);
    if (burst != 0 && i % burst == 0) usleep(pause_us);
  }
  return 0;
}

// The two ends of the networking benches:
//   net-load serve ADDRESS PORT              accepts connections and echoes messages of 64 bytes; says "ready"
//   net-load connect ADDRESS PORT COUNT      latency of connect(), one connection after another; each ends by a reset
//   net-load talk ADDRESS PORT COUNT         round trips of 64 bytes on one connection
//   net-load sink ADDRESS PORT               takes datagrams that nobody reads; says "ready"
//   net-load flood ADDRESS PORT COUNT RATE   datagrams, 64 at a time; RATE a second, 0 for as fast as it goes
// connect, talk and flood print a line of JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE = 64, BATCH = 64 };

static double now_us(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void stop(const char *what) {
  perror(what);
  exit(1);
}

static void report(double *taken, int count, double cpu_us) {
  qsort(taken, count, sizeof(*taken), compare);
  printf("{\"count\": %d, \"p10\": %.2f, \"p50\": %.2f, \"p99\": %.2f, \"cpu\": %.2f}\n", count, taken[count / 10],
         taken[count / 2], taken[count * 99 / 100], cpu_us / count);
}

static void *echo(void *argument) {
  int fd = (int)(long)argument, on = 1;
  char message[MESSAGE];
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  for (;;) {
    ssize_t got = recv(fd, message, sizeof(message), 0);
    if (got <= 0 || send(fd, message, got, MSG_NOSIGNAL) != got) break;
  }
  close(fd);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *mode = argv[1];
  struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3]))};
  if (inet_pton(AF_INET, argv[2], &place.sin_addr) != 1) return 2;
  int count = argc > 4 ? atoi(argv[4]) : 0, on = 1;
  double *taken = calloc(count + 1, sizeof(*taken));
  if (!strcmp(mode, "serve")) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (void *)&place, sizeof(place)) < 0 || listen(listener, 4096) < 0) stop("serve");
    puts("ready");
    fflush(stdout);
    for (;;) {
      int fd = accept(listener, NULL, NULL);
      if (fd < 0) continue;
      pthread_t thread;
      // A connection that was reset already has no thread of its own.
      char byte;
      if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno != EAGAIN) {
        close(fd);
        continue;
      }
      pthread_create(&thread, NULL, echo, (void *)(long)fd);
      pthread_detach(thread);
    }
  }
  if (!strcmp(mode, "sink")) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(fd, (void *)&place, sizeof(place)) < 0) stop("sink");
    puts("ready");
    fflush(stdout);
    for (;;) pause();
  }
  if (!strcmp(mode, "connect")) {
    double cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < count; i++) {
      int fd = socket(AF_INET, SOCK_STREAM, 0);
      struct linger linger = {.l_onoff = 1, .l_linger = 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
      double start = now_us(CLOCK_MONOTONIC);
      if (connect(fd, (void *)&place, sizeof(place)) < 0) stop("connect");
      taken[i] = now_us(CLOCK_MONOTONIC) - start;
      close(fd);
    }
    report(taken, count, now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu);
  }
  if (!strcmp(mode, "talk")) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char message[MESSAGE] = {0};
    if (connect(fd, (void *)&place, sizeof(place)) < 0) stop("talk");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    // What is handed past TCP begins when both ends are known.
    usleep(200000);
    double cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < count; i++) {
      double start = now_us(CLOCK_MONOTONIC);
      if (send(fd, message, MESSAGE, 0) != MESSAGE) stop("send");
      for (int got = 0; got < MESSAGE;) {
        ssize_t more = recv(fd, message, MESSAGE - got, 0);
        if (more <= 0) stop("recv");
        got += more;
      }
      taken[i] = now_us(CLOCK_MONOTONIC) - start;
    }
    report(taken, count, now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu);
  }
  if (!strcmp(mode, "flood")) {
    double rate = argc > 5 ? atof(argv[5]) : 0;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    char message[MESSAGE] = {0};
    struct iovec part = {message, sizeof(message)};
    struct mmsghdr batch[BATCH] = {0};
    for (int i = 0; i < BATCH; i++)
      batch[i].msg_hdr = (struct msghdr){.msg_name = &place, .msg_namelen = sizeof(place), .msg_iov = &part, .msg_iovlen = 1};
    double start = now_us(CLOCK_MONOTONIC), cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);
    int sent = 0;
    while (sent < count) {
      int left = count - sent < BATCH ? count - sent : BATCH;
      int done = sendmmsg(fd, batch, left, 0);
      if (done > 0) sent += done;
      else if (errno != ECONNREFUSED && errno != ENOBUFS) stop("flood");
      while (rate > 0 && now_us(CLOCK_MONOTONIC) - start < sent * 1e6 / rate) usleep(50);
    }
    double cpu_us = now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu, wall_us = now_us(CLOCK_MONOTONIC) - start;
    printf("{\"count\": %d, \"cpu_ns\": %.1f, \"rate\": %.0f}\n", sent, cpu_us * 1e3 / sent, sent * 1e6 / wall_us);
  }
  return 0;
}

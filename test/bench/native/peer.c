// The user side of the C peers on libbpf: peer OBJECT ring|perf|rows|map PID [ENTRIES]
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "event.h"

static volatile sig_atomic_t stopped;
static unsigned long long delivered, lost, sum;
static int prints;

static void stop(int number) { stopped = number; }

static int take(void *context, void *data, size_t size) {
  const struct event *e = data;
  if (prints) printf("%-6u %-16s %llu\n", e->pid, e->comm, e->ts);
  sum += e->ts + e->arg + e->pid + e->cpu + strnlen(e->comm, sizeof e->comm);
  delivered++;
  return 0;
}

static void take_perf(void *context, int cpu, void *data, __u32 size) { take(context, data, size); }

static void take_lost(void *context, int cpu, __u64 count) { lost += count; }

static double cpu_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void read_map(struct bpf_object *object, unsigned long long entries) {
  int fd = bpf_object__find_map_fd_by_name(object, "counts"), done = bpf_object__find_map_fd_by_name(object, "filled");
  __u32 zero = 0;
  for (__u64 count = 0; count < entries; usleep(20000)) bpf_map_lookup_elem(done, &zero, &count);
  enum { CHUNK = 1 << 16 };
  __u32 *keys = malloc(CHUNK * sizeof *keys), from, next;
  __u64 *values = malloc(CHUNK * sizeof *values);
  for (int run = 0; run < 5; run++) {
    unsigned long long total = 0, seen = 0;
    double start = cpu_ms();
    int error = 0;
    for (int first = 1; error != ENOENT; first = 0, from = next) {
      __u32 count = CHUNK;
      error = bpf_map_lookup_batch(fd, first ? NULL : &from, &next, keys, values, &count, NULL) < 0 ? errno : 0;
      if (error != 0 && error != ENOENT) exit(1);
      for (__u32 i = 0; i < count; i++) total += keys[i] + values[i];
      seen += count;
    }
    printf("entries %.2f %llu %llu\n", cpu_ms() - start, seen, total);
  }
}

int main(int argc, char **argv) {
  const char *kind = argv[2];
  int is_perf = strcmp(kind, "perf") == 0, is_map = strcmp(kind, "map") == 0;
  prints = strcmp(kind, "rows") == 0;
  struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
  const char *wanted = is_map ? "fill_map" : is_perf ? "send_perf" : "send_ring";
  struct bpf_program *program, *chosen = NULL;
  bpf_object__for_each_program(program, object) {
    int is_chosen = strcmp(bpf_program__name(program), wanted) == 0;
    bpf_program__set_autoload(program, is_chosen);
    if (is_chosen) chosen = program;
  }
  __u32 pid = atoi(argv[3]);
  struct bpf_map *constants = bpf_object__find_map_by_name(object, ".rodata");
  if (chosen == NULL || constants == NULL || bpf_map__set_initial_value(constants, &pid, sizeof pid) < 0) return 1;
  if (bpf_object__load(object) < 0 || bpf_program__attach(chosen) == NULL) return 1;
  signal(SIGINT, stop);
  if (!is_map) setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  puts("ready");
  fflush(stdout);
  if (is_map) {
    read_map(object, strtoull(argv[4], NULL, 10));
    return 0;
  }
  if (is_perf) {
    struct perf_buffer *buffer = perf_buffer__new(bpf_object__find_map_fd_by_name(object, "perf"), 1024, take_perf, take_lost, NULL, NULL);
    while (!stopped) perf_buffer__poll(buffer, -1);
  } else {
    struct ring_buffer *buffer = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "ring"), take, NULL, NULL);
    while (!stopped) ring_buffer__poll(buffer, -1);
  }
  printf("delivered=%llu lost=%llu sum=%llu\n", delivered, lost, sum);
  return 0;
}

// The kernel side of the C peers.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "event.h"

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1024 * 4096); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, __u32); __type(value, __u64); __uint(max_entries, 1 << 20); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, __u32); __type(value, __u64); __uint(max_entries, 1); } filled SEC(".maps");

const volatile __u32 wanted_pid = 0;

static __always_inline int is_wanted(void) { return bpf_get_current_pid_tgid() >> 32 == wanted_pid; }

static __always_inline void fill(struct event *e) {
  e->ts = bpf_ktime_get_ns();
  e->pid = bpf_get_current_pid_tgid() >> 32;
  e->cpu = bpf_get_smp_processor_id();
  e->arg = e->ts ^ 5;
  bpf_get_current_comm(e->comm, sizeof e->comm);
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int send_ring(void *context) {
  struct event e = {};
  if (!is_wanted()) return 0;
  fill(&e);
  bpf_ringbuf_output(&ring, &e, sizeof e, 0);
  return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int send_perf(void *context) {
  struct event e = {};
  if (!is_wanted()) return 0;
  fill(&e);
  bpf_perf_event_output(context, &perf, BPF_F_CURRENT_CPU, &e, sizeof e);
  return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int fill_map(void *context) {
  __u32 zero = 0;
  if (!is_wanted()) return 0;
  __u64 *count = bpf_map_lookup_elem(&filled, &zero);
  if (!count) return 0;
  __u32 key = *count;
  __u64 value = key * 3ull;
  bpf_map_update_elem(&counts, &key, &value, BPF_ANY);
  __sync_fetch_and_add(count, 1);
  return 0;
}

char license_name[] SEC("license") = "GPL";

// Functions that macros make, and what #if leaves out.
#define PROBE(n) int probe_##n(struct pt_regs *ctx)
#define ON(category, event) TRACEPOINT_PROBE(category, event)
#define ENTRY(n, ...) int entry_##n(struct pt_regs *ctx, __VA_ARGS__)
#define PAIR(n) \
  int n##_entry(struct pt_regs *ctx) { hits.atomic_increment(0); return 0; } \
  int n##_return(struct pt_regs *ctx) { hits.atomic_increment(1); return 0; }
#define NAME kprobe__vfs_read
#define AT(name) SEC(name)
#ifdef NEVER
#define MANY(n) int never_##n(struct pt_regs *ctx)
#define EITHER never
#else
#define MANY(n) int many_##n(struct pt_regs *ctx)
#define EITHER kretprobe__vfs_read
#endif
#ifdef NEVER
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(nosuch, event) { return args->field; }
#else
BPF_RINGBUF_OUTPUT(events, 8);
#endif
BPF_ARRAY(hits, u64, 2);
#if 0
BPF_NOSUCH(thing); hits.nosuch(); don't
#endif

PROBE(open) { return 0; }
ON(fixture, openat) { return args->dfd; }
ENTRY(two, struct task_struct *task, int number) { return task->pid + number; }
PAIR(file)
int NAME(struct pt_regs *ctx) { return 0; }
AT("xdp") int pass(struct xdp_md *ctx) { return XDP_PASS; }
MANY(one) {
  u64 value = 1;
#ifdef NEVER
  events.perf_submit(ctx, &value, sizeof(value));
#else
  events.ringbuf_output(&value, sizeof(value), 0);
#endif
  return 0;
}
MANY(two) { return 0; }
int EITHER(struct pt_regs *ctx) { return 0; }
int (plain)(struct xdp_md *ctx) { return XDP_DROP; }
#define MAKE(n) int on_##n(struct pt_regs *ctx) { return 0; }
#define FOR_EACH(X) X(alpha) X(beta)
FOR_EACH(MAKE)
int last(struct pt_regs *ctx) { return 0; }

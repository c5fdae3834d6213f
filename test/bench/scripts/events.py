# BCC's side of the bench: events.py ring|perf|rows PID
import sys
from bcc import BPF

kind, pid = sys.argv[1], int(sys.argv[2])
text = """
struct event { u64 ts; u32 pid; u32 cpu; u32 arg; char comm[16]; };
#ifdef PERF
BPF_PERF_OUTPUT(events);
#else
BPF_RINGBUF_OUTPUT(events, 1024);
#endif
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (pid != ONLY_PID)
        return 0;
    struct event e = {};
    e.ts = bpf_ktime_get_ns();
    e.pid = pid;
    e.cpu = bpf_get_smp_processor_id();
    e.arg = e.ts ^ 5;
    bpf_get_current_comm(&e.comm, sizeof(e.comm));
#ifdef PERF
    events.perf_submit(args, &e, sizeof(e));
#else
    events.ringbuf_output(&e, sizeof(e), 0);
#endif
    return 0;
}
"""
b = BPF(text=text, cflags=["-DONLY_PID=%d" % pid] + (["-DPERF"] if kind == "perf" else []))
events = b["events"]
delivered = total = lost = 0


def take(context, data, size):
    global delivered, total
    e = events.event(data)
    delivered += 1
    total += e.ts + e.arg + e.pid + e.cpu + len(e.comm)


def take_row(context, data, size):
    e = events.event(data)
    print("%-6d %-16s %d" % (e.pid, e.comm.decode("utf-8", "replace"), e.ts))


def take_lost(count):
    global lost
    lost += count


print("ready", flush=True)
if kind == "perf":
    events.open_perf_buffer(take, page_cnt=1024, lost_cb=take_lost)
else:
    events.open_ring_buffer(take_row if kind == "rows" else take)
try:
    while True:
        b.perf_buffer_poll(100) if kind == "perf" else b.ring_buffer_poll(100)
except KeyboardInterrupt:
    pass
print("delivered=%d lost=%d sum=%d" % (delivered, lost, total))

# Prints one line for the first getppid of a process and ends: startup.py PID
import sys
from bcc import BPF

b = BPF(text="""
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (pid == ONLY_PID)
        events.perf_submit(args, &pid, sizeof(pid));
    return 0;
}
""", cflags=["-DONLY_PID=" + sys.argv[1]])
seen = False


def take(cpu, data, size):
    global seen
    if not seen:
        print("hit", flush=True)
    seen = True


b["events"].open_perf_buffer(take)
while not seen:
    b.perf_buffer_poll()

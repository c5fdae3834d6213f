# BCC's side of the bench: maps.py PID ENTRIES
import sys
import time
from bcc import BPF

b = BPF(text="""
BPF_HASH(counts, u32, u64, 1 << 20);
BPF_ARRAY(filled, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
    u32 zero = 0;
    if (bpf_get_current_pid_tgid() >> 32 != ONLY_PID)
        return 0;
    u64 *count = filled.lookup(&zero);
    if (!count)
        return 0;
    u32 key = *count;
    u64 value = key * 3ull;
    counts.update(&key, &value);
    __sync_fetch_and_add(count, 1);
    return 0;
}
""", cflags=["-DONLY_PID=" + sys.argv[1]])
print("ready", flush=True)
while b["filled"][0].value < int(sys.argv[2]):
    time.sleep(0.02)
for _ in range(3):
    start = time.process_time()
    seen = total = 0
    for key, value in b["counts"].items_lookup_batch():
        seen += 1
        total += key + value
    print("entries %.2f %d %d" % ((time.process_time() - start) * 1e3, seen, total), flush=True)

// Counts openat calls by process in the kernel; shows the table every second and, sorted, at the end.
//
//   bpfts run scripts/counts.ts
//   bpfts run -c 'ls -R /usr/share' scripts/counts.ts
import { BPF, Interrupt, command, printf, sleep } from "bpfts";

const b = new BPF({
  text: /* c */ `
BPF_HASH(counts, u32, u64);

TRACEPOINT_PROBE(syscalls, sys_enter_openat) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (ONLY_PID && pid != ONLY_PID)
        return 0;
    counts.increment(pid);
    return 0;
}
`,
  cflags: [`-DONLY_PID=${command?.pid ?? 0}`],
});
const { counts } = b.tables;

function show(): void {
  printf("%-8s %s\n", "PID", "OPENS");
  for (const [pid, count] of counts.top()) printf("%-8d %d\n", pid, count);
}

try {
  for (;;) {
    sleep(1);
    show();
  }
} catch (error) {
  if (!(error instanceof Interrupt)) throw error;
  printf("\nTotal:\n");
  show();
}

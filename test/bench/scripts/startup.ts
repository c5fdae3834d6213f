// Prints one line for the first getppid of a process and ends: startup.ts PID
import { BPF, argv, exit, print } from "bpfts";

const b = new BPF({
  text: `
BPF_PERF_OUTPUT(events);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (pid == ONLY_PID)
        events.perf_submit(args, &pid, sizeof(pid));
    return 0;
}
`,
  cflags: [`-DONLY_PID=${argv[0]}`],
});
b.get_table("events").open_perf_buffer(() => {
  print("hit");
  exit(0);
});
for (;;) b.perf_buffer_poll();

// The second lesson: a plain C function, attached by hand, and the trace line in its parts.
//
//   bpfts run scripts/hello_fields.ts
//
// It needs a kernel with kprobes: bpfts vm run --kernel 6.1 scripts/hello_fields.ts
import { BPF, command, printf } from "bpfts";

const b = new BPF({
  text: /* c */ `
int hello_world(void *ctx) {
    bpf_trace_printk("Hello, World!\n");
    return 0;
}
`,
});
b.attach_kprobe({ event: b.get_syscall_fnname("mkdir"), fn_name: "hello_world" });

printf("%-18s %-16s %-6s %s\n", "TIME(s)", "COMM", "PID", "MESSAGE");
for (const [task, pid, , , ts, msg] of b.trace_fields()) {
  if (command !== undefined && pid !== command.pid) continue;
  printf("%-18.9f %-16s %-6d %s\n", ts, task, pid, msg);
}

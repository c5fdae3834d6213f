// Prints a line for each directory that is created.
//
//   bpfts run scripts/hello.ts
//   bpfts run -c 'mkdir /tmp/a-new-one' scripts/hello.ts
//
// With -c only the lines of that command are printed, else those of every process.
import { BPF, command } from "bpfts";

const b = new BPF({
  text: /* c */ `
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    bpf_trace_printk("hello world\n");
    return 0;
}
`,
});
b.trace_print({ pid: command?.pid });

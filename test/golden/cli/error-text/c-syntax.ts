import { BPF } from "bpfts";

new BPF({
  text: `
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    u64 now = bpf_ktime_get_ns()
    return 0;
}
`,
});

import { BPF } from "bpfts";

new BPF({
  text: `
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    return pidd == 1;
}
`,
});

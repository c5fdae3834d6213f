// Counts calls of the kernel functions that a pattern fits: argv[1]; ends at once.
import { BPF, argv } from "bpfts";

const b = new BPF({
  text: /* c */ `
BPF_ARRAY(calls, u64, 1);
int on_call(void *ctx) {
    int zero = 0;
    u64 *count = calls.lookup(&zero);
    if (count) (*count)++;
    return 0;
}`,
});
b.attach_kprobe({ event_re: argv[0] ?? "", fn_name: "on_call" });
console.log(b.num_open_kprobes());

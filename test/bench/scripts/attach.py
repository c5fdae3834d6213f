"""Counts calls of the kernel functions that a pattern fits: argv[1]; ends at once."""

import sys

from bcc import BPF

b = BPF(
    text="""
BPF_ARRAY(calls, u64, 1);
int on_call(void *ctx) {
    int zero = 0;
    u64 *count = calls.lookup(&zero);
    if (count) (*count)++;
    return 0;
}"""
)
b.attach_kprobe(event_re=sys.argv[1].encode(), fn_name="on_call")
print(b.num_open_kprobes(), flush=True)

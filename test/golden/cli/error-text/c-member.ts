import { BPF } from "bpfts";

new BPF({
  text: `
struct data_t {
    u32 pid;
};
BPF_HASH(counts, struct data_t, u64);

int hello(void *ctx) {
    struct data_t key = {};
    key.pidd = 1;
    counts.increment(key);
    return 0;
}
`,
});

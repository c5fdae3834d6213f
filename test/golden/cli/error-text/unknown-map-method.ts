import { BPF } from "bpfts";

new BPF({
  text: `
BPF_HASH(counts, u32, u64);

int hello(void *ctx) {
    u32 key = 1;
    counts.incremnt(key);
    return 0;
}
`,
});

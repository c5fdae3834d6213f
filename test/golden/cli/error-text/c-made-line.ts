import { BPF } from "bpfts";

const amount = 3;
new BPF({
  text: `
struct data_t {
    u32 pid;
};

int hello(void *ctx) {
    struct data_t key = {};
    key.pidd = ${amount};
    return key.pid;
}
`,
});

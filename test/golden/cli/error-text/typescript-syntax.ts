import { BPF } from "bpfts";

const b = new BPF({ text: `` );

import { BPF } from "bpfts";
import { format } from "./nowhere.ts";

new BPF({ text: format("") });

// Sits on the first functions of a binary, one attach call each, until it gets a signal.
import { argv, BPF, print, sleep } from "bpfts";

const [path = "", count = "1"] = argv;
const b = new BPF({ text: /* c */ `int hit(struct pt_regs *ctx) { return 0; }` });
for (let n = 0; n < Number(count); n++) b.attach_uprobe({ name: path, sym: `f${n}`, fn_name: "hit" });
print("ready");
sleep(Infinity);

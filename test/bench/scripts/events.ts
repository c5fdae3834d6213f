// Reads events in a callback, or prints them as rows: events.ts KIND PID. KIND: ring, perf, iterator, reuse, rows, printf, none.
import { BPF, Interrupt, argv, print, printf } from "bpfts";

const kind = argv[0] ?? "ring";
const isPerf = kind === "perf";
const b = new BPF({
  text: `
struct event { u64 ts; u32 pid; u32 cpu; u32 arg; char comm[16]; };
#ifdef PERF
BPF_PERF_OUTPUT(perf);
#else
BPF_RINGBUF_OUTPUT(ring, 1024);
#endif
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
    u32 pid = bpf_get_current_pid_tgid() >> 32;
    if (pid != ONLY_PID)
        return 0;
    struct event e = {};
    e.ts = bpf_ktime_get_ns();
    e.pid = pid;
    e.cpu = bpf_get_smp_processor_id();
    e.arg = e.ts ^ 5;
    bpf_get_current_comm(&e.comm, sizeof(e.comm));
#ifdef PERF
    perf.perf_submit(args, &e, sizeof(e));
#else
    ring.ringbuf_output(&e, sizeof(e), 0);
#endif
    return 0;
}
`,
  cflags: [`-DONLY_PID=${argv[1]}`, ...(isPerf ? ["-DPERF"] : [])],
});

let delivered = 0;
let sum = 0n;
let letters = 0;
const format = "%-6d %-16s %llu\n";
const events = b.get_table(isPerf ? "perf" : "ring");
try {
  print("ready");
  if (kind === "iterator" || kind === "reuse") {
    for (const e of b.events("ring", { reuse: kind === "reuse" })) {
      delivered++;
      sum += e.ts;
      letters += e.comm.length + e.pid + e.cpu + (e.arg & 1);
    }
  } else if (kind === "rows") {
    events.printf(format, "pid", "comm", "ts");
  } else if (kind === "printf") {
    events.subscribe((e) => printf(format, e.pid, e.comm, e.ts));
  } else {
    const take = (e: { ts: bigint; arg: number; pid: number; cpu: number; comm: string }): void => {
      delivered++;
      sum += e.ts;
      letters += e.comm.length + e.pid + e.cpu + (e.arg & 1);
    };
    if (isPerf) events.open_perf_buffer(take, { page_cnt: 1024 });
    else events.open_ring_buffer(take);
  }
  for (;;) isPerf ? b.perf_buffer_poll() : b.ring_buffer_poll();
} catch (error) {
  if (!(error instanceof Interrupt)) throw error;
  print(`delivered=${delivered} lost=${events.lost} sum=${sum + BigInt(letters)}`);
}

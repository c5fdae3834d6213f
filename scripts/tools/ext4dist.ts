// Shows histograms of how long reads, writes, opens and fsyncs of ext4 take.
// Subject: files
//
//   bpfts ext4dist         until Ctrl-C
//   bpfts ext4dist -m 5    every five seconds, in milliseconds
//
// Source: BCC's ext4dist, whose options these are.
import {
  BPF,
  filter_by_process,
  heatmap_options,
  is_json_output,
  json_output,
  parse_args,
  positive_int,
  positive_seconds,
  print,
  print_intervals,
  tool_options,
  process_id,
} from "bpfts";
import { ext4_calls } from "./parts/ext4-calls.ts";

const args = parse_args({
  description: "Summarize ext4 operation latency",
  examples: `
examples:
    bpfts ext4dist            # show operation latency as a histogram
    bpfts ext4dist -p 181     # trace PID 181 only
    bpfts ext4dist 1 10       # print 1 second summaries, 10 times
    bpfts ext4dist -m 5       # 5s summaries, milliseconds`,
  arguments: {
    notimestamp: { flags: ["-T", "--notimestamp"], help: "don't include timestamp on interval output" },
    milliseconds: { flags: ["-m", "--milliseconds"], help: "output in milliseconds" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    interval: { type: positive_seconds, optional: true, help: "output interval, in seconds" },
    count: { type: positive_int, optional: true, help: "number of outputs" },
    ...tool_options,
    ...heatmap_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${ext4_calls()}
struct key_t {
    char op[8];
    u64 slot;
};

BPF_HISTOGRAM(dist, struct key_t);

static inline void on_ext4_call(void *ctx, struct ext4_call_t *call, u32 operation, long ret) {
    struct key_t key = { .slot = bpf_log2l((bpf_ktime_get_ns() - call->ts) / FACTOR) };
    if (operation == 0)
        __builtin_memcpy(&key.op, "read", 5);
    else if (operation == 1)
        __builtin_memcpy(&key.op, "write", 6);
    else if (operation == 2)
        __builtin_memcpy(&key.op, "open", 5);
    else
        __builtin_memcpy(&key.op, "fsync", 6);
    dist.atomic_increment(key);
}
`,
  cflags: [`-DFACTOR=${args.milliseconds ? 1_000_000 : 1000}`],
});

const label = args.milliseconds ? "msecs" : "usecs";
if (!is_json_output()) print("Tracing ext4 operation latency... Hit Ctrl-C to end.");
print_intervals({ ...args, timestamp: args.interval !== undefined && !args.notimestamp }, () =>
  b.get_table("dist").print_log2_hist(label, "operation", { take: true }),
);

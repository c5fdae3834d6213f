// Shows how long disks take for requests, as a histogram.
// Subject: disks
//
//   bpfts biolatency                 all requests until Ctrl-C
//   bpfts biolatency -D 1 10         a histogram for each disk, every second, ten times
//   bpfts -c 'cp a b' biolatency -Q  the requests of one command, with their time in the queue
//
// Source: BCC's biolatency, whose options and layout these are.
import {
  BPF,
  filter_by_process,
  heatmap_options,
  interval_options,
  is_json_output,
  json_output,
  parse_args,
  print,
} from "bpfts";
import { print_intervals, tool_options } from "bpfts";
import { follow_requests } from "./parts/block-requests.ts";
import { print_totals, totals } from "./parts/totals.ts";

const args = parse_args({
  description: "Summarize block device I/O latency as a histogram",
  examples: `
examples:
    bpfts biolatency                    # summarize block I/O latency as a histogram
    bpfts biolatency 1 10               # print 1 second summaries, 10 times
    bpfts biolatency -mT 1              # 1s summaries, milliseconds, and timestamps
    bpfts biolatency -Q                 # include OS queued time in I/O time
    bpfts biolatency -D                 # show each disk device separately
    bpfts biolatency -F                 # show I/O flags separately
    bpfts biolatency -j                 # print a JSON object a histogram
    bpfts biolatency -e                 # show extension summary(total, average)
    bpfts biolatency -d sdc             # Trace sdc only
    bpfts biolatency --heatmap disk.svg # a picture of all seconds until Ctrl-C`,
  arguments: {
    queued: { flags: ["-Q", "--queued"], help: "include OS queued time in I/O time" },
    milliseconds: { flags: ["-m", "--milliseconds"], help: "millisecond histogram" },
    disks: { flags: ["-D", "--disks"], help: "print a histogram per disk device" },
    flags: { flags: ["-F", "--flags"], help: "print a histogram per set of I/O flags" },
    extension: { flags: ["-e", "--extension"], help: "summarize average/total value" },
    disk: { flags: ["-d", "--disk"], type: "string", help: "Trace this disk only" },
    ...interval_options,
    ...tool_options,
    ...heatmap_options,
    json: { flags: ["-j", "--json"], help: "json output" },
  },
  exclusive: [["disks", "flags"]],
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${follow_requests(args.disk)}${totals}
struct dist_key_t {
    ${args.disks ? "char bucket[32]" : "u32 bucket"};
    u32 slot;
};
BPF_HISTOGRAM(dist, struct dist_key_t, 16384);

static inline void on_done(void *ctx, struct request *rq, struct request_t *request, u64 now) {
    u64 delta = (now - (WITH_QUEUE ? request->made : request->issued)) / UNIT_NS;
    struct dist_key_t key = { .slot = bpf_log2l(delta) };
    ${
      args.disks
        ? "struct gendisk *disk = disk_of(rq); bpf_probe_read_kernel_str(&key.bucket, sizeof(key.bucket), disk->disk_name);"
        : args.flags
          ? "key.bucket = rq->cmd_flags;"
          : ""
    }
    dist.atomic_increment(key);
    if (WANT_TOTAL)
        add_total(delta);
}
`,
  cflags: [
    `-DUNIT_NS=${args.milliseconds ? 1000000 : 1000}`,
    `-DWITH_QUEUE=${args.queued ? 1 : 0}`,
    `-DWANT_TOTAL=${args.extension ? 1 : 0}`,
  ],
});

/** Source: enum req_op and enum req_flag_bits of include/linux/blk_types.h; BCC's words for them. */
const operations: Readonly<Record<number, string>> = {
  0: "Read",
  1: "Write",
  2: "Flush",
  3: "Discard",
  5: "SecureErase",
  6: "ZoneReset",
  7: "WriteSame",
  9: "WriteZeros",
};
const flagWords = [
  [11, "Sync"],
  [12, "Metadata"],
  [17, "ForcedUnitAccess"],
  [13, "Priority"],
  [14, "NoMerge"],
  [15, "Idle"],
  [19, "ReadAhead"],
  [20, "Background"],
  [21, "NoWait"],
] as const;

/** The last flag stands first. */
function nameFlags(flags: number): string {
  const words = flagWords.filter(([bit]) => (flags & (1 << bit)) !== 0).map(([, word]) => word);
  return [...words.reverse(), operations[flags & 0xff] ?? "Unknown"].join("-");
}

const unit = args.milliseconds ? "msecs" : "usecs";
if (!is_json_output()) print("Tracing block device I/O... Hit Ctrl-C to end.");
const dist = b.table<{ bucket: string | number; slot: number }, bigint>("dist");
print_intervals(args, () => {
  dist.print_log2_hist(unit, args.flags ? "flags" : args.disks ? "disk" : "", {
    take: true,
    section_print_fn: (bucket) => (typeof bucket === "number" ? nameFlags(bucket) : bucket || "<unknown>"),
  });
  if (args.extension) print_totals(b, unit);
});

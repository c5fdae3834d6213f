// Adds up the time that the CPUs spend in soft interrupts, the kernel's deferred work.
// Subject: interrupts
//
//   bpfts softirqs              sums until Ctrl-C
//   bpfts softirqs -d           histograms
//   bpfts softirqs -C 1 10      how many there are, every second, ten times
//
// Source: BCC's softirqs, whose options and columns these are. With -c and --cgroup it counts those that ran in the time of these.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  heatmap_options,
  interval_options,
  is_json_output,
  json_output,
  parse_args,
} from "bpfts";
import { print, print_intervals, tool_options } from "bpfts";

const args = parse_args({
  description: "Summarize soft irq event time as histograms.",
  examples: `
examples:
    bpfts softirqs            # sum soft irq event time
    bpfts softirqs -C         # show the number of soft irq events
    bpfts softirqs -d         # show soft irq event time as histograms
    bpfts softirqs 1 10       # print 1 second summaries, 10 times
    bpfts softirqs -NT 1      # 1s summaries, nanoseconds, and timestamps
    bpfts softirqs -c 1       # sum soft irq event time on CPU 1 only`,
  arguments: {
    nanoseconds: { flags: ["-N", "--nanoseconds"], help: "output in nanoseconds" },
    events: { flags: ["-C", "--events"], help: "show the number of soft irq events" },
    dist: { flags: ["-d", "--dist"], help: "show distributions as histograms" },
    cpu: { flags: ["-c", "--cpu"], type: "int", help: "trace this CPU only" },
    ...interval_options,
    ...tool_options,
    ...heatmap_options,
  },
  exclusive: [
    ["events", "dist"],
    ["events", "nanoseconds"],
  ],
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct dist_key_t {
    u32 vec;
    u32 slot;
};
// A CPU is in one of them at a time.
BPF_PERCPU_ARRAY(since, u64, 1);
BPF_HISTOGRAM(dist, struct dist_key_t, 1024);

TRACEPOINT_PROBE(irq, softirq_entry) {
    u64 *start = since.lookup(&(int){0});
    if (start && !CPU_UNWANTED && !process_should_be_filtered())
        *start = bpf_ktime_get_ns();
    return 0;
}

TRACEPOINT_PROBE(irq, softirq_exit) {
    u64 *start = since.lookup(&(int){0});
    if (!start || !*start)
        return 0;
    u64 delta = bpf_ktime_get_ns() - *start;
    *start = 0;
    struct dist_key_t key = { .vec = args->vec, .slot = WANT_DIST ? bpf_log2l(delta / UNIT_NS) : 0 };
    dist.atomic_increment(key, WANT_DIST || WANT_COUNT ? 1 : delta);
    return 0;
}
`,
  cflags: [
    `-DCPU_UNWANTED=(${args.cpu === undefined ? "0" : `bpf_get_smp_processor_id() != ${args.cpu}`})`,
    `-DUNIT_NS=${args.nanoseconds ? 1 : 1000}`,
    `-DWANT_DIST=${args.dist ? 1 : 0}`,
    `-DWANT_COUNT=${args.events ? 1 : 0}`,
  ],
});

/** Source: softirq_to_name in kernel/softirq.c. */
const names = ["hi", "timer", "net_tx", "net_rx", "block", "irq_poll", "tasklet", "sched", "hrtimer", "rcu"];
const nameVector = (vec: number): string => names[vec] ?? String(vec);

const unit = args.events ? "count" : args.nanoseconds ? "nsecs" : "usecs";
const divisor = unit === "usecs" ? 1000n : 1n;
if (!is_json_output()) print(`Tracing soft irq ${args.events ? "events" : "event time"}... Hit Ctrl-C to end.`);
const dist = b.table<{ vec: number; slot: number }, bigint>("dist");
const rows = new RowPrinter<{ vec: number; value: bigint }>([
  { head: "SOFTIRQ", format: "%-16s", value: ({ vec }) => nameVector(vec) },
  { head: `TOTAL_${unit}`, format: "%11d", name: unit, value: ({ value }) => value / divisor },
]);
print_intervals(args, () => {
  if (args.dist) return dist.print_log2_hist(unit, "softirq", { take: true, section_print_fn: nameVector });
  rows.print_header();
  const sums = [...dist.items_lookup_and_delete_batch()].sort(([, x], [, y]) => Number(x - y));
  for (const [{ vec }, value] of sums) rows.print({ vec, value });
});

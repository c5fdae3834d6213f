// Adds up the time that the CPUs spend in the handlers of hardware interrupts.
// Subject: interrupts
//
//   bpfts hardirqs              sums until Ctrl-C
//   bpfts hardirqs -d           histograms
//   bpfts hardirqs -C 1 10      how many there are, every second, ten times
//
// Source: BCC's hardirqs, whose options and columns these are. With -c and --cgroup it counts the interrupts that came while those ran.
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
  description: "Summarize hard irq event time as histograms",
  examples: `
examples:
    bpfts hardirqs            # sum hard irq event time
    bpfts hardirqs -d         # show hard irq event time as histograms
    bpfts hardirqs 1 10       # print 1 second summaries, 10 times
    bpfts hardirqs -NT 1      # 1s summaries, nanoseconds, and timestamps
    bpfts hardirqs -c 1       # sum hard irq event time on CPU 1 only`,
  arguments: {
    nanoseconds: { flags: ["-N", "--nanoseconds"], help: "output in nanoseconds" },
    events: { flags: ["-C", "--count"], help: "show event counts instead of timing" },
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
struct irq_t {
    u64 since;
    char name[32];
};
struct dist_key_t {
    char name[32];
    u64 slot;
};
// A CPU is in one handler at a time.
BPF_PERCPU_ARRAY(running, struct irq_t, 1);
BPF_HISTOGRAM(dist, struct dist_key_t, 16384);

TRACEPOINT_PROBE(irq, irq_handler_entry) {
    struct irq_t *irq = running.lookup(&(int){0});
    if (!irq || CPU_UNWANTED || process_should_be_filtered())
        return 0;
    irq->since = bpf_ktime_get_ns();
    TP_DATA_LOC_READ_STR(&irq->name, name, sizeof(irq->name));
    return 0;
}

TRACEPOINT_PROBE(irq, irq_handler_exit) {
    struct irq_t *irq = running.lookup(&(int){0});
    if (!irq || !irq->since)
        return 0;
    u64 delta = bpf_ktime_get_ns() - irq->since;
    irq->since = 0;
    // Devices may share a line: it was another one's.
    if (args->ret == IRQ_NONE)
        return 0;
    struct dist_key_t key = { .slot = WANT_DIST ? bpf_log2l(delta / UNIT_NS) : 0 };
    __builtin_memcpy(&key.name, irq->name, sizeof(key.name));
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

const unit = args.events ? "count" : args.nanoseconds ? "nsecs" : "usecs";
const divisor = unit === "usecs" ? 1000n : 1n;
if (!is_json_output()) print(`Tracing hard irq ${args.events ? "events" : "event time"}... Hit Ctrl-C to end.`);
const dist = b.table<{ name: string; slot: bigint }, bigint>("dist");
const rows = new RowPrinter<{ name: string; value: bigint }>([
  { head: "HARDIRQ", format: "%-26s", name: "hardirq", value: "name" },
  { head: `TOTAL_${unit}`, format: "%11d", name: unit, value: ({ value }) => value / divisor },
]);
print_intervals(args, () => {
  if (args.dist) return dist.print_log2_hist(unit, "hardirq", { take: true });
  rows.print_header();
  const sums = [...dist.items_lookup_and_delete_batch()].sort(([, x], [, y]) => Number(x - y));
  for (const [{ name }, value] of sums) rows.print({ name, value });
});

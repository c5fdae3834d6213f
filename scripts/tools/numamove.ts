// Shows how many pages the kernel moves to the NUMA node that uses them, and how long that takes, by the second.
// Subject: memory
//
//   bpfts numamove                 every second
//   bpfts numamove 5 12            every five seconds, for a minute
//   bpfts -c './job' numamove      the pages of one command
//
// Source: BCC's numamove (libbpf-tools), whose columns these are. It counts the pages that were moved, and adds the times up before it cuts them to milliseconds.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  find_function,
  function_entry,
  intervals,
  json_output,
  parse_args,
  positive_int,
  positive_seconds,
  time_column,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Show page migrations of type NUMA misplaced per second.",
  examples: `
examples:
    bpfts numamove              # Show page migrations' count and latency
    bpfts numamove 10 6         # every 10 seconds, 6 times
    bpfts numamove -p 181       # of PID 181 only`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    interval: { type: positive_seconds, default: 1, help: "output interval, in seconds" },
    count: { type: positive_int, optional: true, help: "number of outputs" },
    ...tool_options,
  },
});
json_output(args.json);

// Since: Linux 5.15
const begin = BPF.tracepoint_exists("migrate", "mm_migrate_pages_start")
  ? "TRACEPOINT_PROBE(migrate, mm_migrate_pages_start)"
  : function_entry(find_function("migrate_misplaced_folio", "migrate_misplaced_page"), "void *page");
const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct sum_t {
    u64 pages;
    u64 ns;
};
BPF_HASH(starts, u32, u64);
BPF_HASH(sums, u32, struct sum_t, 1);

${begin} {
    u32 tid = bpf_get_current_pid_tgid();
    u64 now = bpf_ktime_get_ns();
    if (!process_should_be_filtered())
        starts.update(&tid, &now);
    return 0;
}

TRACEPOINT_PROBE(migrate, mm_migrate_pages) {
    u32 tid = bpf_get_current_pid_tgid(), only = 0;
    u64 *start = starts.lookup(&tid);
    struct sum_t zero = {}, *sum;
    if (!start)
        return 0;
    if (args->reason == MR_NUMA_MISPLACED && (sum = sums.lookup_or_try_init(&only, &zero))) {
        lock_xadd(&sum->pages, args->succeeded);
        lock_xadd(&sum->ns, bpf_ktime_get_ns() - *start);
    }
    starts.delete(&tid);
    return 0;
}
`,
});

interface Sum {
  readonly pages: bigint;
  readonly ns: bigint;
}

const rows = new RowPrinter<Sum>([
  time_column("%-10s"),
  { head: "NUMA_migrations", format: "%18d", name: "numa_migrations", value: "pages" },
  {
    head: "NUMA_migrations_ms",
    format: "%18d",
    name: "numa_migrations_ms",
    value: ({ ns }) => Number(ns / 1_000_000n),
  },
]);
const sums = b.table<number, Sum>("sums");
rows.print_header();
for (const _ of intervals(args.interval, args.count, args.duration)) {
  const [row] = sums.items_lookup_and_delete_batch();
  rows.print(row?.[1] ?? { pages: 0n, ns: 0n });
}

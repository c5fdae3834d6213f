// Counts by process how many pages are read back from swap.
// Subject: memory
//
//   bpfts swapin             every second
//   bpfts swapin -T 5 1      one summary after five seconds, without the time
//   bpfts -c './job' swapin  of one command, every second
//
// Source: BCC's swapin, whose options and columns these are. The kernel reads neighbours of a page with it: they count for the process that wanted the page.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  find_function,
  function_entry,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  positive_int,
  positive_seconds,
  print,
  strftime,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Count swapin events by process.",
  examples: `
examples:
    bpfts swapin             # count pages by process, every second
    bpfts swapin 5 10        # print 5 second summaries, 10 times
    bpfts swapin -T          # without the time
    bpfts swapin -p 181      # of PID 181 only`,
  arguments: {
    notime: { flags: ["-T", "--notime"], help: "do not show the timestamp (HH:MM:SS)" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    interval: { type: positive_seconds, default: 1, help: "output interval, in seconds" },
    count: { type: positive_int, optional: true, help: "number of outputs" },
    ...tool_options,
  },
});
json_output(args.json);

// Linux 6.9 renamed it. The page that it reads is its first parameter in all versions.
const read = function_entry(find_function("swap_read_folio", "swap_readpage"), "void *page", {
  instead: "the column si of `vmstat 1` shows what the whole machine reads back",
});
const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct key_t {
    u32 pid;
    char comm[TASK_COMM_LEN];
};
BPF_HASH(counts, struct key_t, u64);

${read} {
    struct key_t key = { .pid = bpf_get_current_pid_tgid() >> 32 };
    if (process_should_be_filtered())
        return 0;
    bpf_get_current_comm(&key.comm, sizeof(key.comm));
    counts.atomic_increment(key);
    return 0;
}
`,
});

interface Process {
  readonly pid: number;
  readonly comm: string;
}

const rows = new RowPrinter<Process & { readonly count: bigint }>([
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "PID", format: "%-6d", value: "pid" },
  { head: "COUNT", format: "%d", value: "count" },
]);
const counts = b.table<Process, bigint>("counts");
if (!is_json_output()) print("Counting swap ins. Ctrl-C to end.");
for (const isLast of intervals(args.interval, args.count, args.duration)) {
  if (!args.notime && !is_json_output()) print(strftime("%H:%M:%S"));
  rows.print_header();
  const sorted = [...counts.items_lookup_and_delete_batch()].sort(([, x], [, y]) => Number(x - y));
  for (const [process, count] of sorted) rows.print({ ...process, count });
  if (!is_json_output()) print(isLast ? "\nDetaching..." : "");
}

// Counts reads, writes, syncs, opens and creations of files in the kernel, by the second.
// Subject: files
//
//   bpfts vfsstat        every second
//   bpfts vfsstat 2 5    every two seconds, five times
//
// Source: BCC's vfsstat, whose options and columns these are. Rates are by the time that has passed, also when Ctrl-C cuts the last interval.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  function_entry,
  intervals,
  json_output,
  monotonic_ns,
  parse_args,
  positive_int,
  positive_seconds,
  strftime,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Count some VFS calls.",
  examples: `
examples:
    bpfts vfsstat             # count some VFS calls per second
    bpfts vfsstat -p 185      # trace PID 185 only
    bpfts vfsstat 2 5         # print 2 second summaries, 5 times`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    interval: { type: positive_seconds, default: 1, help: "output interval, in seconds" },
    count: { type: positive_int, optional: true, help: "number of outputs" },
    ...tool_options,
  },
});
json_output(args.json);

const functions = ["vfs_read", "vfs_write", "vfs_fsync_range", "vfs_open", "vfs_create"];
const instead = "count the system calls instead: bpfts funccount 't:syscalls:sys_enter_*'";

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
BPF_ARRAY(counts, u64, ${functions.length});
${functions
  .map(
    (name, index) => `
${function_entry(name, "void *unused", { instead })} {
    if (!process_should_be_filtered())
        counts.atomic_increment(${index});
    return 0;
}`,
  )
  .join("")}
`,
});

interface Turn {
  readonly time: string;
  /** Units: seconds. */
  readonly span: number;
  readonly counts: readonly number[];
}

const rate = (head: string, index: number) => ({
  head: `${head}/s`,
  name: head.toLowerCase(),
  format: "%9d",
  value: ({ counts, span }: Turn) => (args.json ? counts[index]! : Math.round(counts[index]! / span)),
});
const rows = new RowPrinter<Turn>([
  // BCC's rows have a colon behind the time, and its header has none.
  { head: "TIME", name: "time", format: "%-9s", value: ({ time }) => (args.json ? time : `${time}:`) },
  args.json && { head: "", name: "seconds", format: "%f", value: "span" },
  ...["READ", "WRITE", "FSYNC", "OPEN", "CREATE"].map(rate),
]);

rows.print_header();
const counts = b.table<number, number>("counts", { u64: "number" });
let [since, before] = [monotonic_ns(), functions.map(() => 0)];
for (const _ of intervals(args.interval, args.count, args.duration)) {
  const [now, values] = [monotonic_ns(), functions.map((_name, index) => counts.get(index) ?? 0)];
  const span = Number(now - since) / 1e9;
  rows.print({ time: strftime("%H:%M:%S"), span, counts: values.map((value, index) => value - before[index]!) });
  [since, before] = [now, values];
}

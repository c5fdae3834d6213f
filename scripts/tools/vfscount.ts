// Counts the calls of each of the kernel's VFS functions, those whose names begin with vfs_.
// Subject: files
//
//   bpfts vfscount      until Ctrl-C
//   bpfts vfscount 5    for five seconds
//
// Source: BCC's vfscount, whose columns these are.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  positive_seconds,
  print,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: 'Count calls of VFS functions ("vfs_*")',
  examples: `
examples:
    bpfts vfscount           # until Ctrl-C
    bpfts vfscount 5         # for 5 seconds
    bpfts vfscount -p 181    # of PID 181 only`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    seconds: { type: positive_seconds, optional: true, help: "how long to count" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
BPF_HASH(counts, u64, u64, 1024);

int on_call(struct pt_regs *ctx) {
    u64 place = bpf_get_attach_cookie(ctx);
    if (!process_should_be_filtered())
        counts.atomic_increment(place);
    return 0;
}
`,
});
b.attach_kprobe({ event_re: "^vfs_.*", fn_name: "on_call" });

interface Count {
  readonly func: string;
  readonly count: bigint;
}

const rows = new RowPrinter<Count>([
  { head: "ADDR", format: "%-16s", value: ({ func }) => BPF.ksymname(func).toString(16) },
  { head: "FUNC", format: "%-26s", value: "func" },
  { head: "COUNT", format: "%8d", value: "count" },
]);
if (!is_json_output()) print("Tracing... Ctrl-C to end.");
for (const _ of intervals(args.seconds ?? 99999999, 1, args.duration));
if (!is_json_output()) print();
rows.print_header();
for (const [place, count] of [...b.tables.counts.top()].reverse()) rows.print({ func: b.attached_name(place), count });

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
import { make_places, read_pattern } from "./parts/probe-pattern.ts";

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

const places = make_places(read_pattern("vfs_*", false), undefined);
const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
BPF_HASH(counts, u64, u64, 1024);

static inline int hit(void *ctx, u64 place) {
    if (!process_should_be_filtered())
        counts.atomic_increment(place);
    return 0;
}

${places.c}
`,
});
places.attach(b);

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
for (const [place, count] of [...b.tables.counts.top()].reverse()) rows.print({ func: places.name(b, place), count });

// Shows how many uses of the page cache find their page there, by the second.
// Subject: memory
//
//   bpfts cachestat         every second
//   bpfts cachestat -T 5    every five seconds, with timestamps
//
// Source: BCC's cachestat, whose options and columns these are.
import {
  BPF,
  RowPrinter,
  filter_by_process,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  positive_int,
  positive_seconds,
  print,
  read_file,
  sprintf,
  time_column,
  tool_options,
  process_id,
} from "bpfts";
import { page_cache_counts, page_cache_events, read_cache_sizes } from "./parts/page-cache-counts.ts";

const args = parse_args({
  description: "Count cache kernel function calls",
  examples: `
examples:
    bpfts cachestat           # print hits and misses every second
    bpfts cachestat -T 1 10   # ten times, with timestamps
    bpfts cachestat -p 181    # of PID 181 only`,
  arguments: {
    timestamp: { flags: ["-T", "--timestamp"], help: "include timestamp on output" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    interval: { type: positive_seconds, default: 1, help: "output interval, in seconds" },
    count: { type: positive_int, optional: true, help: "number of outputs" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${page_cache_counts()}
BPF_ARRAY(counts, u64, ${page_cache_events.length});

static inline void on_page_cache(u32 event) {
    if (!process_should_be_filtered())
        counts.atomic_increment(event);
}
`,
});

interface Turn {
  readonly hits: number;
  readonly misses: number;
  readonly dirties: number;
  readonly hit_ratio: number;
  readonly buffers: number;
  readonly cached: number;
}

/** A page that is written is no use of the cache, and a page that is added to be written no miss. Readahead adds pages that nobody has asked for. Source: BCC's cachestat. */
function describe(counts: readonly number[]): Turn {
  const [accessed, added, dirtied, buffers] = counts as [number, number, number, number];
  const total = Math.max(0, accessed - buffers);
  const misses = Math.min(total, Math.max(0, added - dirtied));
  const hits = total - misses;
  const sizes = read_cache_sizes(read_file("/proc/meminfo"));
  return { hits, misses, dirties: buffers, hit_ratio: total === 0 ? 0 : (100 * hits) / total, ...sizes };
}

const renderRatio = (ratio: number): unknown => (args.json ? ratio : sprintf("%.2f%%", ratio));
const rows = new RowPrinter<Turn>([
  args.timestamp && time_column(),
  { head: "HITS", format: "%8d", value: "hits" },
  { head: "MISSES", format: "%8d", value: "misses" },
  { head: "DIRTIES", format: "%8d", value: "dirties" },
  { head: "HITRATIO", format: "%8s", name: "hit_ratio", value: ({ hit_ratio }) => renderRatio(hit_ratio) },
  { head: "BUFFERS_MB", format: "%12.0f", value: "buffers" },
  { head: "CACHED_MB", format: "%10.0f", value: "cached" },
]);
rows.print_header();
const counts = b.table<number, number>("counts", { u64: "number" });
let before = page_cache_events.map(() => 0);
for (const isLast of intervals(args.interval, args.count, args.duration)) {
  const now = page_cache_events.map((_name, index) => counts.get(index) ?? 0);
  rows.print(describe(now.map((value, index) => value - before[index]!)));
  before = now;
  if (isLast && args.count === undefined && !is_json_output()) print("Detaching...");
}
